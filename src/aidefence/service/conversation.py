"""Follow conversations: every message inspected once, the offending one set apart, risk kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aidefence.domain.content import Degraded, Inspection
from aidefence.domain.conversation import (
    DIGEST_BYTES,
    Change,
    Conduct,
    ConversationDecision,
    Kept,
    Outcome,
    Row,
    Saved,
    State,
    Told,
)
from aidefence.domain.enums import Action, Direction, Origin
from aidefence.domain.errors import ConversationError
from aidefence.ingest.items import speaker
from aidefence.ingest.messages import Place, Request, open_request
from aidefence.pipeline.corridor import Corridor
from aidefence.ports.cipher import Cipher
from aidefence.ports.clock import Clock
from aidefence.ports.conversations import ConversationStore
from aidefence.ports.watcher import Watcher
from aidefence.service.conversation_digests import (
    BLOCK,
    Block,
    Blocks,
    Known,
    Listing,
    list_messages,
    owner_of,
)
from aidefence.service.conversation_state import (
    read_outcome,
    read_state,
    write_outcome,
    write_state,
)
from aidefence.service.conversation_turns import Reader, Turn, Walk, follow, watched
from aidefence.service.house import House

MESSAGES_MAX = 100_000
ROWS_MAX = 100_000
_ATTEMPTS_MAX = 256
_TAIL = 8
_TAIL_BYTES = _TAIL * DIGEST_BYTES
_PURGE_EVERY_MS = 60_000
# So far back from the end of a list the newest turn may begin.
_TURN_MAX = 256


class Follower:
    """Follows conversations by name. Safe to share between threads; processes share the store."""

    __slots__ = (
        *("_blocks", "_cipher", "_clock", "_corridor", "_house", "_key", "_purged_ms", "_store"),
        *("_ttl_ms", "_version", "_watchers"),
    )

    def __init__(
        self,
        corridor: Corridor,
        store: ConversationStore,
        cipher: Cipher,
        key: Callable[[], bytes],
        clock: Clock,
        blocks: Blocks,
        *,
        ttl_ms: int,
        watchers: Sequence[Watcher] = (),
        house: House | None = None,
    ) -> None:
        """`key` gives the key of this installation; `blocks` is shared by all who use the store.

        `house` holds policies against every message; the conversation is their session.
        """
        self._corridor = corridor
        self._store = store
        self._cipher = cipher
        self._key = key
        self._clock = clock
        self._blocks = blocks
        self._ttl_ms = ttl_ms
        self._watchers = tuple(watchers)
        self._house = house
        version = corridor.charter.policy_version
        self._version = f"{version}+{house.version}" if house else version
        self._purged_ms = 0

    def inspect(
        self,
        name: str,
        given: object,
        conduct: Conduct,
        origin: Origin = Origin.USER,
        *,
        since_ns: int = 0,
    ) -> ConversationDecision:
        """Decide about a whole chat as it would be sent now; only what is new is inspected.

        `since_ns` is from when its time counts, where somebody waits for it.
        """
        request = open_request(given, messages_max=MESSAGES_MAX)
        start_ns = self._clock.monotonic_ns()
        since_ns = since_ns or self._corridor.batch_since(start_ns)
        reader = Reader(self._corridor, since_ns, self._house, name)
        call = _Call(self._known(name), conduct, reader, start_ns)
        head = [(it, it.read(origin, Direction.INPUT)) for it in request.head]
        for _ in range(_ATTEMPTS_MAX):
            kept, state = self._open(call.known)
            epoch = None if kept is None else kept.epoch
            listing = list_messages(request, call.known, self._blocks, epoch, origin)
            seen = _Seen.of(self._store, call.known, head, listing, request, is_new=kept is None)
            cut = _cut(state, listing)
            walk = self._walk(call, state, None if cut is None else cut - state.listed)
            for turn in _turns(request, head, listing, seen, cut, origin):
                walk.take(turn)
            tail = bytes(listing.digests[-_TAIL_BYTES:])
            is_same = not walk.told and state.listed == len(listing) and state.tail == tail
            saved: Saved | None
            if is_same and kept is not None:
                saved = Saved(kept.epoch)
            else:
                saved = self._save(call, kept, walk, len(listing), tail)
            if saved is not None:
                self._remember(listing, walk, None if saved.dropped else saved.epoch)
                return self._conclude(call, walk, _Standing(request, head, listing, seen))
        raise ConversationError("too many others write to this conversation at once")

    def observe(
        self,
        name: str,
        message: object,
        conduct: Conduct,
        origin: Origin = Origin.USER,
        *,
        since_ns: int = 0,
    ) -> ConversationDecision:
        """Decide about the next message alone; what came before is known."""
        start_ns = self._clock.monotonic_ns()
        reader = Reader(self._corridor, since_ns or start_ns, self._house, name)
        call = _Call(self._known(name), conduct, reader, start_ns)
        inspection = Place("", message).read(origin, Direction.INPUT)
        digest = call.known.digest(inspection)
        for _ in range(_ATTEMPTS_MAX):
            kept, state = self._open(call.known)
            outcome = None
            if kept is not None:
                found = self._store.outcomes(call.known.address.tag, [digest]).get(digest)
                outcome = None if found is None else read_outcome(found)
            walk = self._walk(call, state, 0)
            walk.take(Turn(f"/{state.listed}", state.listed, inspection, digest, outcome))
            tail = (state.tail + digest)[-_TAIL_BYTES:]
            if self._save(call, kept, walk, state.listed + 1, tail) is not None:
                return self._conclude(call, walk, None)
        raise ConversationError("too many others write to this conversation at once")

    def state(self, name: str) -> State:
        """Return what remains of a conversation."""
        return self._open(self._known(name))[1]

    def forget(self, name: str) -> bool:
        """Delete a conversation, whatever policy followed it; says whether there was one."""
        self._known(name)
        return self._store.forget(owner_of(self._key(), name))

    def purge(self) -> int:
        """Delete what has expired; says how many conversations."""
        return self._store.purge(self._clock.now_ms())

    def _known(self, name: str) -> Known:
        return Known.of(self._key(), name, self._version)

    def _open(self, known: Known) -> tuple[Kept | None, State]:
        tag = known.address.tag
        kept = self._store.load(tag, self._clock.now_ms())
        if kept is None:
            return None, State()
        data = self._cipher.unseal(known.seal_key, kept.sealed, tag)
        if data is None:
            raise ConversationError("what is kept does not open with its key: it was changed")
        # What another version wrote in a form that we do not read begins anew; outcomes stay.
        return kept, read_state(data) or State()

    def _walk(self, call: _Call, state: State, shift: int | None) -> Walk:
        watches = follow(self._watchers, state.watched)
        now_ms = self._clock.now_ms()
        return Walk.on_from(state, call.reader, call.conduct, watches, now_ms, shift)

    def _save(
        self, call: _Call, kept: Kept | None, walk: Walk, listed: int, tail: bytes
    ) -> Saved | None:
        self._purge_sometimes(walk.now_ms)
        states: dict[str, bytes] = {}
        for name, data in watched(walk.watches):
            if data is None:
                reason = "its state outgrew a conversation: it begins anew"
                walk.degraded[Degraded(f"conversation.{name}", reason)] = None
            else:
                states[name] = data
        state = walk.state(listed, tail, states)
        address = call.known.address
        rows = [
            Row(digest, write_outcome(outcome), outcome.quarantined)
            for digest, outcome in walk.outcomes.items()
            if digest not in walk.partial
        ]
        sealed = self._cipher.seal(call.known.seal_key, write_state(state), address.tag)
        revision = 0 if kept is None else kept.revision
        expires_ms = walk.now_ms + self._ttl_ms
        change = Change(revision, sealed, rows, walk.now_ms, expires_ms, ROWS_MAX)
        return self._store.save(address, change)

    def _remember(self, listing: Listing, walk: Walk, epoch: int | None) -> None:
        """Know resent blocks again. What was not inspected to its end must be asked for again."""
        for start, name in listing.blocks:
            digests = bytes(listing.digests[start * DIGEST_BYTES : (start + BLOCK) * DIGEST_BYTES])
            is_sure = not walk.partial or not any(
                listing.at(at) in walk.partial for at in range(start, start + BLOCK)
            )
            self._blocks.put(name, Block(digests, epoch if is_sure else None))

    def _conclude(
        self, call: _Call, walk: Walk, standing: _Standing | None
    ) -> ConversationDecision:
        held = [it for it in walk.told if it.quarantined]
        actions = [it.action for it in walk.told]
        degraded = dict(walk.degraded)
        if standing is not None:
            held = list(standing.quarantined(walk))
            actions += standing.actions()
            degraded |= dict.fromkeys(standing.request.unread)
        return ConversationDecision(
            action=max(actions, default=Action.ALLOW),
            enforced=self._corridor.charter.enforced,
            risk=walk.risk,
            messages=tuple(walk.told),
            quarantined=tuple(held),
            assembled=tuple(walk.assembled),
            degraded=tuple(degraded),
            reasons=tuple(_reasons(walk)),
            policy_version=self._version,
            elapsed_ns=self._clock.monotonic_ns() - call.start_ns,
        )

    def _purge_sometimes(self, now_ms: int) -> None:
        if now_ms - self._purged_ms >= _PURGE_EVERY_MS:
            # Two threads may both come here; the second finds nothing.
            self._purged_ms = now_ms
            self._store.purge(now_ms)


@dataclass(frozen=True, slots=True)
class _Call:
    known: Known
    conduct: Conduct
    reader: Reader
    start_ns: int


_Head = Sequence[tuple[Place, Inspection]]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the store knows of the messages of one call."""

    head: tuple[bytes, ...]
    outcomes: Mapping[bytes, Outcome]
    quarantined: Mapping[bytes, Outcome]
    turn_start: int
    """Where the newest turn begins: after what the model said last."""

    @classmethod
    def of(
        cls,
        store: ConversationStore,
        known: Known,
        head: _Head,
        listing: Listing,
        request: Request,
        *,
        is_new: bool,
    ) -> _Seen:
        digests = tuple(known.digest(inspection) for _, inspection in head)
        start = _turn_start(request.messages)
        if is_new:
            return cls(digests, {}, {}, start)
        asked = dict.fromkeys(digests)
        asked |= dict.fromkeys(listing.at(at) for at in listing.unsure())
        asked |= dict.fromkeys(listing.at(at) for at in range(start, len(listing)))
        tag = known.address.tag
        outcomes = store.outcomes(tag, list(asked))
        return cls(
            digests,
            {digest: read_outcome(it) for digest, it in outcomes.items()},
            {digest: read_outcome(it) for digest, it in store.quarantined(tag).items()},
            start,
        )


