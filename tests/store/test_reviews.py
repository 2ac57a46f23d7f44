"""The queue: what policy leaves to people, a sample of what is least sure, one case for one."""

from __future__ import annotations

import threading

import pytest
from tests.decided import attack, detection, request
from tests.store.conftest import MakeStore, TurnedClock

from aidefence.app.parts.store import Store
from aidefence.domain.access import GRANTS, LOCAL, Caller, Role
from aidefence.domain.audit import AuditAction
from aidefence.domain.enums import Action
from aidefence.domain.errors import LimitError
from aidefence.domain.feedback import FeedbackSource, Outcome
from aidefence.domain.refusals import ConflictError, NotFoundError
from aidefence.domain.review import QueueState, ReviewCase, ReviewReason, ReviewState

_ANN = Caller("ann", Role.ANALYST, GRANTS[Role.ANALYST])
_BEN = Caller("ben", Role.ANALYST, GRANTS[Role.ANALYST])
_OTHERS = Caller("key-9", Role.ADMIN, GRANTS[Role.ADMIN], tenant="others")


@pytest.fixture
def case(store: Store) -> ReviewCase:
    store.log.record_all([(request(), detection()), (request(), detection(Action.REVIEW))])
    store.folding.fold()
    [opened] = store.reviews.cases(_ANN)
    return opened


def test_a_decision_to_review_becomes_a_case(case: ReviewCase, clock: TurnedClock) -> None:
    assert (case.reason, case.state) == (ReviewReason.POLICY, ReviewState.OPEN)
    assert case.episode.action is Action.REVIEW
    assert case.due_ms == case.episode.at_ms + 24 * 3_600_000
    assert not case.overdue(clock.ms)
    assert case.overdue(case.due_ms + 1)


def test_a_case_goes_its_way(store: Store, case: ReviewCase, clock: TurnedClock) -> None:
    claimed = store.reviews.claim(case.id, _ANN)
    assert (claimed.state, claimed.claimed_by) == (ReviewState.CLAIMED, "ann")
    store.reviews.comment(case.id, _BEN, "looks like a joke\0 \ud800")
    clock.pass_seconds(60)
    settled = store.reviews.approve(case.id, _ANN, "it is one")
    assert (settled.state, settled.settled_by, settled.settled_ms) == (
        ReviewState.APPROVED,
        "ann",
        clock.ms,
    )
    assert [(it.by, it.text) for it in settled.comments] == [
        ("ben", "looks like a joke\0 \ud800"),
        ("ann", "it is one"),
    ]
    assert store.reviews.cases(_ANN) == []
    assert [it.id for it in store.reviews.cases(_ANN, [ReviewState.APPROVED])] == [case.id]
    [word] = store.feedback.about(case.episode.id, LOCAL)
    assert (word.source, word.outcome) == (FeedbackSource.REVIEW, Outcome.TRUE_NEGATIVE)
    assert [it.event.action for it in store.audit.read(LOCAL)] == [
        AuditAction.REVIEW_CLAIMED,
        AuditAction.REVIEW_COMMENTED,
        AuditAction.REVIEW_APPROVED,
        AuditAction.FEEDBACK_GIVEN,
    ]


def test_a_rejected_attack_is_missed_feedback(store: Store, case: ReviewCase) -> None:
    store.reviews.claim(case.id, _ANN)
    assert store.reviews.reject(case.id, _ANN).state is ReviewState.REJECTED
    [word] = store.feedback.about(case.episode.id, LOCAL)
    assert word.outcome is Outcome.FALSE_NEGATIVE
    with pytest.raises(ConflictError, match="rejected already"):
        store.reviews.claim(case.id, _BEN)


