"""Whose address counts behind proxies, and who cannot make one up."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.access.conftest import open_client

from aidefence.app.settings import Settings
from aidefence.delivery.http.forwarded import Proxies
from aidefence.domain.errors import SettingError

TRUSTED = ("10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.1")


def _seen(peer: str, *forwarded: str, proto: str = "") -> tuple[str, str]:
    headers = [(b"x-forwarded-for", it.encode("latin-1")) for it in forwarded]
    if proto:
        headers.append((b"x-forwarded-proto", proto.encode()))
    scope = {"type": "http", "scheme": "http", "client": (peer, 5), "headers": headers}
    seen = Proxies(TRUSTED).see_through(scope)
    return seen["client"][0], seen["scheme"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.1.2.3", ("203.0.113.9",), "203.0.113.9"),
        ("::ffff:10.1.2.3", ("203.0.113.9",), "203.0.113.9"),
        ("2001:db8:ffff::1", ("2001:db8:1::7",), "2001:db8:1::7"),
        ("10.1.2.3", ("[2001:db8:1::7]:443",), "2001:db8:1::7"),
        ("10.1.2.3", ("203.0.113.9:1234",), "203.0.113.9"),
        # What the client wrote itself stands before what the proxies saw.
        ("10.1.2.3", ("198.51.100.1, 203.0.113.9",), "203.0.113.9"),
        ("10.1.2.3", ("198.51.100.1", "203.0.113.9, 10.9.9.9"), "203.0.113.9"),
        ("10.1.2.3", ("10.5.5.5, 192.0.2.1",), "10.5.5.5"),
        # Nobody whom we trust says so.
        ("203.0.113.50", ("198.51.100.1",), "203.0.113.50"),
        ("@socket", ("198.51.100.1",), "@socket"),
        ("10.1.2.3", (), "10.1.2.3"),
        ("10.1.2.3", ("unknown",), "10.1.2.3"),
        ("10.1.2.3", ("\xfc, ,",), "10.1.2.3"),
        ("10.1.2.3", ("1.1.1.1, " * 50_000 + "203.0.113.9",), "203.0.113.9"),
    ],
)
def test_the_last_address_that_we_do_not_trust_counts(
    peer: str, forwarded: tuple[str, ...], client: str
) -> None:
    assert _seen(peer, *forwarded)[0] == client


def test_the_scheme_is_believed_from_the_same() -> None:
    assert _seen("10.1.2.3", proto="https")[1] == "https"
    assert _seen("10.1.2.3", proto="gopher")[1] == "http"
    assert _seen("203.0.113.50", proto="https")[1] == "http"


def test_a_network_that_is_none_is_told() -> None:
    with pytest.raises(SettingError, match="trusted_proxies"):
        Proxies(("10.0.0.0/99",))


def test_limits_by_address_see_through_proxies(tmp_path: Path) -> None:
    limits = {"address": {"per_second": 0.01, "burst": 1}, "trusted_proxies": ["127.0.0.0/8"]}
    settings = Settings.model_validate({"state_dir": tmp_path, "limits": limits})
    client = open_client(settings, peer="127.0.0.1")

    def ask(address: str) -> int:
        headers = {"x-forwarded-for": address}
        return client.post("/api/v2/detect", json={"content": "hello"}, headers=headers).status_code

    assert [ask("203.0.113.1"), ask("203.0.113.1"), ask("203.0.113.2")] == [200, 429, 200]
    assert [ask("2001:db8::1"), ask("2001:db8::2"), ask("2001:db8:0:1::1")] == [200, 429, 200]
    other = open_client(settings, peer="198.51.100.7")
    answers = [
        other.post("/api/v2/detect", json={"content": "x"}, headers={"x-forwarded-for": it})
        for it in ("203.0.113.7", "203.0.113.8")
    ]
    assert [it.status_code for it in answers] == [200, 429]
    assert answers[1].headers["retry-after"] == "100"
    assert answers[1].headers["ratelimit"] == '"address";r=0;t=100'
    assert answers[1].headers["ratelimit-policy"] == '"address";q=1'
