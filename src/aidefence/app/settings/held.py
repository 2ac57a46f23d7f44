"""Settings as they are held by processes that did not read them: values, and nothing that checks.

What reads and checks settings weighs more than many of its users; a pickle of settings opens as
what stands here, and whoever opens it loads nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from aidefence.app.setup import Setup, make_setup

if TYPE_CHECKING:
    from aidefence.app.settings.thresholds import ThresholdSettings
    from aidefence.app.settings.whole import Settings
    from aidefence.domain.enums import Category


class Secret:
    """A value that is not shown."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def get_secret_value(self) -> str:
        """Show it after all."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret('**********')"


class HeldSection(SimpleNamespace):
    """A table of settings."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings stay as they are: `{name}` cannot be set")

    def __repr__(self) -> str:
        # Names alone: some values are for nobody's eyes.
        return f"{type(self).__name__}({', '.join(vars(self))})"


class HeldSettings(HeldSection):
    """All settings."""

    def setup(self) -> Setup:
        """What a guard with these settings is made of."""
        return setup_of(cast("Settings", self))


def setup_of(settings: Settings) -> Setup:
    """What a guard with these settings is made of."""
    return make_setup(
        profile=settings.profile,
        rules_dir=settings.rules_dir,
        paranoia=settings.paranoia,
        exclude=settings.exclude,
        thresholds=_pairs(settings.thresholds),
        answer_thresholds=_pairs(settings.answer_thresholds),
        dense=settings.dense,
        dense_file=settings.dense_file,
        deep=settings.deep,
        deep_dir=settings.deep_dir,
        deep_cache_bytes=settings.deep_cache_bytes,
        on_error=settings.on_error,
        lists=settings.lists,
        topics=settings.topics,
        policies=settings.policies.files,
    )


def _pairs(given: Mapping[Category, ThresholdSettings]) -> dict[Category, tuple[float, float]]:
    return {name: (it.flag, it.block) for name, it in given.items()}


def hold(kind: type[HeldSection], values: dict[str, object]) -> HeldSection:
    """Make what is held of what a section is pickled as."""
    return kind(**values)
