"""What follows sessions: one sealed file for all workers of this machine."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from aidefence.app.conversation import ConversationStore, make_conduct
from aidefence.app.parts.secrets import secret_for
from aidefence.domain.enums import OnError
from aidefence.pipeline.corridor import Corridor
from aidefence.service.inspect import Inspector
from aidefence.service.talks import Talks

if TYPE_CHECKING:
    from aidefence.app.settings import Settings

_FILE = "conversations.db"
_PURPOSE = "conversations"


def open_talks(settings: Settings, corridor: Corridor, on_error: OnError) -> Talks | None:
    """Tie the sessions of this installation to what inspects; none where nobody wants it.

    Raises:
        ConversationError: the file cannot be used.

    """
    given = settings.conversations
    if not given.enabled:
        return None
    # Opened once, however often settings are loaded again.
    store = _store(settings.state_dir, given.ttl_seconds, given.kept_max)
    conduct = make_conduct(risk_threshold=given.risk_threshold, risk_action=given.risk_action)
    return Talks(store.follower(corridor), conduct, Inspector(corridor), on_error)


def forget_talk(settings: Settings, name: str) -> bool:
    """Delete what is known of a session; says whether there was anything.

    Raises:
        ConversationError: the file cannot be used.

    """
    given = settings.conversations
    if not (settings.state_dir / _FILE).exists():
        return False
    return _store(settings.state_dir, given.ttl_seconds, given.kept_max).forget(name)


@lru_cache(maxsize=2)
def _store(state_dir: Path, ttl_seconds: float, kept_max: int) -> ConversationStore:
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = secret_for(_PURPOSE, state_dir)
    path = state_dir / _FILE
    return ConversationStore(path, key=key, ttl_seconds=ttl_seconds, kept_max=kept_max)
