"""What is inspected, taken apart into the events that policies decide about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aidefence.domain.content import Degraded
from aidefence.service.policing import Panel, Policing, Ruling
from aidefence.service.policy_calls import Classify, open_calls, read_call
from aidefence.service.policy_seen import Seen
from aidefence.service.policy_sessions import taints_of

CALLS_MAX = 256
"""So many calls of one request are decided about."""


def events_of(said: Seen, classify: Classify) -> list[Seen]:
    """Take a request apart: what is said is one event, and so is each call that is open."""
    if isinstance(said.what, str):
        return [said]
    contents = said.what.contents
    if said.step.is_definition:
        return [said]
    said.taints |= taints_of(contents, said.decision, classify)
    if said.step.calls_made:
        return [said]
    waiting = open_calls(contents)
    calls = [replace(said, call=read_call(it, classify)) for it in waiting[: CALLS_MAX + 1]]
    return calls if calls and len(waiting) == len(contents) else [said, *calls]


def rule_all(policing: Policing, events: Sequence[Seen], panel: Panel, realm: str = "") -> Ruling:
    """Rule on event after event; the gravest action counts, and its reasons stand first."""
    if sum(it.call is not None for it in events) > CALLS_MAX:
        return _crowded(panel)
    rulings = [policing.rule(it, panel, realm) for it in events]
    if len(rulings) == 1:
        return rulings[0]
    rulings.sort(key=lambda it: -it.action.code)
    return Ruling(
        rulings[0].action,
        tuple(dict.fromkeys(told for it in rulings for told in it.degraded)),
        tuple(dict.fromkeys(told for it in rulings for told in it.reasons)),
        panel.version,
        failed=any(it.failed for it in rulings),
        rules=tuple(dict.fromkeys(told for it in rulings for told in it.rules)),
    )


def _crowded(panel: Panel) -> Ruling:
    """Say what becomes of a request with more calls than are decided about."""
    action = max(it.image.on_error for it in panel.running)
    told = f"more than {CALLS_MAX} calls wait in one request: `on_error` speaks"
    reason = f"policies: more than {CALLS_MAX} calls wait, so {action.value}"
    return Ruling(action, (Degraded("policy.calls", told),), (reason,), panel.version, failed=True)