@dataclass(frozen=True, slots=True)
class _Standing:
    """The list of one call, with all that is known of it."""

    request: Request
    head: _Head
    listing: Listing
    seen: _Seen

    def actions(self) -> Iterator[Action]:
        """Give the actions of what belongs to the newest turn and was known before."""
        current = [
            *self.seen.head,
            *(self.listing.at(at) for at in range(self.seen.turn_start, len(self.listing))),
        ]
        for digest in current:
            outcome = self.seen.outcomes.get(digest)
            if outcome is not None:
                yield outcome.action

    def quarantined(self, walk: Walk) -> Iterator[Told]:
        """Give all messages of the list that are in quarantine, in their order."""
        fresh = {it.path: it for it in walk.told}
        known = dict(self.seen.quarantined)
        known |= {digest: it for digest, it in walk.outcomes.items() if it.quarantined}
        if not known:
            return
        for (place, _), digest in zip(self.head, self.seen.head, strict=True):
            if digest in known:
                yield fresh.get(place.path) or Told(place.path, None, None, known[digest])
        for at in range(len(self.listing)):
            digest = self.listing.at(at)
            if digest in known:
                path = self.request.place(at).path
                told = fresh.get(path)
                if told is None or not told.quarantined:
                    told = Told(path, at, None, known[digest])
                yield told


