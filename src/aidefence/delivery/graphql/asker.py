"""Who asks, and what a resolver may use to answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from graphql import DocumentNode
from strawberry.types import Info

from aidefence.delivery.graphql.inputs import Asked
from aidefence.delivery.http.contents import Limits
from aidefence.domain.access import Caller, Credentials, Permission
from aidefence.domain.asking import Request
from aidefence.domain.refusals import (
    Allowance,
    DisabledError,
    UnauthenticatedError,
)
from aidefence.service.services import Services

DOOR = "graphql"
_Part = TypeVar("_Part")


@dataclass(slots=True)
class Asker:
    """One operation of somebody: every field asks the gate for what it takes."""

    services: Services
    limits: Limits
    credentials: Credentials = field(repr=False)
    peer: str | None = None
    allowance: Allowance | None = None
    """What is left of the nearest limit, after what was asked."""
    document: DocumentNode | None = field(default=None, repr=False)
    """The operation, read and checked."""

    def enter(self, permission: Permission) -> Caller:
        """Say who asks, if they may.

        Raises:
            RefusedError: they may not.

        """
        return self.services.gate.enter(self.credentials, permission, self.peer)

    def identify(self) -> Caller:
        """Say who asks, whatever they may.

        Raises:
            UnauthenticatedError: nobody that we know: they learn nothing, not even the schema.

        """
        caller = self.services.gate.know(self.credentials, self.peer)
        if not caller.permissions:
            raise UnauthenticatedError("whoever shows these credentials may do nothing here")
        return caller

    def request(self, asked: Asked, caller: Caller, since_ns: int) -> Request:
        """Put a question to the desk."""
        return Request(
            asked.what,
            self.services.ids.request_id(),
            DOOR,
            caller,
            self.peer,
            asked.conditions,
            asked.context,
            asked.priority,
            since_ns,
            chat=asked.chat,
            answers=asked.answers,
        )


Asking: TypeAlias = Info[Asker, None]


def there(part: _Part | None) -> _Part:
    """Give a part of the gateway that an operator may have switched off.

    Raises:
        DisabledError: they have.

    """
    if part is None:
        raise DisabledError("this installation keeps no memory")
    return part
