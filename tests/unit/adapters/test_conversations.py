"""Both stores of conversations keep the same promises."""

from pathlib import Path

import pytest

from aidefence import ConversationError
from aidefence.adapters.conversations_memory import MemoryConversations
from aidefence.adapters.conversations_sqlite import SqliteConversations
from aidefence.domain.conversation import Address, Change, Row
from aidefence.ports.conversations import ConversationStore

ONE, OTHER = Address(b"tag-1", b"owner"), Address(b"tag-2", b"owner")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ConversationStore:
    if request.param == "memory":
        return MemoryConversations()
    return SqliteConversations(tmp_path / "talks.db")


def _change(revision: int, *digests: bytes, held: bool = False, most: int = 100) -> Change:
    rows = [Row(it, b"out-" + it, held) for it in digests]
    return Change(revision, b"state", rows, now_ms=1000, expires_ms=2000, rows_max=most)


def test_what_is_saved_is_there(store: ConversationStore) -> None:
    assert store.load(ONE.tag, 1000) is None
    saved = store.save(ONE, _change(0, b"a", b"b"))
    assert saved is not None
    assert not saved.dropped
    kept = store.load(ONE.tag, 1000)
    assert kept is not None
    assert (kept.revision, kept.epoch, kept.sealed) == (1, saved.epoch, b"state")
    assert store.outcomes(ONE.tag, [b"a", b"x"]) == {b"a": b"out-a"}
    assert store.outcomes(OTHER.tag, [b"a"]) == {}
    assert store.outcomes(ONE.tag, []) == {}


def test_only_one_of_two_may_change_it(store: ConversationStore) -> None:
    store.save(ONE, _change(0, b"a"))
    assert store.save(ONE, _change(0, b"b")) is None
    assert store.save(ONE, _change(1, b"b")) is not None
    assert store.save(ONE, _change(1, b"c")) is None
    assert store.outcomes(ONE.tag, [b"a", b"b", b"c"]) == {b"a": b"out-a", b"b": b"out-b"}


def test_quarantine_comes_and_goes(store: ConversationStore) -> None:
    store.save(ONE, _change(0, b"a", b"b", held=True))
    assert store.quarantined(ONE.tag) == {b"a": b"out-a", b"b": b"out-b"}
    store.save(ONE, _change(1, b"a"))
    assert store.quarantined(ONE.tag) == {b"b": b"out-b"}
    assert store.quarantined(OTHER.tag) == {}


def test_the_oldest_outcomes_make_room(store: ConversationStore) -> None:
    many = [b"%03d" % at for at in range(150)]
    first = store.save(ONE, _change(0, *many[:100]))
    then = store.save(ONE, _change(1, *many[100:101]))
    assert first is not None
    assert then is not None
    assert (first.dropped, then.dropped) == (False, True)
    assert then.epoch != first.epoch
    known = store.outcomes(ONE.tag, many)
    assert sorted(known) == many[11:101]
    store.save(ONE, _change(2, *many))
    assert len(store.outcomes(ONE.tag, many)) <= 100


def test_time_runs_out(store: ConversationStore) -> None:
    store.save(ONE, _change(0, b"a"))
    assert store.load(ONE.tag, 1999) is not None
    assert store.load(ONE.tag, 2000) is None
    again = Change(0, b"new", [], now_ms=2000, expires_ms=9000, rows_max=9)
    assert store.save(ONE, again) is not None
    assert store.outcomes(ONE.tag, [b"a"]) == {}
    store.save(OTHER, _change(0, b"a"))
    assert store.purge(5000) == 1
    assert store.load(ONE.tag, 5000) is not None


def test_it_forgets_all_versions(store: ConversationStore) -> None:
    for address in (ONE, OTHER):
        store.save(address, _change(0, b"a", held=True))
    assert store.forget(b"owner")
    assert not store.forget(b"owner")
    assert store.load(ONE.tag, 1000) is None
    assert store.quarantined(ONE.tag) == {}
    first = store.save(ONE, _change(0))
    assert first is not None
    assert store.outcomes(ONE.tag, [b"a"]) == {}


def test_memory_is_bounded_over_all_conversations() -> None:
    store = MemoryConversations(conversations_max=5, rows_max=1000)
    for at in range(20):
        store.save(Address(b"%d" % at, b"o"), _change(0, b"a"))
    assert [at for at in range(20) if store.load(b"%d" % at, 1000)] == [15, 16, 17, 18, 19]
    store = MemoryConversations(conversations_max=100, rows_max=50)
    for at in range(10):
        store.save(Address(b"%d" % at, b"o"), _change(0, *(b"%d" % row for row in range(20))))
    assert [at for at in range(10) if store.load(b"%d" % at, 1000)] == [8, 9]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "no.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(ConversationError):
        SqliteConversations(path)
    with pytest.raises(ConversationError):
        SqliteConversations(tmp_path)
