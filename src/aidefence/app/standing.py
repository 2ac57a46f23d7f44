"""From settings and switches to what stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aidefence.app.guard import Guard
from aidefence.app.parts.talks import open_talks
from aidefence.app.setup import Setup
from aidefence.app.wiring import corridor_for
from aidefence.domain.enums import Category, DeepMode, OnError
from aidefence.domain.switches import Switches, SwitchKind
from aidefence.knowledge.exclusions import Exclusion
from aidefence.pipeline.corridor import Corridor
from aidefence.policy.profiles import NEVER, Threshold
from aidefence.service.inspect import Inspector
from aidefence.service.standing import Standing
from aidefence.service.talks import Talks

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

_SILENT = Threshold(NEVER, NEVER)
_CHECKS = (SwitchKind.CATEGORY, SwitchKind.RULE, SwitchKind.TIER)


def make_standing(settings: Settings, switches: Switches) -> Standing:
    """Build what these settings and switches ask for.

    Raises:
        ConfigError: settings, rules, lists or a model are wrong.

    """
    # In a gateway its police holds all policies, those in files and those that are deployed.
    setup = replace(switched(settings.setup(), switches), policies=())
    suspended = next(switches.of(SwitchKind.ALL), None)
    corridor = corridor_for(setup)
    return Standing(
        Inspector(corridor),
        Guard.of(setup),
        open_talks(settings, corridor, settings.on_error),
        {door: _at(settings, corridor, it) for door, it in settings.on_error_at.items()},
        suspended=None if suspended is None else suspended.degraded,
        off=tuple(it.degraded for it in switches.of(*_CHECKS)),
        closed=frozenset(switches.names(SwitchKind.DOOR)),
    )


def _at(
    settings: Settings, corridor: Corridor, on_error: OnError
) -> tuple[Inspector, Talks | None]:
    own = corridor.on_error(on_error)
    return Inspector(own), open_talks(settings, own, on_error)


def switched(setup: Setup, switches: Switches) -> Setup:
    """Leave out what is switched off."""
    silent = {Category(name): _SILENT for name in switches.names(SwitchKind.CATEGORY)}
    rules = {Exclusion.parse(name) for name in switches.names(SwitchKind.RULE)}
    tiers = set(switches.names(SwitchKind.TIER))
    if not (silent or rules or tiers):
        return setup
    return replace(
        setup,
        exclude=tuple(sorted({*setup.exclude, *rules})),
        thresholds=_over(setup.thresholds, silent),
        answer_thresholds=_over(setup.answer_thresholds, silent),
        dense=DeepMode.OFF if "2" in tiers else setup.dense,
        deep=DeepMode.OFF if "3" in tiers else setup.deep,
    )


def _over(
    under: tuple[tuple[Category, Threshold], ...], over: dict[Category, Threshold]
) -> tuple[tuple[Category, Threshold], ...]:
    return tuple(sorted({**dict(under), **over}.items(), key=lambda item: str(item[0])))
