"""Signed tokens: which are trusted, what they say, and what happens to forged ones."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from tests.access.conftest import open_client

from aidefence.adapters.jwks import KeySet
from aidefence.adapters.jwt_tokens import JwtTokens, TokenRules
from aidefence.adapters.system import SystemClock
from aidefence.app.settings import Settings
from aidefence.app.settings.auth import AuthSettings, JwtSettings
from aidefence.domain.access import GRANTS, Plan, Role
from aidefence.domain.errors import ConfigError
from aidefence.domain.refusals import UnauthenticatedError, UnavailableError

RSA = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
ISSUER, AUDIENCE = "https://id.example.com", "aidefence"


def _jwk(text: str, name: str, **more: str) -> dict[str, Any]:
    return {**json.loads(text), "kid": name, **more}


def _jwks() -> str:
    keys = [
        _jwk(RSAAlgorithm.to_jwk(RSA.public_key()), "r", alg="RS256", use="sig"),
        _jwk(ECAlgorithm.to_jwk(CURVE.public_key()), "e"),
        _jwk(OKPAlgorithm.to_jwk(EDWARDS.public_key()), "d"),
        {"kty": "oct", "kid": "o", "k": base64.urlsafe_b64encode(b"shared" * 6).decode()},
        _jwk(RSAAlgorithm.to_jwk(OTHER.public_key()), "x", use="enc"),
        {"kty": "unheard-of", "kid": "u"},
    ]
    return json.dumps({"keys": keys})


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text(_jwks())
    return path


def _claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "u-1", "exp": now + 600, "role": "analyst"}
    return {name: it for name, it in {**claims, **more}.items() if it is not None}


def _token(key: Any = RSA, algorithm: str = "RS256", name: str | None = "r", **claims: Any) -> str:
    headers = {} if name is None else {"kid": name}
    return jwt.encode(_claims(**claims), key, algorithm, headers=headers)


def _reader(jwks: Path, **rules: Any) -> JwtTokens:
    given = TokenRules(issuer=ISSUER, audience=(AUDIENCE,), **rules)
    return JwtTokens(given, KeySet(str(jwks)), SystemClock())


@pytest.mark.parametrize(
    ("key", "algorithm", "name"),
    [(RSA, "RS256", "r"), (CURVE, "ES256", "e"), (EDWARDS, "EdDSA", "d")],
)
def test_a_token_names_a_caller(jwks: Path, key: Any, algorithm: str, name: str) -> None:
    read = _reader(jwks)
    token = _token(key, algorithm, name)
    for _ in range(2):
        caller = read(token)
        assert caller.id == "jwt:u-1"
        assert caller.permissions == GRANTS[Role.ANALYST]
        assert caller.tenant == "default"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 100},
        {"nbf": int(time.time()) + 1000},
        {"iat": int(time.time()) + 1000},
        {"iss": "https://evil.example.com"},
        {"aud": "somebody-else"},
        *({name: None} for name in ("exp", "iss", "aud", "sub", "role")),
        {"exp": "soon"},
        {"sub": 7},
        {"sub": ""},
        {"sub": "a\nb"},
        {"sub": "x" * 1000},
        {"role": "root"},
        {"role": 7},
        {"role": ["root", None, {}]},
        {"role": {"admin": True}},
    ],
)
def test_a_token_that_says_something_wrong_is_refused(jwks: Path, claims: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError):
        _reader(jwks)(_token(**claims))


def _forge(header: dict[str, Any], secret: bytes | None) -> str:
    def encode(part: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    signed = f"{encode(header)}.{encode(_claims(role='admin'))}"
    mac = b"" if secret is None else hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _public_pem() -> bytes:
    return RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "token",
    [
        _forge({"alg": "none", "typ": "JWT"}, None),
        _forge({"alg": "None", "kid": "r"}, None),
        # The public key taken for a secret that both sides share.
        _forge({"alg": "HS256", "kid": "r"}, _public_pem()),
        _forge({"alg": "HS256", "kid": "o"}, b"shared" * 6),
        _forge({"alg": "RS256", "kid": "r"}, _public_pem()),
        _forge({"alg": ["RS256"], "kid": "r"}, None),
        _forge({"alg": "RS256", "kid": {"r": 1}}, None),
        _forge({"kid": "r"}, None),
        _token(OTHER, name="r"),
        _token(OTHER, name="x"),
        _token(name="unknown"),
        _token(name=None),
        _token(RSA, "PS256"),
        _token(RSA, "RS512"),
        _token()[:-4] + "AAAA",
        *("", "..", "a.b.c", "\u00fc.\u00fc.\u00fc", "x" * 10_000_000, "e30.e30.e30"),
    ],
)
def test_a_forged_token_opens_nothing(jwks: Path, token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        _reader(jwks)(token)


def test_claims_say_role_tenant_and_plan(jwks: Path) -> None:
    read = _reader(
        jwks,
        role_claim="realm_access.roles",
        roles={"sec": Role.ANALYST, "ops": Role.OPERATOR},
        tenant_claim="org",
        plan_claim="https://example.com/plan",
    )
    said: dict[str, Any] = {
        "realm_access": {"roles": ["other", "sec", "ops"]},
        "https://example.com/plan": "pro",
    }
    caller = read(_token(**said, org="acme"))
    assert (caller.role, caller.tenant, caller.plan) == (Role.OPERATOR, "acme", Plan.PRO)
    for wrong in ({"org": None}, {"org": "A B"}, {"org": 1}, {"https://example.com/plan": "gold"}):
        with pytest.raises(UnauthenticatedError):
            read(_token(**{**said, "org": "acme", **wrong}))


def test_leeway_forgives_clocks_and_no_more(jwks: Path) -> None:
    late = _token(exp=int(time.time()) - 20)
    _reader(jwks, leeway_seconds=60)(late)
    with pytest.raises(UnauthenticatedError, match="expired"):
        _reader(jwks, leeway_seconds=5)(late)


def test_a_token_read_before_still_expires(jwks: Path) -> None:
    read = _reader(jwks, leeway_seconds=0)
    token = _token(exp=int(time.time()) + 1)
    read(token)
    time.sleep(2.1)
    with pytest.raises(UnauthenticatedError, match="expired"):
        read(token)


def test_a_key_taken_back_opens_nothing_more(jwks: Path) -> None:
    now = [0.0]
    keys = KeySet(str(jwks), lambda: now[0] + time.monotonic())
    read = JwtTokens(TokenRules(issuer=ISSUER, audience=(AUDIENCE,)), keys, SystemClock())
    read(_token())
    jwks.write_text(json.dumps({"keys": json.loads(_jwks())["keys"][1:]}))
    read(_token())
    now[0] = 1000
    deadline = time.monotonic() + 10
    while _trusts(read) and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(UnauthenticatedError, match="nobody vouches for"):
        read(_token())


def _trusts(read: JwtTokens) -> bool:
    try:
        read(_token())
    except UnauthenticatedError:
        return False
    return True


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "oct"}]}'])
def test_without_keys_nobody_is_judged(jwks: Path, text: str) -> None:
    jwks.write_text(text)
    with pytest.raises(UnavailableError, match="keys of tokens cannot be had"):
        _reader(jwks)(_token())
    jwks.unlink()
    with pytest.raises(UnavailableError):
        _reader(jwks)(_token())


@pytest.mark.parametrize(
    "source", ["http://id.example.com/jwks", "ftp://127.0.0.1/x", "http://127.0.0.1.evil.com/x"]
)
def test_keys_come_over_a_way_that_nobody_can_change(source: str) -> None:
    with pytest.raises(ConfigError, match="https"):
        KeySet(source)


@pytest.mark.parametrize(
    "wrong", [{"algorithms": ("HS256",)}, {"algorithms": ("none",)}, {"algorithms": ()}]
)
def test_algorithms_that_anybody_could_sign_by_cannot_be_set(
    jwks: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError):
        _reader(jwks, **wrong)


class _Provider(BaseHTTPRequestHandler):
    delay_seconds = 0.0
    body = b""
    pages: ClassVar[dict[str, bytes]] = {}
    status = 200

    def do_GET(self) -> None:
        time.sleep(type(self).delay_seconds)
        self.send_response(type(self).status)
        self.send_header("location", "/elsewhere")
        self.end_headers()
        try:
            self.wfile.write(self.pages.get(self.path, self.body))
        except BrokenPipeError:
            return

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def provider() -> Iterator[str]:
    _Provider.body, _Provider.status, _Provider.delay_seconds = _jwks().encode(), 200, 0.0
    server = HTTPServer(("127.0.0.1", 0), _Provider)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/jwks"
    server.shutdown()
    thread.join()
    server.server_close()


def _far(url: str) -> JwtTokens:
    rules = TokenRules(issuer=ISSUER, audience=(AUDIENCE,))
    return JwtTokens(rules, KeySet(url), SystemClock())


def test_keys_come_from_the_provider(provider: str) -> None:
    assert _far(provider)(_token()).id == "jwt:u-1"


def _asked(issuer: str) -> JwtTokens:
    rules = TokenRules(issuer=issuer, audience=(AUDIENCE,))
    return JwtTokens(rules, KeySet(issuer, discovers=True), SystemClock())


def _documented(monkeypatch: pytest.MonkeyPatch, path: str, document: object) -> None:
    place = f"{path}/.well-known/openid-configuration"
    monkeypatch.setattr(_Provider, "pages", {place: json.dumps(document).encode()})


@pytest.mark.parametrize("path", ["", "/", "/realms/acme", "/realms/acme/"])
def test_an_issuer_says_itself_where_its_keys_are(
    provider: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = provider.removesuffix("/jwks") + path
    told = {"issuer": issuer, "jwks_uri": provider, "authorization_endpoint": "https://x"}
    _documented(monkeypatch, path.rstrip("/"), told)
    assert _asked(issuer)(_token(iss=issuer)).id == "jwt:u-1"


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://id.example.com/realms/other"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "http://id.example.com/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "/etc/passwd"},
    ],
)
def test_an_issuer_that_says_something_odd_is_not_believed(
    provider: str, change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer = provider.removesuffix("/jwks")
    _documented(monkeypatch, "", {"issuer": issuer, "jwks_uri": provider} | change)
    with pytest.raises(UnavailableError, match="issuer"):
        _asked(issuer)(_token(iss=issuer))


def test_an_issuer_that_has_no_address_needs_its_keys_named() -> None:
    for issuer in ("acme", "http://id.example.com"):
        with pytest.raises(ConfigError, match="`jwks` names no other"):
            KeySet(issuer, discovers=True)


def test_a_provider_that_is_slow_wrong_or_gone_is_told(provider: str) -> None:
    for status, body in ((500, b""), (302, b""), (200, b"x" * (2 << 20)), (200, b"no json")):
        _Provider.status, _Provider.body = status, body
        with pytest.raises(UnavailableError):
            _far(provider)(_token())
    _Provider.delay_seconds = 4.0
    read = _far(provider)
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(UnavailableError):
            read(_token())
    assert time.monotonic() - began < 6
    _Provider.delay_seconds = 0.0


def test_a_gateway_takes_tokens_beside_keys(jwks: Path, tmp_path: Path) -> None:
    signed = JwtSettings(issuer=ISSUER, audience=(AUDIENCE,), jwks=str(jwks))
    settings = Settings(state_dir=tmp_path / "state", auth=AuthSettings(jwt=signed))
    client = open_client(settings)
    hello = {"content": "hello"}
    assert client.post("/api/v2/detect", json=hello).status_code == 401
    for token, status in ((_token(), 200), (_token(role="viewer"), 403), (_token(OTHER), 401)):
        headers = {"authorization": f"Bearer {token}"}
        assert client.post("/api/v2/detect", json=hello, headers=headers).status_code == status
