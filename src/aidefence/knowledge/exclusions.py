"""The operator's exceptions: which rules stay silent, and for texts from where."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aidefence.domain.enums import Origin
from aidefence.domain.errors import SettingError

_GLOB = re.compile(r"[a-z0-9*.-]{1,64}")
_EVERYWHERE = "*"


@dataclass(frozen=True, slots=True, order=True)
class Exclusion:
    """A glob over rule ids, silent for one origin or for all."""

    rules: str
    origin: str = _EVERYWHERE

    @classmethod
    def parse(cls, text: str) -> Exclusion:
        """Read `pi-0007`, `pii-*` or `pii-*@tool`."""
        rules, _, origin = text.partition("@")
        if not _GLOB.fullmatch(rules):
            raise SettingError("exclude", f"`{text}` is not a rule id or a glob over rule ids")
        if origin not in {"", _EVERYWHERE, *Origin}:
            known = ", ".join(Origin)
            raise SettingError("exclude", f"`{text}` names no known origin: expected {known}")
        return cls(rules, origin or _EVERYWHERE)

    @property
    def pair(self) -> tuple[str, str]:
        """Glob and origin, as the engine takes them."""
        return self.rules, self.origin
