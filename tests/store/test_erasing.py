"""Who asks to be forgotten is: in the store, in its journals, in jobs; nobody else is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.decided import attack, detection, request
from tests.store.conftest import MakeStore
from typer.testing import CliRunner

from aidefence.adapters.store import erasing
from aidefence.app.parts.erasing import open_erasure
from aidefence.app.parts.store import Store
from aidefence.app.settings.reading import read_settings
from aidefence.delivery.cli.main import app
from aidefence.domain.access import GRANTS, LOCAL, Caller, Role
from aidefence.domain.asking import Context, Request
from aidefence.domain.audit import AuditAction
from aidefence.domain.enums import Action
from aidefence.domain.feedback import GroundTruth
from aidefence.domain.job import JobKind

OTHERS = Caller("theirs", Role.ADMIN, GRANTS[Role.ADMIN], "others")
NAMES = ["ann", "Åsa 🎈", "a'; --", "x" * 300, "nul\0nul", "half \ud800"]


def _of(user: str, said: str = "hello", caller: Caller = LOCAL) -> Request:
    return request(said, caller=caller, context=Context(user=user, session=f"chat of {user[:20]}"))


def _rows(store: Store) -> dict[str, int]:
    tables = ("episodes", "contents", "feedback", "reviews", "comments", "jobs")
    with store.database.read() as connection:
        return {
            it: connection.execute(text(f"SELECT count(*) FROM {it}")).scalar_one() for it in tables
        }


def _fill(store: Store, user: str, caller: Caller = LOCAL) -> list[str]:
    """Have all kinds of things kept of somebody; gives the names of their requests."""
    asked = [_of(user, f"I am {user[:20]!r} {at}", caller) for at in range(3)]
    store.log.record_all([(it, attack()) for it in asked[:2]])
    store.log.record(asked[2], detection(Action.REVIEW))
    store.folding.fold()
    store.feedback.give(asked[0].id, caller, GroundTruth.ATTACK, None, {})
    [case] = [it for it in store.reviews.cases(caller) if it.episode.id == asked[2].id]
    store.reviews.comment(case.id, caller, "well")
    told = {"body": {"content": "x", "context": {"userId": user}}, "core": False, "peer": None}
    store.jobs.submit(JobKind.DETECT, json.dumps(told).encode(), caller)
    return [it.id for it in asked]


def _erase(config: Path, user: str, *more: str) -> dict[str, object]:
    ran = CliRunner().invoke(app, ["db", "erase", user, "--json", "--config", str(config), *more])
    assert ran.exit_code == 0, ran.output
    told: dict[str, object] = json.loads(ran.stdout)
    return told


def test_all_that_is_kept_of_somebody_goes(store: Store, config: Path) -> None:
    kept = _fill(store, "anna")
    rows = _rows(store)
    _fill(store, "ann")
    told = _erase(config, "ann")
    kinds = ("episodes", "contents", "feedback", "reviews", "jobs", "sessions")
    assert told["erased"] == dict(zip(kinds, (3, 0, 1, 1, 1, 0), strict=True))
    assert _rows(store) == rows
    assert store.episodes.find(kept[0], LOCAL).user == "anna"
    assert _erase(config, "ann")["digest"] == told["digest"]
    assert sum(_erase(config, "ann")["erased"].values()) == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("user", NAMES)
def test_whatever_they_are_called(store: Store, config: Path, user: str) -> None:
    store.log.record(_of(user), detection())
    store.log.record(_of("somebody else"), detection())
    assert _erasure(store, config)(user)["episodes"] == 1
    assert _rows(store)["episodes"] == 1


def test_a_user_of_another_tenant_is_another_user(store: Store, config: Path) -> None:
    _fill(store, "ann", OTHERS)
    rows = _rows(store)
    assert sum(_erase(config, "ann")["erased"].values()) == 0  # type: ignore[attr-defined]
    assert _rows(store) == rows
    _erase(config, "ann", "--tenant", "others")
    assert set(_rows(store).values()) == {0}


def test_many_pages_are_gone_through(
    store: Store, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "_LOOKED_AT_ONCE", 3)
    monkeypatch.setattr(erasing, "_DELETED_AT_ONCE", 2)
    asked = [_of("ann" if at % 3 else "ben") for at in range(20)]
    store.log.record_all([(it, attack()) for it in asked])
    assert _erasure(store, config)("ann")["episodes"] == 13
    assert _rows(store)["episodes"] == 7


def test_journals_that_are_still_written_to_hold_nothing_of_them(
    store: Store, config: Path, tmp_path: Path
) -> None:
    store.log.record_all([(_of("ann"), attack()), (_of("ben"), attack())])
    [journal] = (tmp_path / "journal").glob("*.seg")
    assert b"chat of ann" in journal.read_bytes()
    assert _erasure(store, config)("ann")["episodes"] == 1
    assert b"ann" not in journal.read_bytes()
    assert b"chat of ben" in journal.read_bytes()
    # Whoever writes to it goes on, and what comes later is taken over.
    later = _of("ann")
    store.log.record(later, attack())
    store.folding.fold()
    assert store.folding.damaged == 0
    assert store.episodes.find(later.id, LOCAL).user == "ann"
    assert _rows(store)["episodes"] == 2


def test_contents_go_and_the_file_holds_no_trace(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store(content="encrypted")
    config = tmp_path / "gateway.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n')
    store.log.record(_of("ann-of-green-gables"), attack())
    store.folding.fold()
    assert _rows(store)["contents"] == 1
    told = _erase(config, "ann-of-green-gables")
    assert told["erased"]["contents"] == 1  # type: ignore[index]
    store.log.close()
    store.database.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"ann-of-green-gables" not in path.read_bytes(), path


def test_a_batch_with_one_of_theirs_and_an_answer_to_them_go(store: Store, config: Path) -> None:
    asked = _of("ann")
    store.log.record(asked, detection())
    answer = json.dumps({"requestId": asked.id}).encode()
    store.jobs.submit(JobKind.DETECT, b'{"body": {"content": "later"}}', LOCAL)
    assert store.jobs.run_next({JobKind.DETECT: lambda _: answer})
    batch = {"body": {"requests": [{"content": "a"}, {"context": {"userId": "ann"}}]}}
    store.jobs.submit(JobKind.DETECT_BATCH, json.dumps(batch).encode(), LOCAL)
    others = store.jobs.submit(JobKind.DETECT_BATCH, b'{"body": {"requests": []}}', LOCAL)
    assert _erasure(store, config)("ann")["jobs"] == 2
    assert store.jobs.find(others.id, LOCAL).id == others.id


def test_it_is_written_down_without_a_name(store: Store, config: Path) -> None:
    store.log.record(_of("ann"), detection())
    told = _erase(config, "ann", "--as", "officer")
    [record] = store.audit.read(LOCAL, [AuditAction.USER_ERASED])
    assert (record.event.actor, record.event.target) == ("officer", told["digest"])
    assert record.event.details["episodes"] == 1
    assert "ann" not in str(record.event)
    assert store.audit.verify().intact


def _erasure(store: Store, config: Path) -> Callable[[str], Mapping[str, int]]:
    """Give what forgets a user; names that no shell can hold go past the command line."""
    erasure = open_erasure(read_settings(config), store)
    return lambda user: erasure.erase(user, LOCAL).counts
