"""The audit log: one chain over all processes, and every way to change it afterwards shows."""

from __future__ import annotations

import json
import multiprocessing
import re
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.store.conftest import MakeStore

from aidefence.adapters.signing import SigningKey
from aidefence.app.parts.store import Store, open_store
from aidefence.app.settings import Settings
from aidefence.app.settings.store import StoreSettings
from aidefence.domain.access import GRANTS, LOCAL, Caller, Role
from aidefence.domain.audit import AuditAction
from aidefence.domain.errors import ConfigError

_OTHERS = Caller("key-9", Role.ADMIN, GRANTS[Role.ADMIN], tenant="others")


@pytest.fixture
def filled(store: Store) -> Store:
    for at in range(1, 6):
        caller = _OTHERS if at == 3 else LOCAL
        store.audit.note(
            caller, AuditAction.FLAG_CHANGED, f"flag-{at}", on=at % 2 == 0, odd="\0\ud800"
        )
    return store


def _do(store: Store, sql: str, **values: Any) -> None:
    with store.database.change() as connection:
        connection.execute(text(sql), values)


def _told(store: Store, head: str | None = None) -> list[tuple[int, str]]:
    return [(it.number, it.reason) for it in store.audit.verify(head).faults]


def test_a_chain_is_whole(filled: Store) -> None:
    report = filled.audit.verify()
    assert report.intact
    assert report.records == 5
    records = filled.audit.read_all()
    assert [it.number for it in records] == [1, 2, 3, 4, 5]
    assert records[0].previous == "0" * 64
    assert report.head == records[-1].hash
    assert records[1].event.details == {"on": True, "odd": "\0\ud800"}
    assert filled.audit.verify(records[2].hash).intact


def test_tenants_read_their_own(filled: Store) -> None:
    assert [it.number for it in filled.audit.read(LOCAL)] == [1, 2, 4, 5]
    assert [it.number for it in filled.audit.read(_OTHERS)] == [3]
    assert [it.number for it in filled.audit.read(LOCAL, after=2, limit=1)] == [4]
    assert filled.audit.read(LOCAL, [AuditAction.KILL_THROWN]) == []


def _change_words(store: Store) -> None:
    _do(store, "UPDATE audit SET body = replace(body, 'flag-2', 'flag-7') WHERE number = 2")


def _change_with_hash(store: Store) -> None:
    with store.database.change() as connection:
        body = connection.execute(text("SELECT body FROM audit WHERE number = 2")).scalar_one()
        new = str(body).replace("flag-2", "flag-7")
        values = {"body": new, "hash": sha256(new.encode()).hexdigest()}
        connection.execute(text("UPDATE audit SET body=:body, hash=:hash WHERE number=2"), values)


def _remove(store: Store) -> None:
    _do(store, "DELETE FROM audit WHERE number = 2")


def _remove_and_close_up(store: Store) -> None:
    _do(store, "DELETE FROM audit WHERE number = 2")
    for number in (3, 4, 5):
        _do(store, "UPDATE audit SET number = :new WHERE number = :old", new=number - 1, old=number)


def _swap(store: Store) -> None:
    for new, old in ((99, 2), (2, 3), (3, 99)):
        _do(store, "UPDATE audit SET number = :new WHERE number = :old", new=new, old=old)


def _hide_from_a_tenant(store: Store) -> None:
    _do(store, "UPDATE audit SET tenant = 'nobody' WHERE number = 2")


def _forge_a_signature(store: Store) -> None:
    _do(store, "UPDATE audit SET signature = :zero WHERE number = 2", zero="00" * 64)


def _spoil_a_signature(store: Store) -> None:
    _do(store, "UPDATE audit SET signature = 'no hex' WHERE number = 2")


@pytest.mark.parametrize(
    ("tamper", "number", "reason"),
    [
        (_change_words, 2, "was changed"),
        (_change_with_hash, 2, "signature is wrong"),
        (_remove, 3, "record 2 before it is gone"),
        (_remove_and_close_up, 2, "place of record 3"),
        (_swap, 2, "place of record 3"),
        (_hide_from_a_tenant, 2, "tenant or action"),
        (_forge_a_signature, 2, "signature is wrong"),
        (_spoil_a_signature, 2, "signature is wrong"),
    ],
)
def test_what_was_done_to_a_record_is_told_with_its_number(
    filled: Store, tamper: Callable[[Store], None], number: int, reason: str
) -> None:
    tamper(filled)
    faults = _told(filled)
    assert faults[0][0] == number
    assert reason in faults[0][1]


