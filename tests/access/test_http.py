"""Keys and sessions over HTTP, at a gateway with all its parts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.access.conftest import open_client

from aidefence.app.keys import open_keys
from aidefence.app.settings import Settings, Sources
from aidefence.domain.access import LOCAL, Permission, Role
from aidefence.service.keys import Keys, KeyWish

DETECT = "/api/v2/detect"
KEYS = "/api/v2/keys"
SESSION = "/api/v2/session"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path / "state")


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return open_keys(Sources(None, {"state_dir": settings.state_dir}, uses_environment=False))


@pytest.fixture
def client(settings: Settings) -> TestClient:
    return open_client(settings)


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def _make(client: TestClient, by: str | None = None, **wish: Any) -> dict[str, Any]:
    headers = {} if by is None else _bearer(by)
    answer = client.post(KEYS, json={"name": "x", **wish}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_key_is_made_used_rotated_and_revoked(client: TestClient) -> None:
    admin = _make(client, role="admin")["key"]
    made = _make(client, admin, name="shop", tenant="acme", plan="pro", permissions=["detect"])
    key, details = made["key"], made["details"]
    assert details["prefix"] == key[: len(details["prefix"])]
    assert details["permissions"] == ["detect"]
    hello = {"content": "hello"}
    for headers in (_bearer(key), {"x-api-key": key}, {"api-key": key}, {"x-aidefence-key": key}):
        assert client.post(DETECT, json=hello, headers=headers).status_code == 200
    listed = client.get(KEYS, headers=_bearer(admin))
    assert key not in listed.text
    assert {it["name"] for it in listed.json()["keys"]} == {"x", "shop"}
    place = f"{KEYS}/{details['id']}"
    rotated = client.post(f"{place}/rotate", json={"overlapSeconds": 0}, headers=_bearer(admin))
    assert client.post(DETECT, json=hello, headers=_bearer(key)).status_code == 401
    fresh = rotated.json()["key"]
    assert client.post(DETECT, json=hello, headers=_bearer(fresh)).status_code == 200
    revoked = client.delete(place, headers=_bearer(admin))
    assert revoked.json()["active"] is False
    assert revoked.json() == client.get(place, headers=_bearer(admin)).json()
    refused = client.post(DETECT, json=hello, headers=_bearer(fresh))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="aidefence"'
    assert "was revoked" in refused.json()["detail"]


def test_pages_of_keys_follow_each_other(client: TestClient) -> None:
    admin = _make(client, role="admin")["key"]
    for _ in range(4):
        _make(client, admin)
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        query = {"limit": "2", "after": after}
        page = client.get(KEYS, params=query, headers=_bearer(admin)).json()
        seen += [it["id"] for it in page["keys"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 422, "/name"),
        ({"name": ""}, 422, "/name"),
        ({"name": "a\u0007"}, 422, "/name"),
        ({"name": "x", "role": "root"}, 422, "/role"),
        ({"name": "x", "permissions": []}, 422, "/permissions"),
        ({"name": "x", "permissions": ["all"]}, 422, "/permissions/0"),
        ({"name": "x", "role": "viewer", "permissions": ["detect"]}, 422, "/permissions"),
        ({"name": "x", "tenant": "A B"}, 422, "/tenant"),
        ({"name": "x", "lifeSeconds": -1}, 422, "/lifeSeconds"),
        ({"name": "x", "secret": "mine"}, 422, "/secret"),
    ],
)
def test_a_wish_that_makes_no_key_names_the_field(
    client: TestClient, body: dict[str, Any], status: int, pointer: str
) -> None:
    answer = client.post(KEYS, json=body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_nobody_makes_a_key_that_may_more(client: TestClient, keys: Keys) -> None:
    some = frozenset({Permission.MANAGE_KEYS, Permission.DETECT})
    by = keys.create(LOCAL, KeyWish("some", Role.ADMIN, some)).text
    more = client.post(KEYS, json={"name": "x", "role": "admin"}, headers=_bearer(by))
    assert more.status_code == 403
    assert _make(client, by, permissions=["detect"])
    assert client.get(f"{KEYS}/nothing", headers=_bearer(by)).status_code == 404
    admin = keys.create(LOCAL, KeyWish("a", Role.ADMIN)).text
    time.sleep(0.06)
    operator = _make(client, admin, role="operator")["key"]
    assert client.get(KEYS, headers=_bearer(operator)).status_code == 403
    assert client.get(KEYS).status_code == 401


def test_a_browser_signs_in_works_and_signs_out(client: TestClient, keys: Keys) -> None:
    key = keys.create(LOCAL, KeyWish("person", Role.ADMIN)).text
    assert client.get(SESSION).status_code == 401
    assert client.post(SESSION, json={"key": key[:-1] + "!"}).status_code == 401
    opened = client.post(SESSION, json={"key": key})
    assert opened.status_code == 201
    cookie = opened.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Secure", "Path=/"} <= set(cookie.split("; "))
    assert opened.headers["cache-control"] == "no-store"
    token = opened.json()["csrfToken"]
    assert client.get(SESSION).json() == opened.json()
    assert client.get(KEYS).status_code == 200
    assert client.post(KEYS, json={"name": "x"}).status_code == 403
    shown = {"x-csrf-token": token}
    assert client.post(KEYS, json={"name": "x"}, headers=shown).status_code == 201
    assert client.delete(SESSION).status_code == 403
    kept = client.cookies["aidefence_session"]
    assert client.delete(SESSION, headers=shown).status_code == 204
    assert "aidefence_session" not in client.cookies
    again = {"cookie": f"aidefence_session={kept}", **shown}
    assert client.get(KEYS, headers=again).status_code == 401


def test_a_session_over_plain_http_is_not_marked_secure(settings: Settings, keys: Keys) -> None:
    key = keys.create(LOCAL, KeyWish("person")).text
    plain = open_client(settings, "http://127.0.0.1")
    assert "Secure" not in plain.post(SESSION, json={"key": key}).headers["set-cookie"]


def test_what_is_done_with_keys_is_written_down(client: TestClient, settings: Settings) -> None:
    from aidefence.app.parts.store import open_audit, open_database  # noqa: PLC0415

    made = _make(client, role="admin")
    by = _bearer(made["key"])
    client.post(SESSION, json={"key": made["key"]})
    client.cookies.clear()
    client.post(f"{KEYS}/{made['details']['id']}/rotate", json={}, headers=by)
    client.delete(f"{KEYS}/{made['details']['id']}", headers=by)
    audit = open_audit(settings, open_database(settings))
    records = audit.read_all()
    told = [(it.event.action.value, it.event.actor, it.event.target) for it in records]
    prefix, caller = made["details"]["prefix"], f"key:{made['details']['id']}"
    assert [it for it in told if it[0].startswith(("key.", "session."))] == [
        ("key.created", "local", prefix),
        ("session.opened", caller, ""),
        ("key.rotated", caller, prefix),
        ("key.revoked", caller, prefix),
    ]
    assert made["key"] not in repr(records)
    assert audit.verify().intact


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer " + "x" * 100_000},
        {"authorization": "Bearer aidk_" + "\u00e9" * 48},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"x-api-key": "\x7f"},
        {"cookie": "aidefence_session=" + "-" * 5000},
        {"cookie": "aidefence_session=\u00fc"},
        {"authorization": "Bearer a.b.c"},
        {"authorization": "Bearer ..", "x-csrf-token": "\u00fc"},
    ],
)
def test_no_header_opens_or_breaks_it(
    client: TestClient, keys: Keys, headers: dict[str, str]
) -> None:
    keys.create(LOCAL, KeyWish("only"))
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    answer = client.post(DETECT, json={"content": "hello"}, headers=raw)
    assert answer.status_code == 401, answer.text