def test_of_two_who_claim_at_once_one_gets_it(store: Store, case: ReviewCase) -> None:
    told: list[str] = []

    def claim(number: int) -> None:
        caller = Caller(f"person-{number}", Role.ANALYST, GRANTS[Role.ANALYST])
        try:
            told.append(store.reviews.claim(case.id, caller).claimed_by or "")
        except ConflictError:
            told.append("refused")

    threads = [threading.Thread(target=claim, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("refused") == 7
    winner = next(it for it in told if it != "refused")
    assert store.reviews.find(case.id, LOCAL).claimed_by == winner


def test_only_who_has_a_case_settles_it(store: Store, case: ReviewCase, clock: TurnedClock) -> None:
    with pytest.raises(ConflictError, match="claim it first"):
        store.reviews.approve(case.id, _ANN)
    store.reviews.claim(case.id, _ANN)
    for change in (store.reviews.approve, store.reviews.claim, store.reviews.release):
        with pytest.raises(ConflictError, match="with `ann`"):
            change(case.id, _BEN)
    # Nobody keeps a case for ever.
    clock.pass_seconds(30 * 60)
    assert store.reviews.claim(case.id, _BEN).claimed_by == "ben"
    with pytest.raises(ConflictError):
        store.reviews.reject(case.id, _ANN)
    assert store.feedback.about(case.episode.id, LOCAL) == []
    assert store.reviews.release(case.id, _BEN).state is ReviewState.OPEN


def test_a_claim_that_ran_out_settles_nothing(
    store: Store, case: ReviewCase, clock: TurnedClock
) -> None:
    store.reviews.claim(case.id, _ANN)
    clock.pass_seconds(31 * 60)
    with pytest.raises(ConflictError, match="claim it first"):
        store.reviews.approve(case.id, _ANN)


def test_other_tenants_have_other_queues(store: Store, case: ReviewCase) -> None:
    assert store.reviews.cases(_OTHERS) == []
    for change in (store.reviews.claim, store.reviews.find, store.reviews.approve):
        with pytest.raises(NotFoundError):
            change(case.id, _OTHERS)
    with pytest.raises(NotFoundError):
        store.reviews.comment(case.id, _OTHERS, "hello")


def test_a_comment_has_an_end(store: Store, case: ReviewCase) -> None:
    with pytest.raises(LimitError):
        store.reviews.comment(case.id, _ANN, "x" * 5000)
    assert store.audit.read(LOCAL) == []


def test_the_queue_tells_how_full_it_is(store: Store, case: ReviewCase, clock: TurnedClock) -> None:
    store.log.record(request(), detection(Action.REVIEW))
    store.folding.fold()
    store.reviews.claim(case.id, _ANN)
    assert store.reviews.state(_ANN) == QueueState(1, 1, 0, case.opened_ms)
    clock.ms = case.due_ms + 1
    assert store.reviews.state(_ANN) == QueueState(2, 0, 2, case.opened_ms)
    assert store.reviews.state(_OTHERS) == QueueState(0, 0, 0, None)


def test_a_sample_of_what_is_least_sure_is_shown(make_store: MakeStore, url: str | None) -> None:
    store = make_store(url, review_share=0.5, review_samples_max=60)
    asked = [(request(id=f"req_{at:04}"), detection(confidence=0.5)) for at in range(100)]
    sure = [(request(), detection(confidence=0.2)), (request(), attack())]
    store.log.record_all([*asked, *sure])
    store.folding.fold()
    cases = store.reviews.cases(LOCAL, limit=500)
    assert 30 <= len(cases) <= 60
    assert {it.reason for it in cases} == {ReviewReason.SAMPLE}
    assert {it.episode.confidence for it in cases} == {0.5}
    # However many come in, no more than this wait; what policy wants reviewed does.
    more = [(request(), detection(confidence=0.5)) for _ in range(200)]
    store.log.record_all([*more, (request(), detection(Action.REVIEW))])
    store.folding.fold()
    reasons = [it.reason for it in store.reviews.cases(LOCAL, limit=500)]
    assert reasons.count(ReviewReason.SAMPLE) == 60
    assert reasons.count(ReviewReason.POLICY) == 1
