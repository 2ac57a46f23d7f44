"""What a guard is made of, checked and comparable: equal setups share one engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias, TypeVar

from aidefence.domain.enums import (
    CATEGORIES,
    Category,
    DeepMode,
    Direction,
    OnError,
    Origin,
    Profile,
)
from aidefence.domain.errors import SettingError
from aidefence.knowledge.exclusions import Exclusion
from aidefence.policy.profiles import NEVER, Threshold

PARANOIA_MAX = 4
_Member = TypeVar("_Member", bound=StrEnum)

ThresholdLike: TypeAlias = float | tuple[float, float | None]
ExcludeLike: TypeAlias = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Setup:
    """Profile, rules, exceptions and thresholds of one guard."""

    profile: Profile = Profile.BALANCED
    rules_dir: Path | None = None
    paranoia: int = 1
    exclude: tuple[Exclusion, ...] = ()
    thresholds: tuple[tuple[Category, Threshold], ...] = ()
    answer_thresholds: tuple[tuple[Category, Threshold], ...] = ()
    dense: DeepMode = DeepMode.AUTO
    dense_file: Path | None = None
    deep: DeepMode = DeepMode.AUTO
    deep_dir: Path | None = None
    deep_cache_bytes: int = 0
    on_error: OnError = OnError.KEEP
    lists: tuple[Path, ...] = ()
    topics: tuple[Path, ...] = ()
    policies: tuple[Path, ...] = ()


def make_setup(
    *,
    profile: Profile | str = Profile.BALANCED,
    rules_dir: Path | str | None = None,
    paranoia: int = 1,
    exclude: Iterable[ExcludeLike] = (),
    thresholds: Mapping[Category, ThresholdLike] | None = None,
    answer_thresholds: Mapping[Category, ThresholdLike] | None = None,
    dense: DeepMode | str = DeepMode.AUTO,
    dense_file: Path | str | None = None,
    deep: DeepMode | str = DeepMode.AUTO,
    deep_dir: Path | str | None = None,
    deep_cache_bytes: int = 0,
    on_error: OnError | str = OnError.KEEP,
    lists: Path | str | Iterable[Path | str] = (),
    topics: Path | str | Iterable[Path | str] = (),
    policies: Path | str | Iterable[Path | str] = (),
) -> Setup:
    """Check what a caller asks for; raises `SettingError` naming the setting."""
    if paranoia not in range(1, PARANOIA_MAX + 1):
        raise SettingError("paranoia", f"`{paranoia}` is not a level from 1 to {PARANOIA_MAX}")
    return Setup(
        profile=_member("profile", Profile, profile),
        rules_dir=None if rules_dir is None else Path(rules_dir).resolve(),
        paranoia=paranoia,
        exclude=tuple(sorted({_exclusion(item) for item in exclude})),
        thresholds=_thresholds("thresholds", thresholds),
        answer_thresholds=_thresholds("answer_thresholds", answer_thresholds),
        dense=_member("dense", DeepMode, dense),
        dense_file=None if dense_file is None else Path(dense_file).resolve(),
        deep=_member("deep", DeepMode, deep),
        deep_dir=None if deep_dir is None else Path(deep_dir).resolve(),
        deep_cache_bytes=deep_cache_bytes,
        on_error=_member("on_error", OnError, on_error),
        lists=tuple(Path(it).resolve() for it in _listed(lists)),
        topics=tuple(Path(it).resolve() for it in _listed(topics)),
        policies=tuple(Path(it).resolve() for it in _listed(policies)),
    )


def codes_of(origin: Origin, direction: Direction) -> tuple[int, int]:
    """Give the codes of an origin and a direction; raises `SettingError` where it is none."""
    return _code(origin, Origin), _code(direction, Direction)


def _code(given: Origin | Direction, members: type[Origin | Direction]) -> int:
    try:
        return members(given).code
    except ValueError:
        known = ", ".join(members)
        name = members.__name__.lower()
        raise SettingError(name, f"`{given}` is unknown: expected {known}") from None


def pairs_of(table: Sequence[Threshold]) -> Mapping[Category, tuple[float, float | None]]:
    """Give thresholds as they are set: of flag and of block, by category."""
    return {
        category: (it.flag, None if it.block >= NEVER else it.block)
        for category, it in zip(CATEGORIES, table, strict=True)
    }


def _member(setting: str, members: type[_Member], given: str) -> _Member:
    try:
        return members(given)
    except ValueError:
        known = ", ".join(members)
        raise SettingError(setting, f"`{given}` is unknown: expected {known}") from None


def _listed(given: Path | str | Iterable[Path | str]) -> Iterable[Path | str]:
    return (given,) if isinstance(given, Path | str) else given


def _thresholds(
    setting: str, given: Mapping[Category, ThresholdLike] | None
) -> tuple[tuple[Category, Threshold], ...]:
    items = sorted((given or {}).items(), key=lambda item: str(item[0]))
    return tuple((_category(setting, name), _threshold(value)) for name, value in items)


def _category(setting: str, given: Category | str) -> Category:
    try:
        return Category(given)
    except ValueError:
        raise SettingError(setting, f"`{given}` is no category") from None


def _exclusion(given: ExcludeLike) -> Exclusion:
    return Exclusion.parse(given if isinstance(given, str) else "@".join(given))


def _threshold(given: ThresholdLike) -> Threshold:
    if not isinstance(given, tuple):
        return Threshold(float(given))
    flag, block = given
    return Threshold(float(flag), NEVER if block is None else float(block))
