"""Words about decisions: kept with the decision, one for each caller, and only if they fit."""

from __future__ import annotations

import threading

import pytest
from tests.decided import attack, detection, request
from tests.servers import PostgresServer
from tests.store.conftest import MakeStore, TurnedClock

from aidefence.app.parts.store import Store
from aidefence.domain.access import GRANTS, LOCAL, Caller, Role
from aidefence.domain.audit import AuditAction
from aidefence.domain.errors import LimitError
from aidefence.domain.feedback import FeedbackSource, GroundTruth, Outcome
from aidefence.domain.refusals import ConflictError, NotFoundError, UnavailableError

_OTHERS = Caller("key-9", Role.ADMIN, GRANTS[Role.ADMIN], tenant="others")
_ANN = Caller("ann", Role.ANALYST, GRANTS[Role.ANALYST])
_ATTACK, _BENIGN = GroundTruth.ATTACK, GroundTruth.BENIGN


def test_a_word_is_kept_with_its_decision(store: Store) -> None:
    asked = request()
    store.log.record(asked, attack())
    # The request is in the journal only.
    given = store.feedback.give(
        asked.id, LOCAL, _BENIGN, Outcome.FALSE_POSITIVE, {"ticket": 7, "odd": "\ud800\0"}
    )
    assert given.new
    store.folding.fold()
    [kept] = store.feedback.about(asked.id, LOCAL)
    assert kept == given.feedback
    assert (kept.outcome, kept.source) == (Outcome.FALSE_POSITIVE, FeedbackSource.CALLER)
    assert kept.context == {"ticket": 7, "odd": "\ud800\0"}
    assert kept.episode.evidence[0].rule_id == "rule-1"
    assert store.feedback.about(asked.id, _OTHERS) == []


def test_the_same_word_twice_is_one(store: Store) -> None:
    asked = request()
    store.log.record(asked, attack())
    first = store.feedback.give(asked.id, LOCAL, _ATTACK, Outcome.TRUE_POSITIVE)
    again = store.feedback.give(asked.id, LOCAL, _ATTACK)
    assert (again.feedback, again.new) == (first.feedback, False)
    other = store.feedback.give(asked.id, _ANN, _ATTACK)
    assert other.new
    assert other.feedback.id != first.feedback.id
    assert len(store.feedback.about(asked.id, LOCAL)) == 2


def test_a_caller_may_think_again(store: Store, clock: TurnedClock) -> None:
    asked = request()
    store.log.record(asked, attack())
    first = store.feedback.give(asked.id, LOCAL, _ATTACK)
    clock.pass_seconds(60)
    second = store.feedback.give(asked.id, LOCAL, _BENIGN)
    assert second.new
    assert second.feedback.id == first.feedback.id
    [kept] = store.feedback.about(asked.id, LOCAL)
    assert kept.outcome is Outcome.FALSE_POSITIVE
    actions = [it.event.action for it in store.audit.read(LOCAL)]
    assert actions == [AuditAction.FEEDBACK_GIVEN, AuditAction.FEEDBACK_REVISED]
    assert store.feedback.since(clock.ms, LOCAL) == [kept]
    assert store.feedback.since(clock.ms + 1, LOCAL) == []


@pytest.mark.parametrize("truth", GroundTruth)
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("detected", [True, False])
def test_an_outcome_must_fit_both_decision_and_truth(
    make_store: MakeStore, truth: GroundTruth, outcome: Outcome, *, detected: bool
) -> None:
    store = make_store()
    asked = request()
    store.log.record(asked, attack() if detected else detection())
    if outcome.truth is truth and outcome.detected is detected:
        assert store.feedback.give(asked.id, LOCAL, truth, outcome).feedback.outcome is outcome
        return
    with pytest.raises(ConflictError, match="does not fit"):
        store.feedback.give(asked.id, LOCAL, truth, outcome)
    assert store.feedback.about(asked.id, LOCAL) == []


def test_what_nobody_asked_gets_no_word(store: Store) -> None:
    asked = request()
    store.log.record(asked, detection())
    for request_id, caller in (("req_never", LOCAL), (asked.id, _OTHERS)):
        with pytest.raises(NotFoundError):
            store.feedback.give(request_id, caller, _BENIGN)
    with pytest.raises(LimitError, match="additional context"):
        store.feedback.give(asked.id, LOCAL, _BENIGN, None, {"a": "x" * 20_000})


def test_two_at_once_leave_one_word(store: Store) -> None:
    asked = request()
    store.log.record(asked, attack())
    store.folding.fold()
    told: list[bool] = []

    def give() -> None:
        told.append(store.feedback.give(asked.id, LOCAL, _ATTACK).new)

    threads = [threading.Thread(target=give) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 7 + [True]
    assert len(store.feedback.about(asked.id, LOCAL)) == 1
    assert len(store.audit.read(LOCAL)) == 1


def test_a_database_that_is_gone_is_told_and_comes_back(
    make_store: MakeStore, postgres: PostgresServer, made_database: str
) -> None:
    store = make_store(postgres.new_database(made_database))
    asked = request()
    store.log.record(asked, attack())
    store.folding.fold()
    postgres.kill()
    try:
        with pytest.raises(UnavailableError):
            store.feedback.give(asked.id, LOCAL, _ATTACK)
        with pytest.raises(UnavailableError):
            store.folding.fold()
        # What is decided meanwhile is written down all the same.
        late = request()
        assert store.log.record(late, attack()).degraded == ()
        assert store.episodes.state().problem is not None
    finally:
        postgres.start()
    assert store.feedback.give(asked.id, LOCAL, _ATTACK).new
    assert store.folding.fold() == 1
    assert store.episodes.find(late.id, LOCAL).cursor > 1
