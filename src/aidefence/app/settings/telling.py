"""Settings told to people: what holds, who said so, and what is wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from aidefence.app.settings.gathering import PREFIX, SHORT, gather, leaves, variable
from aidefence.app.settings.reading import Flaw, read_sources, try_settings
from aidefence.app.settings.sources import Sources
from aidefence.app.settings.whole import Settings
from aidefence.domain.errors import AIDefenceError, SettingError

_USER_INFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_HIDDEN = "**********"
# Variables that are no settings.
_OTHERS = frozenset({"AIDEFENCE_CONFIG", "AIDEFENCE_DATA"})


@dataclass(frozen=True, slots=True)
class Told:
    """One setting that holds: its value without secrets, and where it was made."""

    name: str
    value: Any
    where: str


def tell(sources: Sources) -> list[Told]:
    """Tell every setting that holds.

    Raises:
        ConfigError: the settings are wrong.

    """
    settings, gathered = read_sources(sources), gather(sources)
    return [
        Told(".".join(place), _masked(value), gathered.where(place))
        for place, value in leaves(settings.model_dump(mode="json"))
    ]


def flaws_of(sources: Sources) -> list[Flaw]:
    """Tell all that is wrong with the settings; nothing is opened or built.

    Raises:
        ConfigError: the file cannot be read.

    """
    made = try_settings(gather(sources))
    return [] if isinstance(made, Settings) else made


def stray_variables() -> Iterator[str]:
    """Tell of variables that look like settings and are ignored."""
    known = [variable((name,)) for name in Settings.model_fields]
    for name in sorted(os.environ):
        upper = name.upper()
        table = upper.split("__", 1)[0]
        if not upper.startswith(PREFIX) or upper in _OTHERS or upper.lower() in SHORT:
            continue
        if table not in known:
            near = get_close_matches(table, known, 1)
            hint = f": did you mean `{near[0]}`?" if near else ""
            yield f"`{name}` is no setting, and ignored{hint}"


def reason_of(error: AIDefenceError) -> Flaw:
    """Lay an error out like the flaw of a setting."""
    if isinstance(error, SettingError):
        return Flaw(error.setting, error.reason, error.where)
    return Flaw("", str(error), "")


def _masked(value: Any) -> Any:  # noqa: ANN401 -- as it stands in the settings
    if isinstance(value, str):
        return _USER_INFO.sub(_HIDDEN, value)
    if isinstance(value, list):
        return [_masked(it) for it in value]
    return value