def test_a_chain_that_was_cut_off_is_told(filled: Store) -> None:
    _do(filled, "DELETE FROM audit WHERE number > 3")
    [table, file] = _told(filled)
    assert table == (3, "the chain should end with record 5, and ends here")
    assert file[0] == 3
    assert "record 5, noted outside" in file[1]


def test_a_chain_that_was_cut_off_with_its_end_is_told_by_the_file(filled: Store) -> None:
    _do(filled, "DELETE FROM audit WHERE number > 3")
    _do(filled, "UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit WHERE number=3)")
    [(number, reason)] = _told(filled)
    assert number == 3
    assert "record 5, noted outside" in reason


def test_what_was_noted_elsewhere_tells_the_rest(filled: Store, tmp_path: Path) -> None:
    head = filled.audit.verify().head
    _do(filled, "DELETE FROM audit WHERE number > 3")
    _do(filled, "UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit WHERE number=3)")
    (tmp_path / "audit.head").unlink()
    # Database and file were put back together: only a note elsewhere tells.
    assert _told(filled) == []
    assert _told(filled, head) == [(3, f"no record has the hash `{head}`")]


def test_a_log_that_is_gone_is_told(filled: Store) -> None:
    _do(filled, "DELETE FROM audit")
    _do(filled, "DELETE FROM audit_head")
    assert len(_told(filled)) == 2


@pytest.mark.parametrize("spoiled", ["", "{}", "[]", '{"number": 5, "hash": "00"}'])
def test_a_spoiled_note_is_told(filled: Store, tmp_path: Path, spoiled: str) -> None:
    (tmp_path / "audit.head").write_text(spoiled)
    assert len(_told(filled)) == 1


def test_what_was_not_noted_before_a_kill_is_no_fault(filled: Store, tmp_path: Path) -> None:
    head = tmp_path / "audit.head"
    before = head.read_text()
    filled.audit.note(LOCAL, AuditAction.KILL_THROWN)
    head.write_text(before)
    assert filled.audit.verify().intact
    filled.audit.note(LOCAL, AuditAction.KILL_RELEASED)
    assert json.loads(head.read_text())["number"] == 7


@pytest.mark.usefixtures("filled")
def test_another_key_is_told_until_it_is_known(
    make_store: MakeStore, url: str | None, tmp_path: Path
) -> None:
    (tmp_path / "audit.key").unlink()
    public = tmp_path / "audit.pub"
    shutil.move(public, tmp_path / "other.pub")
    strangers = make_store(url)
    strangers.audit.note(LOCAL, AuditAction.KILL_THROWN)
    faults = strangers.audit.verify().faults
    assert [it.number for it in faults] == [1, 2, 3, 4, 5]
    assert "not known here" in faults[0].reason
    friends = make_store(url, audit_keys=(tmp_path / "other.pub",))
    assert friends.audit.verify().intact


def test_the_page_lists_every_action(root: Path) -> None:
    page = (root / "docs/audit.md").read_text("utf-8")
    table = page.split("| action | when |")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z.]+)`", table)) == set(AuditAction)


def test_keys_are_for_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    key = SigningKey(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey(path).key_id == key.key_id
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        SigningKey(path)
    path.chmod(0o600)
    path.write_text("no key")
    with pytest.raises(ConfigError, match="hex digits"):
        SigningKey(path)


def test_several_processes_keep_one_chain(
    make_store: MakeStore, url: str | None, tmp_path: Path
) -> None:
    store = make_store(url)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_note_often, args=(tmp_path, url, at)) for at in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(90)
        assert writer.exitcode == 0
    report = store.audit.verify()
    assert report.faults == ()
    assert report.records == 3 * 25
    assert json.loads((tmp_path / "audit.head").read_text())["number"] == 75


def _note_often(folder: Path, url: str | None, number: int) -> None:
    settings = Settings(state_dir=folder, store=StoreSettings(url=url))  # type: ignore[arg-type]
    store = open_store(settings, lambda given: given)
    for at in range(25):
        store.audit.note(LOCAL, AuditAction.FLAG_CHANGED, f"{number}-{at}")
    store.database.close()
