"""Take in what people say about decisions. Evidence for later: it never changes a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aidefence.domain.access import Caller
from aidefence.domain.audit import AuditAction
from aidefence.domain.canonical import canonical
from aidefence.domain.episode import Episode
from aidefence.domain.errors import LimitError
from aidefence.domain.feedback import (
    Feedback,
    FeedbackSource,
    GroundTruth,
    Outcome,
    outcome_of,
)
from aidefence.domain.refusals import ConflictError
from aidefence.ports.audit import Together
from aidefence.ports.clock import Clock
from aidefence.ports.feedback import FeedbackStore
from aidefence.ports.ids import Ids
from aidefence.service.audit import Audit
from aidefence.service.episodes import Episodes

CONTEXT_BYTES_MAX = 16 << 10
_PAGE_MAX = 1000


@dataclass(frozen=True, slots=True)
class Given:
    """A word that is kept; `new` is false where it said what was kept before."""

    feedback: Feedback
    new: bool


class Feedbacks:
    """Keeps words about decisions. Safe to share between threads; may wait for a disk."""

    __slots__ = ("_audit", "_clock", "_episodes", "_ids", "_store", "_together")

    def __init__(
        self,
        store: FeedbackStore,
        episodes: Episodes,
        audit: Audit,
        together: Together,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._episodes = episodes
        self._audit = audit
        self._together = together
        self._clock = clock
        self._ids = ids

    def give(
        self,
        request_id: str,
        caller: Caller,
        truth: GroundTruth,
        outcome: Outcome | None = None,
        context: Mapping[str, object] | None = None,
    ) -> Given:
        """Keep what a caller says about a request: on the disk when this returns.

        The same word once more changes nothing; another word of the same caller replaces it.

        Raises:
            NotFoundError: there is no such request, or not for this caller.
            ConflictError: the outcome is not what the decision and the truth make together.
            LimitError: the context is too large.
            UnavailableError: the store does not answer, and nothing was kept.

        """
        length = len(canonical(context or {}).encode("utf-8", "surrogatepass"))
        if length > CONTEXT_BYTES_MAX:
            raise LimitError("bytes of additional context", length, CONTEXT_BYTES_MAX)
        episode = self._episodes.find(request_id, caller)
        _check(episode, truth, outcome)
        return self.keep(episode, caller, truth, FeedbackSource.CALLER, context or {})

    def keep(
        self,
        episode: Episode,
        caller: Caller,
        truth: GroundTruth,
        source: FeedbackSource,
        context: Mapping[str, object],
    ) -> Given:
        """Keep a word about an episode that is at hand."""
        with self._together():
            known = self._store.find(episode.id, caller.id)
            if known is not None and (known.truth, known.context) == (truth, context):
                return Given(known, new=False)
            feedback = Feedback(
                id=known.id if known else self._ids.name("fb"),
                at_ms=self._clock.now_ms(),
                by=caller.id,
                source=source,
                truth=truth,
                outcome=outcome_of(truth, detected=episode.detected),
                episode=episode,
                context=context,
            )
            self._store.put(feedback)
            self._audit.note(
                caller,
                AuditAction.FEEDBACK_REVISED if known else AuditAction.FEEDBACK_GIVEN,
                episode.id,
                truth=truth.value,
                outcome=feedback.outcome.value,
                source=source.value,
            )
        return Given(feedback, new=True)

    def about(self, request_id: str, caller: Caller) -> Sequence[Feedback]:
        """Return every word of the caller's tenant about a request, oldest first."""
        return self._store.about(caller.tenant, request_id)

    def since(self, at_ms: int, caller: Caller, limit: int = 100) -> Sequence[Feedback]:
        """Return words of the caller's tenant from a moment on, oldest first."""
        return self._store.since(caller.tenant, at_ms, max(1, min(limit, _PAGE_MAX)))


def _check(episode: Episode, truth: GroundTruth, outcome: Outcome | None) -> None:
    if outcome is None:
        return
    right = outcome_of(truth, detected=episode.detected)
    if outcome is not right:
        seen = "was" if episode.detected else "was not"
        raise ConflictError(
            f"`{outcome.value}` does not fit: request `{episode.id}` {seen} detected as an attack, "
            f"and `{truth.value}` makes that `{right.value}`"
        )
