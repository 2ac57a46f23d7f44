"""The front door of conversations: a chat is followed by its name, message after message."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from aidefence.adapters.cipher import AesGcm, Unsealed
from aidefence.adapters.conversations_memory import MemoryConversations
from aidefence.adapters.conversations_sqlite import SqliteConversations
from aidefence.adapters.keyring import KeyFile
from aidefence.adapters.system import SystemClock
from aidefence.app.sanitise import check_key
from aidefence.domain.conversation import Conduct, ConversationDecision, Trajectory
from aidefence.domain.enums import Action, Origin
from aidefence.domain.errors import SettingError
from aidefence.ingest.messages import Inspectable
from aidefence.pipeline.corridor import Corridor
from aidefence.ports.cipher import Cipher
from aidefence.ports.clock import Clock
from aidefence.ports.watcher import Watcher
from aidefence.service.conversation import Follower
from aidefence.service.conversation_digests import Blocks, owner_of
from aidefence.service.house import House

TTL_SECONDS = 86_400
_TTL_SECONDS_MAX = 10 * 365 * 86_400
_KEY_BYTES = 32
_CLOCK: Clock = SystemClock()


class ConversationStore:
    """Where conversations are kept: in this process, or in a file that processes share."""

    __slots__ = ("_blocks", "_cipher", "_key", "_store", "_ttl_ms")

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        key: bytes | None = None,
        key_file: Path | str | None = None,
        ttl_seconds: float = TTL_SECONDS,
        kept_max: int | None = None,
    ) -> None:
        """Keep conversations in memory, or in the file `path`, which is sealed.

        A file is sealed under `key`, at least 16 bytes, or under the key in `key_file`. Without
        either there is a key file beside it, `path` and `.key`, made when it is first needed. A
        conversation in which nothing new is said for `ttl_seconds` is forgotten; of a file, so
        are those that are silent for longest where it holds more than `kept_max`.

        Raises:
            ConversationError: the file cannot be used.
            VaultError: the key file cannot be used.

        """
        if not 0 < ttl_seconds <= _TTL_SECONDS_MAX:
            raise SettingError("ttl_seconds", f"`{ttl_seconds}` is not between 0 and ten years")
        if key is not None and key_file is not None:
            raise SettingError("key", "given twice: as `key` and as `key_file`")
        self._ttl_ms = int(ttl_seconds * 1000)
        self._blocks = Blocks()
        self._cipher: Cipher
        self._store: MemoryConversations | SqliteConversations
        if path is None:
            self._store, self._cipher = MemoryConversations(), Unsealed()
        else:
            # Without what seals, no file is made.
            self._cipher = AesGcm()
            self._store = SqliteConversations(Path(path), kept_max)
        self._key = _key(path, key, key_file)

    def follower(
        self,
        corridor: Corridor,
        *,
        clock: Clock = _CLOCK,
        watchers: Sequence[Watcher] = (),
        house: House | None = None,
    ) -> Follower:
        """Tie the store to what inspects, and to the policies that decide after it."""
        return Follower(
            corridor,
            self._store,
            self._cipher,
            self._key,
            clock,
            self._blocks,
            ttl_ms=self._ttl_ms,
            watchers=watchers,
            house=house,
        )

    def key_for(self, purpose: str) -> bytes:
        """Give a key that all who share the store have, and that tells nothing of theirs."""
        return blake2b(purpose.encode(), key=self._key()[:64], digest_size=_KEY_BYTES).digest()

    def forget(self, name: str) -> bool:
        """Delete a conversation; says whether there was one."""
        return self._store.forget(owner_of(self._key(), name))

    def purge(self) -> int:
        """Delete what has expired; says how many conversations. Writing does so now and then."""
        return self._store.purge(_CLOCK.now_ms())

    def __repr__(self) -> str:
        return "ConversationStore()"


class Conversation:
    """One conversation. Threads, tasks and processes that use its name share what is known of it.

    Every message is inspected once. What is quarantined must not go on to the model; whatever is
    said afterwards is judged for itself.
    """

    __slots__ = ("_conduct", "_follower", "_name")

    def __init__(self, follower: Follower, name: str, conduct: Conduct) -> None:
        self._follower = follower
        self._name = name
        self._conduct = conduct

    def inspect(
        self, messages: Inspectable, *, origin: Origin = Origin.USER
    ) -> ConversationDecision:
        """Decide about a whole chat as it would be sent now; only what is new is inspected.

        Takes a list of messages or a whole request. Texts that do not say from whom they come are
        taken for `origin`.
        """
        given = [messages] if isinstance(messages, str) else messages
        return self._follower.inspect(self._name, given, self._conduct, origin)

    def observe(self, message: object, *, origin: Origin = Origin.USER) -> ConversationDecision:
        """Decide about the next message alone. It costs the same, however many came before."""
        return self._follower.observe(self._name, message, self._conduct, origin)

    async def ainspect(
        self, messages: Inspectable, *, origin: Origin = Origin.USER
    ) -> ConversationDecision:
        """Do as `inspect`, without holding up the event loop."""
        return await asyncio.to_thread(self.inspect, messages, origin=origin)

    async def aobserve(
        self, message: object, *, origin: Origin = Origin.USER
    ) -> ConversationDecision:
        """Do as `observe`, without holding up the event loop."""
        return await asyncio.to_thread(self.observe, message, origin=origin)

    @property
    def risk(self) -> float:
        """The risk after the last message, from 0 to 1."""
        return self._follower.state(self._name).risk

    @property
    def turns(self) -> int:
        """How many messages were seen."""
        return self._follower.state(self._name).turns

    def forget(self) -> bool:
        """Delete all that is kept of it; says whether there was anything."""
        return self._follower.forget(self._name)

    def __repr__(self) -> str:
        return "Conversation()"


def make_conduct(
    *,
    quarantine: Action | str = Action.BLOCK,
    risk_threshold: float | None = None,
    risk_action: Action | str = Action.FLAG,
    assemble: bool = True,
) -> Conduct:
    """Check what a caller asks for; raises `SettingError` naming what is wrong."""
    from_action = _action("quarantine", quarantine)
    if from_action is Action.ALLOW:
        raise SettingError("quarantine", "`allow` would set every message apart")
    given = Trajectory()
    threshold = given.threshold if risk_threshold is None else risk_threshold
    if not 0 < threshold <= 1:
        raise SettingError("risk_threshold", f"`{threshold}` is not between 0 and 1")
    trajectory = Trajectory(threshold=threshold, action=_action("risk_action", risk_action))
    return Conduct(from_action, trajectory, assemble)


@lru_cache(maxsize=1)
def process_store() -> ConversationStore:
    """Give the store of this process, for those who name none."""
    return ConversationStore()


def _action(setting: str, given: Action | str) -> Action:
    try:
        return Action(given)
    except ValueError:
        known = ", ".join(Action)
        raise SettingError(setting, f"`{given}` is unknown: expected {known}") from None


def _key(
    path: Path | str | None, key: bytes | None, key_file: Path | str | None
) -> Callable[[], bytes]:
    if key is not None:
        given = check_key(key)
        return lambda: given
    if path is None and key_file is None:
        fresh = os.urandom(_KEY_BYTES)
        return lambda: fresh
    # One key only: what was sealed under another could be neither found nor opened.
    file = KeyFile(Path(f"{path}.key") if key_file is None else Path(key_file))
    first = file.secrets()[0].key
    return lambda: first
