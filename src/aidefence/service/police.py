"""Holds the policies that are in force against what comes in at the doors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter_ns

from aidefence.domain.access import Caller
from aidefence.domain.asking import Detection, Request
from aidefence.domain.content import Content, Degraded
from aidefence.domain.enums import Action, Direction, Origin
from aidefence.domain.errors import AIDefenceError
from aidefence.ports.policy_states import PolicyStates
from aidefence.service.in_force import Choice, InForce, Loaded
from aidefence.service.policing import TTL_MS, Panel, Policing, RuledCharter, Ruling, Running
from aidefence.service.policy_calls import Classify
from aidefence.service.policy_events import events_of, rule_all
from aidefence.service.policy_extras import TOLD, Extras
from aidefence.service.policy_seen import Seen
from aidefence.service.policy_sessions import Past, Pasts, taints_of, taints_to_come

_CHOICES_MAX = 256
_log = logging.getLogger("aidefence.policies")
_NOTHING = Choice(0, ())
"""What is chosen where nothing is deployed."""


class PolicyPolice:
    """Asks the policies in force; those on trial are asked as well and change nothing."""

    __slots__ = ("_classify", "_extras", "_in_force", "_panels", "_pasts", "_policing")

    def __init__(
        self,
        in_force: InForce,
        states: PolicyStates,
        now_ms: Callable[[], int],
        classify: Classify,
        extras: Extras | None = None,
    ) -> None:
        """`classify` tells what a tool can do, from its name; `extras` what is looked up aside."""
        self._extras = extras
        self._classify = classify
        self._in_force = in_force
        self._policing = Policing(states, now_ms)
        self._pasts = Pasts(states, now_ms, TTL_MS)
        # A choice is the same object until another generation is in force.
        self._panels: dict[int, _Panels] = {}

    def holds(self, request: Request) -> bool:
        """Whether some policy is asked about it at all."""
        return self._choose(request) is not None

    def brought(self, contents: Sequence[Content]) -> frozenset[str]:
        """Say what came in with contents that are not inspected again, by names of the catalog."""
        return taints_of(contents, None, self._classify)

    def waits(self, request: Request) -> bool:
        """Whether some policy remembers something for this request."""
        choice = self._choose(request)
        if choice is None:
            return False
        panels = self._panels_of(choice)
        remembers = any(any(it.sets.remembers) or it.values.past_names for it in panels.all)
        return remembers or bool(panels.asked)

    def spent(self, request: Request, microcents: int) -> None:
        """Add what the answer to a request has cost, in millionths of a cent.

        What cannot be written down is told in the log: the answer has gone its way.
        """
        if self._extras is not None:
            try:
                self._extras.spent(request, microcents)
            except (AIDefenceError, OSError):
                _log.exception("what an answer has cost could not be written down")

    def is_silent(self, caller: Caller) -> bool:
        """Whether no policy has a say about what a caller brings."""
        return not self._in_force.files and caller.tenant not in self._in_force.held.houses

    def rule(self, request: Request, found: Detection) -> Detection:
        """Give what was found as it is after policies have had their say."""
        choice = self._choose(request)
        if choice is None or isinstance(found.decision.charter, RuledCharter):
            return found
        begun_ns = perf_counter_ns()
        panels = self._panels_of(choice)
        active = panels.active
        remembers = any(it.values.past_names for it in panels.all)
        past, failure = self._look(request) if remembers else (None, None)
        events = events_of(_seen(request, found, past), self._classes(request))
        failure = self._tell(request, panels.asked, events) or failure
        ruling = rule_all(self._policing, events, active) if active.running else None
        if remembers or panels.asked:
            action = found.action if ruling is None else max(ruling.action, _raised(found))
            failure = failure or self._note(request, action, events, panels)
        if failure is not None and ruling is not None and panels.is_active_told:
            ruling = _failed(ruling, active, failure)
        ruled = found if ruling is None else _ruled(found, ruling, perf_counter_ns() - begun_ns)
        if choice.arms:
            failed = ruling is not None and ruling.failed
            elapsed_ns = perf_counter_ns() - begun_ns
            self._in_force.tallies.note(choice, ruled.action, failed=failed, elapsed_ns=elapsed_ns)
        for loaded, panel in panels.shadows:
            would = rule_all(self._policing, events, panel, f"shadow {loaded.policy_id}")
            changed = _ruled(found, would, 0).action
            self._in_force.tallies.note_shadow(loaded, request.id, ruled.action, changed)
        return ruled

    def _classes(self, request: Request) -> Classify:
        """Tell what tools can do: from their definitions where these are known."""
        known, by_name = request.step.capabilities, self._classify
        if not known:
            return by_name
        return lambda name: known[name] if name in known else by_name(name)

    def _look(self, request: Request) -> tuple[Past | None, Degraded | None]:
        try:
            return self._pasts.look(request.caller.tenant, request.context), None
        except (AIDefenceError, OSError) as error:
            return None, Degraded("policy.session", f"{error}: `on_error` speaks"[:500])

    def _tell(
        self, request: Request, asked: frozenset[str], events: Sequence[Seen]
    ) -> Degraded | None:
        if not asked or self._extras is None:
            return None
        try:
            self._extras.tell(request, asked, events)
        except (AIDefenceError, OSError) as error:
            return Degraded("policy.session", f"{error}: `on_error` speaks"[:500])
        return None

    def _note(
        self, request: Request, action: Action, events: Sequence[Seen], panels: _Panels
    ) -> Degraded | None:
        calls = [it.call for it in events if it.call is not None]
        taints = events[0].taints | taints_to_come(calls)
        try:
            if any(it.values.past_names for it in panels.all):
                tenant, is_turn = request.caller.tenant, request.step.is_turn
                self._pasts.note(tenant, request.context, action, taints, is_turn=is_turn)
            if self._extras is not None:
                self._extras.note(request, panels.asked, events, action)
        except (AIDefenceError, OSError) as error:
            return Degraded("policy.session", f"{error}: `on_error` speaks"[:500])
        return None

    def _choose(self, request: Request) -> Choice | None:
        context = request.context
        session = context.session or context.user or request.id
        choice = self._in_force.choose(request.caller.tenant, session)
        return _NOTHING if choice is None and self._in_force.files else choice

    def _panels_of(self, choice: Choice) -> _Panels:
        files = self._in_force.files
        found = self._panels.get(id(choice))
        if found is not None and found.choice is choice and found.files is files:
            return found
        if len(self._panels) >= _CHOICES_MAX:
            self._panels.clear()
        active = Panel([*files, *(it.runs for it in choice.active)])
        shadows = tuple((it, _instead(files, choice, it)) for it in choice.shadows)
        everybody = (active, *(panel for _, panel in shadows))
        asked = TOLD.intersection(*[[name for it in everybody for name in it.values.untold]])
        made = self._panels[id(choice)] = _Panels(choice, files, active, shadows, asked)
        return made


@dataclass(frozen=True, slots=True)
class _Panels:
    """Who decides where this was chosen, and who is on trial there."""

    choice: Choice
    files: tuple[Running, ...]
    active: Panel
    shadows: tuple[tuple[Loaded, Panel], ...]
    asked: frozenset[str]
    """What of an event is looked up aside, because somebody asks for it."""

    @property
    def is_active_told(self) -> bool:
        """Whether those that decide ask for something that must be looked up."""
        names = self.active.values
        return bool(names.past_names) or not self.asked.isdisjoint(names.untold)

    @property
    def all(self) -> tuple[Panel, ...]:
        """Everybody who is asked."""
        return (self.active, *(panel for _, panel in self.shadows))


def _instead(files: Sequence[Running], choice: Choice, shadow: Loaded) -> Panel:
    """All that is in force, with the version on trial in the place of its own policy."""
    others = [it.runs for it in choice.active if it.policy_id != shadow.policy_id]
    return Panel([*files, *others, shadow.runs])


def _failed(ruling: Ruling, panel: Panel, failure: Degraded) -> Ruling:
    """Let `on_error` speak where what is known of a session was asked for and failed."""
    action = max(it.image.on_error for it in panel.running)
    reason = f"policies: what the session did is not known, so {action.value}"
    return replace(
        ruling,
        action=max(ruling.action, action),
        degraded=(failure, *ruling.degraded),
        reasons=(reason, *ruling.reasons),
        failed=True,
    )


def _seen(request: Request, found: Detection, past: Past | None) -> Seen:
    answer = request.answers is not None
    return Seen(
        found.decision,
        request.what,
        Origin.ASSISTANT if answer else Origin.USER,
        Direction.OUTPUT if answer else Direction.INPUT,
        request.caller,
        request.context,
        request.door,
        past=past,
        taints=request.step.taints,
        step=request.step,
        risk=None if found.talk is None else found.talk.risk,
    )


def _ruled(found: Detection, ruling: Ruling, elapsed_ns: int) -> Detection:
    before = found.decision
    decision = ruling.over(before, elapsed_ns)
    return replace(
        found,
        decision=decision,
        action=max(ruling.action, _raised(found)),
        degraded=(*found.degraded, *ruling.degraded),
    )


def _raised(found: Detection) -> Action:
    """Say what a client's threshold or a check of an answer made graver: it stays so."""
    return found.action if found.action > found.decision.action else Action.ALLOW
