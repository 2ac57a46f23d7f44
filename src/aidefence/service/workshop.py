"""What doors offer beside detection: tools, calls and traces inspected, texts made harmless."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from aidefence.domain.asking import Request
from aidefence.domain.enums import Action
from aidefence.domain.refusals import Allowance
from aidefence.domain.rewrite import Rewrite
from aidefence.domain.tools import Ruling
from aidefence.service.desk import Desk
from aidefence.service.guarding import Guarding

_Ruling = TypeVar("_Ruling", bound=Ruling)


class Workshop:
    """Works for whoever a limit lets in. Safe to share between threads."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def rule(
        self, request: Request, work: Callable[[Guarding], _Ruling]
    ) -> tuple[_Ruling, Allowance | None]:
        """Have tools, a call or a trace inspected; a kill switch holds here as everywhere.

        Raises:
            RefusedError: the request is not carried out.
            AIDefenceError: what was handed in is not what it should be.

        """
        allowance = self._desk.admit(request)
        standing = self._desk.standing
        ruling = work(standing.guard)
        if standing.suspended is None:
            return ruling, allowance
        degraded = (standing.suspended, *ruling.degraded)
        return replace(ruling, action=Action.ALLOW, enforced=False, degraded=degraded), allowance

    def rewrite(
        self, request: Request, work: Callable[[Guarding], Rewrite]
    ) -> tuple[Rewrite, Allowance | None]:
        """Have a text changed.

        Raises:
            RefusedError: the request is not carried out.
            AIDefenceError: what was handed in is not what it should be.

        """
        allowance = self._desk.admit(request)
        return work(self._desk.standing.guard), allowance
