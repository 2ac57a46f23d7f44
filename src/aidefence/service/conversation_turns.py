"""Take the messages of a conversation one after the other: decide, weigh, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aidefence.domain.content import Degraded, Inspection
from aidefence.domain.conversation import (
    Assembled,
    Conduct,
    Fragment,
    Joint,
    Outcome,
    State,
    Told,
)
from aidefence.domain.decision import Decision
from aidefence.domain.enums import Action, Direction, Modality, Origin
from aidefence.domain.verdict import Finding
from aidefence.engine import MODEL_CATEGORIES
from aidefence.pipeline.corridor import Corridor
from aidefence.pipeline.deep import CHECK as DEEP_CHECK
from aidefence.ports.watcher import Watch, Watcher
from aidefence.service.conversation_assembly import (
    FRAGMENTS_MAX,
    Candidate,
    candidates,
    fragments,
)
from aidefence.service.house import House

WATCHED_BYTES_MAX = 1 << 18
# What is put together must say clearly more than each of its pieces said alone.
_MORE_THAN_PIECES = 0.2
# These are put together on a guess: no label and no variable says that they belong together.
_GUESSED = frozenset({Joint.TURNS, Joint.DOCUMENTS})
_INPUT = Direction.INPUT.code
_SPEECH = frozenset({Origin.USER})
_BROUGHT = frozenset({Origin.TOOL, Origin.RETRIEVAL, Origin.MEMORY})


@dataclass(frozen=True, slots=True)
class Turn:
    """A message that is new at its place, and what is known of its text from elsewhere."""

    path: str
    index: int | None
    inspection: Inspection
    digest: bytes
    outcome: Outcome | None = None


class Reader:
    """Inspects for one call, everything once: also when the call must begin again."""

    __slots__ = (
        "_assembled",
        "_corridor",
        "_house",
        "_messages",
        "_ruled",
        "_session",
        "_since_ns",
    )

    def __init__(
        self, corridor: Corridor, since_ns: int, house: House | None = None, session: str = ""
    ) -> None:
        self._corridor = corridor
        self._since_ns = since_ns
        self._house = house
        self._session = session
        self._messages: dict[bytes, Decision] = {}
        self._ruled: dict[tuple[str, bytes], Decision] = {}
        self._assembled: dict[tuple[str, int], Decision | None] = {}

    @property
    def corridor(self) -> Corridor:
        """What inspects."""
        return self._corridor

    @property
    def remembers(self) -> bool:
        """Whether the same words may be decided otherwise the next time."""
        return self._house is not None and self._house.remembers

    def message(self, turn: Turn) -> Decision:
        """Inspect a message, and let policies have their say: once for each place where it is."""
        found = self._messages.get(turn.digest)
        if found is None:
            found = self._corridor.inspect(turn.inspection, self._since_ns)
            self._messages[turn.digest] = found
        if self._house is None:
            return found
        place = turn.path, turn.digest
        if place not in self._ruled:
            self._ruled[place] = self._house.over(found, turn.inspection, self._session)
        return self._ruled[place]

    def whole(self, candidate: Candidate, origin: Origin) -> Decision | None:
        """Inspect what was put together; none if it says nothing that its pieces do not."""
        asked = candidate.text, origin.code
        if asked not in self._assembled:
            self._assembled[asked] = self._ask(candidate, *asked)
        return self._assembled[asked]

    def _ask(self, candidate: Candidate, text: str, origin: int) -> Decision | None:
        # The deep tiers are asked only where the others believe it: most of it is nothing.
        first = self._corridor.evidence(text, origin, _INPUT)
        if not self._says_more(first, candidate):
            return None
        decision = self._corridor.inspect_text(text, origin, _INPUT, self._since_ns)
        return decision if self._says_more(decision, candidate) else None

    def _says_more(self, decision: Decision, candidate: Candidate) -> bool:
        category = decision.category
        if category is None or category.code >= MODEL_CATEGORIES:
            return False
        if decision.confidence - candidate.confidence < _MORE_THAN_PIECES:
            return False
        threshold = self._corridor.charter.policy.thresholds[category.code]
        least = min(threshold.block, _SURE) if candidate.how in _GUESSED else threshold.flag
        return decision.confidence >= least

    def is_partial(self, decision: Decision) -> bool:
        """Whether a check was cut off that will run another time."""
        standing = self._corridor.standing
        return any(it.check == DEEP_CHECK and it not in standing for it in decision.degraded)

    def suspicion(self, decision: Decision, inspection: Inspection) -> float:
        """Tell how much a message looks like an attack on the model."""
        category = decision.category
        if category is None or category.code < MODEL_CATEGORIES:
            return decision.confidence
        # What leads is of another kind, and must not hide this one.
        return max(
            max(
                self._corridor.confidences(it.text, it.origin.code, _INPUT)[:MODEL_CATEGORIES],
                default=0.0,
            )
            for it in inspection.contents
        )


_SURE = 0.9


@dataclass(slots=True)
class Walk:
    """Goes through the new messages of one call. `state` says what remains of the conversation."""

    reader: Reader
    conduct: Conduct
    watches: Mapping[str, Watch]
    now_ms: int
    turns: int
    risk: float
    at_ms: int
    said: list[Fragment]
    shown: list[Fragment]
    heard: Action
    heard_turn: int
    told: list[Told] = field(default_factory=list)
    assembled: list[Assembled] = field(default_factory=list)
    degraded: dict[Degraded, None] = field(default_factory=dict)
    partial: set[bytes] = field(default_factory=set)
    outcomes: dict[bytes, Outcome] = field(default_factory=dict)

    @classmethod
    def on_from(
        cls,
        state: State,
        reader: Reader,
        conduct: Conduct,
        watches: Mapping[str, Watch],
        now_ms: int,
        shift: int | None,
    ) -> Walk:
        """Go on from a state; `shift` says by how much the list has moved, none if nobody knows."""
        return cls(
            reader,
            conduct,
            watches,
            now_ms,
            turns=state.turns,
            risk=state.risk,
            at_ms=state.at_ms,
            said=_moved(state.said, shift),
            shown=_moved(state.shown, shift),
            heard=state.heard,
            heard_turn=state.heard_turn,
        )

    def state(self, listed: int, tail: bytes, watched: Mapping[str, bytes]) -> State:
        """Give what remains."""
        return State(
            self.turns,
            listed,
            self.risk,
            self.at_ms,
            tail,
            tuple(self.said),
            tuple(self.shown),
            self.heard,
            self.heard_turn,
            watched,
        )

    def take(self, turn: Turn) -> None:
        """Decide about the next message."""
        known = self.outcomes.get(turn.digest, turn.outcome)
        decision = None
        if known is None or known.by_context:
            decision = self.reader.message(turn)
            self.degraded |= dict.fromkeys(decision.degraded)
            if self.reader.is_partial(decision):
                self.partial.add(turn.digest)
            suspicion = self.reader.suspicion(decision, turn.inspection)
            action, category, severity = decision.action, decision.category, decision.severity
            confidence = decision.confidence
        else:
            action, category, severity = known.action, known.category, known.severity
            confidence = known.confidence
            on_model = category is None or category.code < MODEL_CATEGORIES
            suspicion = confidence if on_model else 0.0
        alone = action
        said, shown = self.said[:], self.shown[:]
        hit = self._assemble(turn, suspicion)
        if hit is not None:
            suspicion = max(suspicion, hit.confidence)
            if hit.action >= action:
                action, category, severity = hit.action, hit.category, hit.severity
                confidence = hit.confidence
        found = self._watched(turn.inspection)
        for finding in found:
            wanted = self._action_of(finding)
            if wanted > action:
                action, category, severity = wanted, finding.category, finding.severity
                confidence = finding.score
        action = max(action, self._weigh(turn.inspection, suspicion))
        enforced = self.reader.corridor.charter.enforced
        quarantined = action >= self.conduct.quarantine and enforced
        by_context = action is not alone or self.reader.remembers
        outcome = Outcome(action, category, severity, confidence, quarantined, by_context)
        self.told.append(Told(turn.path, turn.index, self.turns, outcome, decision, tuple(found)))
        self._keep(turn.digest, outcome)
        if quarantined:
            # What does not go on to the model is a piece of nothing.
            self.said, self.shown = said, shown
        self.turns += 1

    def _keep(self, digest: bytes, outcome: Outcome) -> None:
        standing = self.outcomes.get(digest)
        if standing is None or not standing.quarantined:
            self.outcomes[digest] = outcome

    def _assemble(self, turn: Turn, suspicion: float) -> Decision | None:
        if not self.conduct.assemble:
            return None
        hit: Decision | None = None
        for at, content in enumerate(turn.inspection.contents):
            is_speech = content.origin in _SPEECH
            if content.modality is not Modality.TEXT or not (
                is_speech or content.origin in _BROUGHT
            ):
                continue
            for fragment in fragments(
                content.text,
                turn=self.turns,
                index=turn.index,
                content=at,
                confidence=suspicion,
                is_speech=is_speech,
            ):
                window = self._push(fragment, is_speech=is_speech)
                if hit is None:
                    hit = self._complete(window, content.origin, is_speech=is_speech)
        return hit

    def _push(self, fragment: Fragment, *, is_speech: bool) -> list[Fragment]:
        window = self.said if is_speech else self.shown
        window.append(fragment)
        del window[:-FRAGMENTS_MAX]
        return window

    def _complete(
        self, window: Sequence[Fragment], origin: Origin, *, is_speech: bool
    ) -> Decision | None:
        # What was put together once is not told again with every message that follows.
        is_over = self.turns - self.heard_turn >= FRAGMENTS_MAX
        heard = Action.ALLOW if is_over else self.heard
        for candidate in candidates(window, is_speech=is_speech):
            decision = self.reader.whole(candidate, origin)
            if decision is None or decision.action <= heard:
                continue
            self.heard, self.heard_turn = decision.action, self.turns
            spans = [finding.span for finding in decision.findings if not finding.mention]
            self.assembled.append(Assembled(candidate.how, candidate.pieces(spans), decision))
            return decision
        return None

    def _weigh(self, inspection: Inspection, suspicion: float) -> Action:
        """Let risk sink and rise; give the action that it asks for."""
        origins = {content.origin for content in inspection.contents}
        if origins.isdisjoint(_SPEECH | _BROUGHT):
            return Action.ALLOW
        trajectory = self.conduct.trajectory
        left = trajectory.after(self.risk, self.now_ms - (self.at_ms or self.now_ms))
        added = trajectory.added(suspicion)
        self.risk, self.at_ms = trajectory.together(left, added), self.now_ms
        is_over = added > 0 and self.risk >= trajectory.threshold
        return trajectory.action if is_over else Action.ALLOW

    def _watched(self, inspection: Inspection) -> list[Finding]:
        return [it for watch in self.watches.values() for it in watch.observe(inspection.contents)]

    def _action_of(self, finding: Finding) -> Action:
        if finding.mention:
            return Action.ALLOW
        threshold = self.reader.corridor.charter.policy.thresholds[finding.category.code]
        if finding.score >= threshold.block:
            return Action.BLOCK
        return Action.FLAG if finding.score >= threshold.flag else Action.ALLOW


def _moved(window: Sequence[Fragment], shift: int | None) -> list[Fragment]:
    """Give fragments the places that their messages have in the list of today."""
    if shift == 0:
        return list(window)
    return [
        replace(it, index=None if shift is None or it.index is None else _place(it.index + shift))
        for it in window
    ]


def _place(index: int) -> int | None:
    return index if index >= 0 else None


def follow(watchers: Sequence[Watcher], kept: Mapping[str, bytes]) -> dict[str, Watch]:
    """Go on watching where the last call stopped."""
    return {it.name: it.follow(kept.get(it.name, b"")) for it in watchers}


def watched(watches: Mapping[str, Watch]) -> Iterator[tuple[str, bytes | None]]:
    """Give what those who watch want kept; none where it is more than a conversation may hold."""
    for name, watch in watches.items():
        state = watch.state()
        yield name, state if len(state) <= WATCHED_BYTES_MAX else None
