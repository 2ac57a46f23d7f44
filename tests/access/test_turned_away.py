"""Who was not let in stands in the audit log, and a flood of them does not fill it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from tests.access.conftest import TurnedClock, open_client

from aidefence.adapters.signing import SigningKey
from aidefence.adapters.store.audit import AuditChain
from aidefence.adapters.store.database import Database
from aidefence.app.keys import open_keys
from aidefence.app.settings import Settings, Sources
from aidefence.domain.access import LOCAL, Caller, Credentials, Permission, Role
from aidefence.domain.api_key import write_key
from aidefence.domain.audit import AuditAction, AuditEvent, AuditRecord
from aidefence.domain.refusals import UnavailableError
from aidefence.service.audit import Audit
from aidefence.service.keys import KeyWish
from aidefence.service.turned_away import TurnedAway

DETECT = "/api/v2/detect"
HELLO = {"content": "hello"}
PEER = "203.0.113.7"
WRONG = write_key("0123456789", "x" * 32)
REFUSED = ("key.refused", "token.refused", "session.refused", "access.denied")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    given = {"state_dir": tmp_path / "state", "graphql": {"enabled": True}}
    return Settings.model_validate(given)


@pytest.fixture
def keys(settings: Settings) -> dict[Role, str]:
    """A key of each role."""
    opened = open_keys(Sources(None, {"state_dir": settings.state_dir}, uses_environment=False))
    return {role: opened.create(LOCAL, KeyWish(role.value, role)).text for role in Role}


@pytest.fixture
def client(settings: Settings, keys: dict[Role, str]) -> Iterator[TestClient]:  # noqa: ARG001
    with open_client(settings, peer=PEER) as client:
        yield client


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def _records(client: TestClient, admin: str, count: int) -> list[dict[str, Any]]:
    """Wait until so many are there."""
    deadline, found = time.monotonic() + 20, list[dict[str, Any]]()
    while time.monotonic() < deadline:
        answer = client.get("/api/v2/audit", params={"limit": 1000}, headers=_bearer(admin))
        found = [it for it in answer.json()["records"] if it["action"] in REFUSED]
        if len(found) >= count:
            break
        time.sleep(0.05)
    return found


def test_a_wrong_key_stands_in_the_log_without_its_secret(
    client: TestClient, keys: dict[Role, str]
) -> None:
    assert client.post(DETECT, json=HELLO, headers=_bearer(WRONG)).status_code == 401
    (record,) = _records(client, keys[Role.ADMIN], 1)
    assert (record["action"], record["actor"]) == ("key.refused", "unknown")
    assert record["target"] == WRONG[:15]
    assert record["details"]["address"] == PEER
    assert record["details"]["reason"] == "no such key"
    assert record["details"]["times"] == 1
    assert "x" * 32 not in str(record)


def test_each_way_to_be_refused_has_its_name(client: TestClient, keys: dict[Role, str]) -> None:
    token = "eyJhbGciOiJub25lIn0.e30."
    assert client.get("/api/v2/rules", headers=_bearer(token)).status_code == 401
    assert client.post("/api/v2/session", json={"key": "guessed"}).status_code == 401
    denied = client.get("/api/v2/keys", headers=_bearer(keys[Role.VIEWER]))
    assert denied.status_code == 403
    records = _records(client, keys[Role.ADMIN], 3)
    assert {it["action"] for it in records} == {
        *("token.refused", "session.refused", "access.denied")
    }
    denied_record = next(it for it in records if it["action"] == "access.denied")
    assert denied_record["target"] == Permission.MANAGE_KEYS.value
    assert denied_record["actor"].startswith("key:")
    assert "guessed" not in str(records)
    assert token not in str(records)


def test_every_door_tells_where_it_came_from(client: TestClient, keys: dict[Role, str]) -> None:
    answer = client.post("/graphql", json={"query": "{ rules { id } }"}, headers=_bearer(WRONG))
    assert "no such key" in answer.text
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/api/v2/detect/stream", headers=_bearer("wrong")),
    ):
        raise AssertionError
    records = _records(client, keys[Role.ADMIN], 2)
    assert {it["details"]["address"] for it in records} == {PEER}
    assert {it["details"]["reason"] for it in records} == {
        *("no such key", "this is no key of this service")
    }


def test_who_shows_nothing_has_tried_nothing(client: TestClient, keys: dict[Role, str]) -> None:
    assert client.post(DETECT, json=HELLO).status_code == 401
    client.post(DETECT, json=HELLO, headers=_bearer(WRONG))
    assert len(_records(client, keys[Role.ADMIN], 2)) == 1


class _Silent(AuditChain):
    """An audit log of which the test says whether it answers."""

    silent = False

    def append(self, event: AuditEvent, at_ms: int) -> AuditRecord:
        if self.silent:
            raise UnavailableError("the store does not answer")
        return super().append(event, at_ms)


@pytest.fixture
def log(tmp_path: Path, database: Database) -> _Silent:
    return _Silent(database, SigningKey(tmp_path / "audit.key"), tmp_path / "audit.head")


def _told(log: _Silent) -> list[AuditRecord]:
    return list(log.read(None, (), 0, 10_000))


def _times(log: _Silent) -> int:
    return sum(int(it.event.details["times"] or 0) for it in _told(log))


def test_a_flood_is_counted_and_not_written_one_by_one(log: _Silent, clock: TurnedClock) -> None:
    away = TurnedAway(Audit(log, clock), clock)
    for second in range(3600):
        for at in range(10):
            address = f"2001:db8:{second:x}:{at}::1"
            away.unknown(Credentials(key=WRONG), address, "no such key")
            away.unknown(Credentials(key=WRONG), PEER, "no such key")
        away.write()
        clock.pass_seconds(1)
    assert len(_told(log)) <= 20 + 3600 // 10
    away.write_rest()
    assert len(_told(log)) <= 20 + 3600 // 10 + 20 + 5
    # Nobody is left out of the count.
    assert _times(log) == 2 * 10 * 3600
    assert log.verify().intact


def test_who_goes_on_is_told_of_once_a_minute(log: _Silent, clock: TurnedClock) -> None:
    away = TurnedAway(Audit(log, clock), clock)
    for _ in range(600):
        away.unknown(Credentials(token="a.b.c"), PEER, "expired")
        away.write()
        clock.pass_seconds(1)
    away.write_rest()
    assert len(_told(log)) == 11
    assert _times(log) == 600
    assert _told(log)[1].event.details["first"] == clock.ms - 599_000


def test_a_log_that_does_not_answer_loses_no_count(log: _Silent, clock: TurnedClock) -> None:
    away = TurnedAway(Audit(log, clock), clock)
    away.unknown(Credentials(key=WRONG), PEER, "no such key")
    log.silent = True
    with pytest.raises(UnavailableError):
        away.write()
    away.unknown(Credentials(key=WRONG), PEER, "no such key")
    log.silent = False
    away.write()
    (record,) = _told(log)
    assert record.event.details["times"] == 2
    assert record.event.target == WRONG[:15]


def test_a_clock_that_is_set_back_silences_nobody(log: _Silent, clock: TurnedClock) -> None:
    away = TurnedAway(Audit(log, clock), clock)
    away.denied(Caller("key:a", Role.VIEWER, frozenset()), Permission.DETECT, None)
    away.write()
    clock.pass_seconds(-86_400)
    away.denied(Caller("key:a", Role.VIEWER, frozenset()), Permission.DETECT, None)
    away.write()
    assert [it.event.action for it in _told(log)] == [AuditAction.ACCESS_DENIED] * 2
