"""Keys of every kind we know, drawn by chance, in the places where people leave them."""

from __future__ import annotations

import base64
import json
import re
import string
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

_TABLE = Path(__file__).with_name("texts") / "secrets.txt"
_PIECE = re.compile(r"\{(\w+)(?::(\d+)(?:-(\d+))?)?\}")
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BASE32 = string.ascii_uppercase + "234567"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_ALPHABETS = {
    "b62": _BASE62,
    "low": string.ascii_lowercase + string.digits,
    "up": string.ascii_uppercase + string.digits,
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "alpha": string.ascii_letters,
    "b64": _BASE62 + "+/",
    "url": _BASE62 + "_-",
    "dig": string.digits,
    "b32": _BASE32,
    "pw": _BASE62,
}
_ANYWHERE = (
    "{name}={key}",
    'export {name}="{key}"',
    '{{"{name}": "{key}", "retries": 3}}',
    "please rotate {key} today",
    "- `{key}` was in the log",
    "{name}: {key}\n# end",
    "use ({key}), not the old one",
)
_NEAR_ITS_NAME = (
    "{name}={key}",
    'export {name}="{key}"',
    '{{"{name}": "{key}", "retries": 3}}',
    "{name} is {key} for now",
    "{name}: '{key}'\n# end",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of key, and where it stands."""

    entity: str
    name: str
    places: tuple[str, ...]
    draw: Callable[[Random], str]

    def text(self, dice: Random) -> tuple[str, int, int]:
        """Return a text with such a key, and where the key starts and ends."""
        key = self.draw(dice)
        before, after = dice.choice(self.places).split("{key}")
        before = before.format(name=self.name)
        return before + key + after.format(name=self.name), len(before), len(before) + len(key)


def shapes() -> tuple[Shape, ...]:
    """Return every kind of key."""
    written = []
    for line in _TABLE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            entity, name, near, *forms = line.split(" ")
            places = _NEAR_ITS_NAME if near == "near" else _ANYWHERE
            written += [Shape(entity, name, places, _drawer(form)) for form in forms]
    return (*written, *_made())


def fill(form: str, dice: Random) -> str:
    """Fill the places of a form, such as `{hex:32}`."""

    def piece(found: re.Match[str]) -> str:
        kind, least, most = found.groups()
        if kind == "uuid":
            return fill("{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}", dice)
        if kind == "discord":
            return _base64(str(dice.randrange(10**17, 10**19)).encode()).replace("+", "-")
        return _drawn(kind, dice.randint(int(least), int(most or least)), dice)

    return _PIECE.sub(piece, form)


def _drawn(kind: str, count: int, dice: Random) -> str:
    while True:
        drawn = "".join(dice.choices(_ALPHABETS[kind], k=count))
        # People choose a password with digits in it.
        if kind != "pw" or sum(map(str.isdigit, drawn)) >= 2:
            return drawn


def _drawer(form: str) -> Callable[[Random], str]:
    return lambda dice: fill(form, dice)


def _base64(data: bytes, *, padded: bool = False) -> str:
    text = base64.b64encode(data).decode()
    return text if padded else text.rstrip("=")


def _base64url(text: str) -> str:
    return _base64(text.encode()).replace("+", "-").replace("/", "_")


def _with_crc(prefix: str) -> Callable[[Random], str]:
    def draw(dice: Random) -> str:
        body = _drawn("b62", 30, dice)
        rest, tail = zlib.crc32(body.encode()), ""
        for _ in range(6):
            rest, digit = divmod(rest, 62)
            tail = _BASE62[digit] + tail
        return prefix + body + tail

    return draw


def _aws_key_id(dice: Random) -> str:
    # One bit, the account, seven bits and two more: ten characters of five bits.
    head = (1 << 49) | dice.randrange(10**12) << 9 | dice.randrange(1 << 9)
    body = "".join(_BASE32[head >> 5 * at & 31] for at in reversed(range(10)))
    return dice.choice(["AKIA", "ASIA"]) + body + _drawn("b32", 6, dice)


def _age_key(dice: Random) -> str:
    name, data = "age-secret-key-", [dice.randrange(32) for _ in range(52)]
    sum_ = 1
    for value in [*(ord(c) >> 5 for c in name), 0, *(ord(c) & 31 for c in name), *data, *[0] * 6]:
        top, sum_ = sum_ >> 25, (sum_ & 0x1FFFFFF) << 5 ^ value
        for bit, part in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            sum_ ^= part if top >> bit & 1 else 0
    data += [(sum_ ^ 1) >> 5 * (5 - at) & 31 for at in range(6)]
    return f"{name}1{''.join(_BECH32[value] for value in data)}".upper()


def _jwt(dice: Random) -> str:
    head = _base64url(json.dumps({"alg": dice.choice(["HS256", "RS256", "EdDSA"]), "typ": "JWT"}))
    subject, scope = _drawn("low", 12, dice), _drawn("low", 40, dice)
    claims = json.dumps({"sub": subject, "exp": dice.randrange(10**9, 10**10), "scope": scope})
    return f"{head}.{_base64url(claims)}.{_drawn('url', dice.choice([43, 86, 342]), dice)}"


def _block(kind: str, head: str, lines_min: int, lines_max: int) -> Callable[[Random], str]:
    def draw(dice: Random) -> str:
        body = head + _drawn("b64", 64 * dice.randint(lines_min, lines_max) - len(head), dice)
        lines = [body[at : at + 64] for at in range(0, len(body), 64)]
        mark = "-" * 5
        ends = (f"{mark}BEGIN {kind}{mark}", f"{mark}END {kind}{mark}")
        return "\n".join([ends[0], *lines, ends[1]])

    return draw


def _kube_key(dice: Random) -> str:
    block = _block("RSA PRIVATE KEY", "MIIEpAIBAAKCAQEA", 10, 25)(dice)
    return _base64(block.encode(), padded=True)


def _pair(dice: Random) -> str:
    return _base64(f"svc:{_drawn('pw', 16, dice)}".encode(), padded=True)


_BLOCK_PLACES = ("{key}", "the file holds\n{key}\nand nothing else", "{name}: |\n{key}")


def _made() -> tuple[Shape, ...]:
    """What more than a form tells: checksums, containers, addresses."""
    anywhere, near = _ANYWHERE, _NEAR_ITS_NAME
    of = _drawer
    url = (
        "{name}://svc:{key}@db7.internal.invalid:5432/shop",
        'url = "{name}://app:{key}@10.2.3.4/x"',
    )
    return (
        Shape("github_token", "GITHUB_TOKEN", anywhere, _with_crc("ghp_")),
        Shape("github_token", "GITHUB_TOKEN", anywhere, _with_crc("ghs_")),
        Shape("github_token", "GITHUB_TOKEN", anywhere, of("gho_{b62:36}")),
        Shape("github_token", "GITHUB_TOKEN", anywhere, of("ghr_{b62:76}")),
        Shape("npm_token", "NPM_TOKEN", anywhere, _with_crc("npm_")),
        Shape("npm_token", "NPM_TOKEN", anywhere, of("npm_{b62:36}")),
        Shape("github_app_token", "TOKEN", anywhere, lambda dice: f"ghs_{4711}_{_jwt(dice)}"),
        Shape("aws_access_key_id", "AWS_ACCESS_KEY_ID", anywhere, _aws_key_id),
        Shape("aws_access_key_id", "AWS_ACCESS_KEY_ID", anywhere, of("AKIA{up:16}")),
        Shape("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", near, of("{b64:40}")),
        Shape(
            "aws_session_token", "AWS_SESSION_TOKEN", near, of("IQoJb3JpZ2luX2Vj{b64:400-700}==")
        ),
        Shape("azure_storage_key", "AccountKey", near, of("{b64:86}==")),
        Shape("azure_connection_string", "SharedAccessKey", ("{name}={key};E=q",), of("{b64:43}=")),
        Shape(
            "azure_sas",
            "x",
            ("https://a.invalid/f?sv=2041-06-08&sp=r&sig={key}",),
            of("{b62:43}%3D"),
        ),
        Shape("azure_service_key", "AZURE_OPENAI_API_KEY", near, of("{hex:32}")),
        Shape("azure_devops_token", "AZURE_DEVOPS_PAT", near, of("{b62:76}AZDO{b62:4}")),
        Shape(
            "google_service_account",
            "x",
            ('{{"type": "service_account", "private_key_id": "{key}"}}',),
            of("{hex:40}"),
        ),
        Shape("age_secret_key", "SOPS_AGE_KEY", anywhere, _age_key),
        Shape("jwt", "SESSION", anywhere, _jwt),
        Shape("private_key", "key", _BLOCK_PLACES, _block("RSA PRIVATE KEY", "MIIEpAIB", 10, 50)),
        Shape("private_key", "key", _BLOCK_PLACES, _block("PRIVATE KEY", "MC4CAQAw", 1, 3)),
        Shape("private_key", "key", _BLOCK_PLACES, _block("EC PRIVATE KEY", "MHcCAQEE", 2, 3)),
        Shape("ssh_private_key", "id", _BLOCK_PLACES, _block("OPENSSH PRIVATE KEY", "b3Bl", 5, 40)),
        Shape(
            "pgp_private_key", "pgp", _BLOCK_PLACES, _block("PGP PRIVATE KEY BLOCK", "lQVY", 9, 50)
        ),
        Shape("kubeconfig_key", "client-key-data", ("    {name}: {key}\n",), _kube_key),
        Shape("docker_auth", "x", ('{{"auths": {{"r.invalid": {{"auth": "{key}"}}}}}}',), _pair),
        Shape("basic_authorization", "x", ("Authorization: Basic {key}",), _pair),
        Shape("bearer_token", "x", ("Authorization: Bearer {key}",), of("{b62:32-48}")),
        Shape("npmrc_token", "x", ("//registry.invalid/:_authToken={key}",), of("{uuid}")),
        Shape("netrc_password", "x", ("machine a.invalid login me password {key}",), of("{pw:14}")),
        Shape("generic_key", "CLIENT_SECRET", near, of("{b62:40-64}")),
        Shape("password_hash", "x", ("{key}",), of("$2b$12${b62:53}")),
        Shape("url_password", "x", ("git clone https://me:{key}@git.invalid/a",), of("{pw:18}")),
        *(Shape("database_url", scheme, url, of("{pw:14}")) for scheme in _SCHEMES),
    )


_SCHEMES = (
    *("postgres", "postgresql", "mysql", "mongodb+srv", "redis", "rediss", "amqps", "mssql"),
    *("mariadb", "clickhouse", "nats", "sftp", "ldaps", "smtps", "oracle", "neo4j", "mqtts"),
)
