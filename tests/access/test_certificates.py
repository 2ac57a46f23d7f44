"""Callers who are known by a certificate that a proxy in front of us has checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient
from tests.access.conftest import open_client

from aidefence.app.keys import open_keys
from aidefence.app.settings import Settings, Sources
from aidefence.delivery.http.client_certificates import names_in
from aidefence.domain.access import LOCAL, Role
from aidefence.service.keys import KeyWish

DETECT = "/api/v2/detect"
HELLO = {"content": "hello"}
PROXY, STRANGER = "10.0.0.1", "203.0.113.7"
AGENT = "spiffe://acme/agent"
NAMED = [
    {"name": AGENT, "role": "service", "tenant": "acme"},
    {"name": "ops.example", "role": "admin"},
    {"name": "Viewer, Main", "role": "viewer"},
]


def _settings(folder: Path, **auth: Any) -> Settings:
    limits = {"trusted_proxies": ["10.0.0.0/8"]}
    given = {"state_dir": folder / "state", "limits": limits, "auth": auth}
    return Settings.model_validate(given)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return _settings(tmp_path, certificates=NAMED)


@pytest.fixture
def client(settings: Settings) -> TestClient:
    return open_client(settings, peer=PROXY)


def _shows(told: str) -> dict[str, str]:
    return {"x-forwarded-client-cert": told}


def test_a_name_is_a_caller_with_its_role_and_tenant(client: TestClient) -> None:
    agent = _shows(f'By=spiffe://us;Hash=ab12;Subject="CN=agent,O=Acme";URI={AGENT}')
    assert client.post(DETECT, json=HELLO, headers=agent).status_code == 200
    assert client.get("/api/v2/keys", headers=agent).status_code == 403
    operator = _shows('Subject="CN=ops.example"')
    assert client.get("/api/v2/keys", headers=operator).status_code == 200
    viewer = _shows(r'Subject="O=Acme,CN=Viewer\, Main"')
    assert client.post(DETECT, json=HELLO, headers=viewer).status_code == 403
    assert client.get("/api/v2/rules", headers=viewer).status_code == 200


def test_what_a_service_asked_is_its_own(client: TestClient) -> None:
    agent, operator = _shows(f"URI={AGENT}"), _shows("DNS=ops.example")
    asked = client.post(DETECT, json=HELLO, headers=agent).json()["requestId"]
    path = f"/api/v2/requests/{asked}"
    assert client.get(path, headers=agent).status_code == 200
    # Another tenant's, however much its caller may.
    assert client.get(path, headers=operator).status_code == 404


def test_a_stranger_cannot_make_up_a_certificate(settings: Settings) -> None:
    stranger = open_client(settings, peer=STRANGER)
    for told in (f"URI={AGENT}", "DNS=ops.example"):
        assert stranger.post(DETECT, json=HELLO, headers=_shows(told)).status_code == 401
        assert stranger.get("/api/v2/keys", headers=_shows(told)).status_code == 401


def test_without_trusted_proxies_nobody_is_believed(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"state_dir": tmp_path / "state", "auth": {"certificates": NAMED}}
    )
    client = open_client(settings, peer=PROXY)
    answer = client.post(DETECT, json=HELLO, headers=_shows(f"URI={AGENT}"))
    assert answer.status_code == 401


def test_a_certificate_that_names_nobody_opens_nothing(client: TestClient) -> None:
    answer = client.post(DETECT, json=HELLO, headers=_shows("URI=spiffe://acme/other"))
    assert answer.status_code == 401
    assert "certificate" in answer.json()["detail"]
    # A door that has names for callers is shut even before there is any key.
    assert client.post(DETECT, json=HELLO).status_code == 401


def test_a_key_says_more_than_a_certificate(client: TestClient, settings: Settings) -> None:
    keys = open_keys(Sources(None, {"state_dir": settings.state_dir}, uses_environment=False))
    key = keys.create(LOCAL, KeyWish("viewer", Role.VIEWER)).text
    both = {**_shows(f"URI={AGENT}"), "x-api-key": key}
    assert client.post(DETECT, json=HELLO, headers=both).status_code == 403


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("URI=a;DNS=b;DNS=c;Subject=CN=d", ("a", "b", "c", "d")),
        # Only the last is what our own proxy saw; the ones before, its client may have written.
        ("URI=admin,URI=agent", ("agent",)),
        ('Subject="CN=a\\"b;URI=admin"', ('a"b;URI=admin',)),
        ('Subject="CN=a,URI=b,O=c";By=us', ("a",)),
        ('Subject="O=x+CN=y"', ("y",)),
        ('Subject="O=CN=admin"', ()),
        (r'Subject="O=a\,CN=admin,CN=b"', ("b",)),
        (r'Subject="O=a\\,CN=admin,CN=b"', ()),
        (r'Subject="CN=a\2Cb"', ()),
        (r'Subject="cn=a\+b"', ("a+b",)),
        ('Cert="-----BEGIN";URI=a', ("a",)),
        ("URI=", ()),
        ("URI=a,", ("a",)),
        ('URI="a', ()),
        ("no header at all", ()),
        ("", ()),
        ("URI=a;" * 10_000, ()),
        ('"' * 16_000, ()),
        ("Subject=" + "CN=" * 5_000, ("CN=" * 4_999,)),
        ('Subject="' + "O=a," * 3_000 + 'CN=b"', ("b",)),
    ],
)
def test_names_are_read_as_proxies_write_them(header: str, names: tuple[str, ...]) -> None:
    assert names_in(header) == names


def test_settings_that_name_a_caller_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="two callers have the name 'a'"):
        _settings(tmp_path, certificates=[{"name": "a"}, {"name": "a", "role": "admin"}])
