"""Both stores keep the same promises; the file keeps them between processes too."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aidefence import LimitError, VaultError
from aidefence.adapters.keyring import KeyFile
from aidefence.adapters.vault_memory import MemoryVault
from aidefence.adapters.vault_sqlite import SqliteVault
from aidefence.domain.vaulting import Entry, OpenSession
from aidefence.ports.vault import VaultStore

NEW, OLD = OpenSession(b"new", "k2"), OpenSession(b"old", "k1")
FIRST, SECOND = Entry("a", "pii", b"1"), Entry("b", "iban", b"2")


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> VaultStore:
    return MemoryVault() if request.param == "memory" else SqliteVault(tmp_path / "v.db")


def test_a_session_keeps_its_key(store: VaultStore) -> None:
    assert store.session([OLD], 0, 100) == OLD
    assert store.session([NEW, OLD], 0, 100) == OLD
    assert store.find([NEW, OLD], 0) == OLD
    assert store.key_ids() == {"k1"}
    assert store.find([NEW], 0) is None


def test_who_comes_first_stays(store: VaultStore) -> None:
    store.session([NEW], 0, 100)
    assert store.put(b"new", [FIRST, SECOND], 9) == [FIRST, SECOND]
    assert store.put(b"new", [Entry("a", "pii", b"other")], 9) == [FIRST]
    assert list(store.get(b"new", ["b", "x", "a"])) in ([SECOND, FIRST], [FIRST, SECOND])
    assert store.get(b"old", ["a"]) == []
    assert store.entities(b"new") == {"pii", "iban"}
    assert store.entities(b"old") == set()


def test_a_limit_keeps_nothing(store: VaultStore) -> None:
    store.session([NEW], 0, 100)
    with pytest.raises(LimitError, match="`2` values of one session are more than 1"):
        store.put(b"new", [FIRST, SECOND], 1)
    assert store.get(b"new", ["a", "b"]) == []
    store.put(b"new", [FIRST], 1)
    assert store.put(b"new", [FIRST], 1) == [FIRST]


def test_what_has_expired_is_gone_even_before_it_is_purged(store: VaultStore) -> None:
    store.session([NEW], 0, 100)
    store.put(b"new", [FIRST], 9)
    assert store.find([NEW], 100) is None
    store.session([NEW], 50, 150)
    assert store.find([NEW], 149) == NEW
    store.session([NEW], 200, 300)
    assert store.get(b"new", ["a"]) == []
    assert (store.purge(299), store.purge(300), store.purge(300)) == (0, 1, 0)


def test_what_was_forgotten_takes_nothing_more(store: VaultStore) -> None:
    store.session([NEW], 0, 100)
    store.put(b"new", [FIRST], 9)
    assert (store.forget([b"new", b"old"]), store.forget([b"new"])) == (1, 0)
    with pytest.raises(VaultError, match="forgotten meanwhile"):
        store.put(b"new", [FIRST], 9)


def test_threads_agree(store: VaultStore) -> None:
    def run(at: int) -> object:
        opened = store.session([OpenSession(b"s", f"k{at}")], 0, 100)
        entries = [Entry(str(code), "pii", b"%d" % at) for code in range(40)]
        return store.put(opened.tag, entries, 1000)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(run, range(32)))
    assert all(it == told[0] for it in told)


_OTHER = """
import sys
from pathlib import Path
from aidefence.adapters.vault_sqlite import SqliteVault
from aidefence.domain.vaulting import Entry, OpenSession
store = SqliteVault(Path(sys.argv[1]))
for at in range(200):
    store.session([OpenSession(b"s", "k")], 0, 100)
    print(store.put(b"s", [Entry(str(at), "pii", sys.argv[2].encode())], 1000)[0].sealed.decode())
"""


def test_processes_agree(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", _OTHER, str(tmp_path / "v.db")]
    running = [
        subprocess.Popen([*arguments, name], stdout=subprocess.PIPE, text=True) for name in "xyz"
    ]
    told = [it.communicate()[0].split() for it in running]
    assert [it.returncode for it in running] == [0, 0, 0]
    assert len(told[0]) == 200
    assert told[0] == told[1] == told[2]


def test_the_files_are_for_the_owner_alone(tmp_path: Path) -> None:
    store, keys = SqliteVault(tmp_path / "v.db"), KeyFile(tmp_path / "v.key")
    store.session([NEW], 0, 100)
    assert {stat.S_IMODE(it.stat().st_mode) for it in tmp_path.iterdir()} == {0o600}
    assert len(keys.secrets()[0].key) == 32
    (tmp_path / "v.key").chmod(0o640)
    with pytest.raises(VaultError, match="may be read by others"):
        keys.secrets()


def test_keys_are_made_once_and_rotate(tmp_path: Path) -> None:
    path = tmp_path / "v.key"
    one, other = KeyFile(path), KeyFile(path)
    assert one.secrets() == other.secrets()
    first = one.secrets()[0]
    second = one.rotate(frozenset())
    assert [it.key_id for it in other.secrets()] == [second, first.key_id]
    third = one.rotate(frozenset({first.key_id}))
    assert [it.key_id for it in other.secrets()] == [third, second, first.key_id]
    assert [it.name for it in tmp_path.iterdir()] == ["v.key"]


@pytest.mark.parametrize("text", ["", "key", "a:12", "zz:" + "0" * 64 + "\nrest", "\u00e9"])
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "v.key"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    with pytest.raises(VaultError):
        KeyFile(path)


def test_a_file_that_is_no_vault_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.db").write_text("not a database, but long enough to be looked at" * 40)
    with pytest.raises(VaultError, match="not a database"):
        SqliteVault(tmp_path / "v.db")
    with pytest.raises(VaultError, match="no such file or directory"):
        SqliteVault(tmp_path / "none" / "v.db")