def _turns(
    request: Request,
    head: _Head,
    listing: Listing,
    seen: _Seen,
    cut: int | None,
    origin: Origin,
) -> Iterator[Turn]:
    """Give what is new: at its place, or in what it says."""
    for (place, inspection), digest in zip(head, seen.head, strict=True):
        if digest not in seen.outcomes:
            yield Turn(place.path, None, inspection, digest)
    end = len(listing) if cut is None else cut
    old = (at for at in listing.unsure() if at < end and listing.at(at) not in seen.outcomes)
    for at in (*old, *range(end, len(listing))):
        place = request.place(at)
        inspection = listing.read.get(at) or place.read(origin, Direction.INPUT)
        digest = listing.at(at)
        outcome = seen.outcomes.get(digest) or seen.quarantined.get(digest)
        yield Turn(place.path, at, inspection, digest, outcome)


def _cut(state: State, listing: Listing) -> int | None:
    """Find where in the list the messages end that were there last time; none if it is another."""
    if not state.tail:
        return 0
    digests, tail = bytes(listing.digests), state.tail
    here = min(state.listed, len(listing)) * DIGEST_BYTES
    if digests[:here].endswith(tail[-here:]) and here:
        return here // DIGEST_BYTES
    # A client that leaves out what is old sends the same end at another place.
    for length in (len(tail), DIGEST_BYTES * 2, DIGEST_BYTES):
        at = digests.rfind(tail[-length:])
        while at > 0 and at % DIGEST_BYTES:
            at = digests.rfind(tail[-length:], 0, at + length - 1)
        if at >= 0 and at % DIGEST_BYTES == 0:
            return (at + length) // DIGEST_BYTES
    return None


def _turn_start(messages: Sequence[object]) -> int:
    start = len(messages)
    least = max(0, start - _TURN_MAX)
    while start > least and speaker(messages[start - 1]) is not Origin.ASSISTANT:
        start -= 1
    return start


def _reasons(walk: Walk) -> Iterator[str]:
    for told in walk.told:
        if told.action is Action.ALLOW:
            continue
        if told.decision is not None and told.decision.action is not Action.ALLOW:
            yield from (f"{told.path}: {reason}" for reason in told.decision.reasons[:1])
        elif told.outcome.by_context:
            risk = f"risk {walk.risk:.2f} of the conversation"
            yield f"{told.path}: {told.action.value} by what came before it ({risk})"
    for it in walk.assembled:
        turns = ", ".join(str(turn) for turn in dict.fromkeys(p.turn for p in it.pieces))
        yield f"{it.how.value} of turns {turns} say together: {it.decision.reasons[0]}"
