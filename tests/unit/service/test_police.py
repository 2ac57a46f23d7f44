"""Policies in force at the desk: what decides, what is tried beside it, where nothing holds."""

from __future__ import annotations

import pytest

from aidefence import Action, Guard, SettingError
from aidefence.adapters.policy_states_memory import MemoryPolicyStates
from aidefence.app.parts.policies import load_version
from aidefence.app.tool_book import capabilities_by_name
from aidefence.domain.access import LOCAL
from aidefence.domain.asking import UNCONDITIONAL, Conditions, Context, Detection, Request
from aidefence.domain.policy_store import Book, Environment, PolicyVersion, Slot
from aidefence.policy.image import Count, Feature, Image, PolicyRule
from aidefence.service.in_force import Held, InForce, hold
from aidefence.service.inspect import conclude
from aidefence.service.police import PolicyPolice
from aidefence.service.policing import Running

_GUARD = Guard()
_PLACE = (LOCAL.tenant, "p", Environment.PRODUCTION)


def _version(number: int, *rules: PolicyRule, features: tuple[Feature, ...] = ()) -> PolicyVersion:
    image = Image("p", number, features, rules)
    return PolicyVersion("p", number, "", image.to_json(), image.digest, b"[]", 0, "ann")


_BLOCK_ALL = PolicyRule("all", 1, Action.BLOCK, ("tt",))
_BLOCK = _version(1, _BLOCK_ALL)
_ALLOW = _version(2, PolicyRule("none", 1, Action.ALLOW, ("tt",)))
_TWO = _version(
    3,
    PolicyRule("limit", 1, Action.BLOCK, ("ge", 0, 2)),
    features=(Feature("so far", 2, count=Count(("tt",), 60_000)),),
)


def _police(slot: Slot, *versions: PolicyVersion) -> tuple[PolicyPolice, InForce]:
    in_force = InForce()
    in_force.swap(hold(Book(1, (slot,), versions), load_version, Held()))
    return PolicyPolice(
        in_force, MemoryPolicyStates(), lambda: 1_000, capabilities_by_name
    ), in_force


def _ask(police: PolicyPolice, conditions: Conditions = UNCONDITIONAL) -> Detection:
    request = Request("hello", "r", "rest", context=Context(session="s"), conditions=conditions)
    found = conclude(_GUARD.inspect("hello"), conditions)
    return police.rule(request, found)


def test_where_no_policy_holds_nothing_changes() -> None:
    police = PolicyPolice(InForce(), MemoryPolicyStates(), lambda: 0, capabilities_by_name)
    found = conclude(_GUARD.inspect("hello"), UNCONDITIONAL)
    request = Request("hello", "r", "rest")
    assert police.rule(request, found) is found
    assert not police.waits(request)


def test_what_is_in_force_decides_once() -> None:
    police, _ = _police(Slot(*_PLACE, stable=1), _BLOCK)
    ruled = _ask(police)
    assert (ruled.action, ruled.decision.action) == (Action.BLOCK, Action.BLOCK)
    assert "+p.1-" in ruled.decision.policy_version
    assert police.rule(Request("hello", "r", "rest"), ruled) is ruled


def test_a_threshold_of_the_client_is_not_made_milder() -> None:
    police, _ = _police(Slot(*_PLACE, stable=2), _ALLOW)
    assert _ask(police, Conditions(threshold=0.0)).action is Action.FLAG


def test_what_is_on_trial_changes_nothing_and_is_counted() -> None:
    police, in_force = _police(Slot(*_PLACE, stable=2, shadow=1), _ALLOW, _BLOCK)
    assert _ask(police).action is Action.ALLOW
    _, [(key, change)] = in_force.tallies.take()
    assert key == ("p", 1)
    assert (change.was, change.would) == (Action.ALLOW, Action.BLOCK)


def test_what_is_on_trial_remembers_for_itself() -> None:
    police, in_force = _police(Slot(*_PLACE, stable=2, shadow=3), _ALLOW, _TWO)
    request = Request("hello", "r", "rest", context=Context(session="s"))
    assert police.waits(request)
    assert [_ask(police).action for _ in range(3)] == [Action.ALLOW] * 3
    _, changes = in_force.tallies.take()
    counted = {(it.was, it.would): it.decisions for _, it in changes}
    assert counted == {(Action.ALLOW, Action.ALLOW): 2, (Action.ALLOW, Action.BLOCK): 1}


def test_sides_of_a_roll_out_are_counted() -> None:
    slot = Slot(*_PLACE, stable=2, candidate=1, candidate_deployment="d", share=10_000)
    police, in_force = _police(slot, _ALLOW, _BLOCK)
    assert _ask(police).action is Action.BLOCK
    counts, _ = in_force.tallies.take()
    [(arm, seen)] = counts.items()
    assert (arm.new, seen.decisions, seen.blocked, seen.failed) == (True, 1, 1, 0)


def test_a_file_decides_beside_what_is_deployed_and_for_everybody() -> None:
    police, in_force = _police(Slot(*_PLACE, stable=2), _ALLOW)
    assert _ask(police).action is Action.ALLOW
    in_force.swap_files((Running.of(Image("house", 1, (), (_BLOCK_ALL,))),))
    told = _ask(police)
    assert told.action is Action.BLOCK
    assert told.decision.reasons[0] == "policy `house` 1: rule `all` says block"
    in_force.swap(Held())
    assert _ask(police).action is Action.BLOCK
    in_force.swap_files(())
    assert _ask(police).decision.policy_version == _GUARD.policy_version


def test_a_file_and_a_deployed_policy_of_one_name_are_refused_either_way() -> None:
    police, in_force = _police(Slot(*_PLACE, stable=2), _ALLOW)
    deployed, file = in_force.held, (Running.of(Image("p", 9, (), (_BLOCK_ALL,))),)
    for refuses in (in_force.check_files, in_force.swap_files):
        with pytest.raises(SettingError, match="both called `p`"):
            refuses(file)
    assert _ask(police).action is Action.ALLOW
    in_force.swap(Held())
    in_force.swap_files(file)
    with pytest.raises(SettingError, match="both called `p`"):
        in_force.swap(deployed)
    assert _ask(police).action is Action.BLOCK
