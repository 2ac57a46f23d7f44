"""People decide what the policy leaves to them, and look at samples of what is least sure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aidefence.domain.access import Caller
from aidefence.domain.audit import AuditAction
from aidefence.domain.errors import LimitError
from aidefence.domain.feedback import FeedbackSource, GroundTruth
from aidefence.domain.refusals import ConflictError, NotFoundError
from aidefence.domain.review import Comment, QueueState, ReviewCase, ReviewState
from aidefence.ports.audit import Together
from aidefence.ports.clock import Clock
from aidefence.ports.reviews import ReviewStore
from aidefence.service.audit import Audit
from aidefence.service.feedback import Feedbacks

COMMENT_CODE_POINTS_MAX = 4000
_PAGE_MAX = 500
_WAITING = (ReviewState.OPEN, ReviewState.CLAIMED)


class Reviews:
    """The queue. Safe to share between threads; may wait for a disk.

    Every change raises `NotFoundError` where the caller's tenant has no such case, `ConflictError`
    where it is not the caller's at the moment, and `UnavailableError` where the store is silent.
    """

    __slots__ = ("_audit", "_claim_ms", "_clock", "_feedback", "_store", "_together")

    def __init__(
        self,
        store: ReviewStore,
        feedback: Feedbacks,
        audit: Audit,
        together: Together,
        clock: Clock,
        *,
        claim_ms: int,
    ) -> None:
        """`claim_ms`: for how long a case is somebody's, unless they settle it before."""
        self._store = store
        self._feedback = feedback
        self._audit = audit
        self._together = together
        self._clock = clock
        self._claim_ms = claim_ms

    def cases(
        self, caller: Caller, states: Collection[ReviewState] = _WAITING, limit: int = 100
    ) -> Sequence[ReviewCase]:
        """Return cases, those first that are due first."""
        return self._store.cases(caller.tenant, states, max(1, min(limit, _PAGE_MAX)))

    def find(self, case_id: str, caller: Caller) -> ReviewCase:
        """Return a case."""
        found = self._store.find(caller.tenant, case_id)
        if found is None:
            raise NotFoundError(f"no case `{case_id[:80]}` to review")
        return found

    def state(self, caller: Caller) -> QueueState:
        """Tell how full the queue is."""
        return self._store.state(caller.tenant, self._clock.now_ms())

    def claim(self, case_id: str, caller: Caller) -> ReviewCase:
        """Take a case: of two who try at once, one gets it."""
        now = self._clock.now_ms()
        with self._together():
            if not self._store.claim(caller.tenant, case_id, caller.id, now, now + self._claim_ms):
                raise self._refused(case_id, caller)
            self._audit.note(caller, AuditAction.REVIEW_CLAIMED, case_id)
        return self.find(case_id, caller)

    def release(self, case_id: str, caller: Caller) -> ReviewCase:
        """Put a case back into the queue."""
        with self._together():
            if not self._store.release(caller.tenant, case_id, caller.id):
                raise self._refused(case_id, caller)
            self._audit.note(caller, AuditAction.REVIEW_RELEASED, case_id)
        return self.find(case_id, caller)

    def approve(self, case_id: str, caller: Caller, comment: str = "") -> ReviewCase:
        """Settle a claimed case: the content is harmless."""
        return self._settle(case_id, caller, ReviewState.APPROVED, comment)

    def reject(self, case_id: str, caller: Caller, comment: str = "") -> ReviewCase:
        """Settle a claimed case: it is an attack."""
        return self._settle(case_id, caller, ReviewState.REJECTED, comment)

    def comment(self, case_id: str, caller: Caller, text: str) -> ReviewCase:
        """Add a comment to a case, whoever has it."""
        with self._together():
            self._comment(case_id, caller, text)
            self._audit.note(caller, AuditAction.REVIEW_COMMENTED, case_id)
        return self.find(case_id, caller)

    def _settle(self, case_id: str, caller: Caller, state: ReviewState, comment: str) -> ReviewCase:
        approved = state is ReviewState.APPROVED
        truth = GroundTruth.BENIGN if approved else GroundTruth.ATTACK
        action = AuditAction.REVIEW_APPROVED if approved else AuditAction.REVIEW_REJECTED
        with self._together():
            now = self._clock.now_ms()
            if not self._store.settle(caller.tenant, case_id, caller.id, state, now):
                raise self._refused(case_id, caller)
            if comment:
                self._comment(case_id, caller, comment)
            settled = self.find(case_id, caller)
            self._audit.note(caller, action, case_id, request=settled.episode.id)
            self._feedback.keep(
                settled.episode, caller, truth, FeedbackSource.REVIEW, {"case": case_id}
            )
        return settled

    def _comment(self, case_id: str, caller: Caller, text: str) -> None:
        if len(text) > COMMENT_CODE_POINTS_MAX:
            raise LimitError("code points of one comment", len(text), COMMENT_CODE_POINTS_MAX)
        said = Comment(caller.id, self._clock.now_ms(), text)
        if not self._store.comment(caller.tenant, case_id, said):
            raise NotFoundError(f"no case `{case_id[:80]}` to review")

    def _refused(self, case_id: str, caller: Caller) -> ConflictError:
        case = self.find(case_id, caller)
        if case.state.settled:
            return ConflictError(f"case `{case.id}` is {case.state.value} already")
        if case.claimed_by not in {None, caller.id}:
            return ConflictError(f"case `{case.id}` is with `{case.claimed_by}` at the moment")
        return ConflictError(f"case `{case.id}` is not yours: claim it first")
