"""A certificate: what is proved of a policy, by what, until when, signed by who proved it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Protocol

from aidefence import __version__
from aidefence.domain.errors import AIDefenceError, ImageError
from aidefence.policy.image import Image
from aidefence.policy.reading import keys_of, list_of, read_json, text_of, whole_of
from aidefence.proof.evidence import evidence_object
from aidefence.proof.outcomes import Outcome, Proved, Refuted, Searched, Undecided
from aidefence.proof.proving import Session
from aidefence.proof.stating import statement

VERSION = 1
BYTES_MAX = 64 * 1024 * 1024
DAYS_VALID = 90
_DAY_MS = 24 * 3600 * 1000
_CONTEXT = b"aidefence certificate 1\n"
_ALGORITHM = "ed25519"
_PARTS = (
    *("against", "axioms", "checker", "claims", "created", "delta", "expires", "policy"),
    *("prover", "signature", "theory", "took_ms", "v"),
)


class CertificateError(AIDefenceError):
    """What was given is not a certificate; says where it is not."""


class Signer(Protocol):
    """The key of an installation."""

    @property
    def key_id(self) -> str:
        """The name of the key that signs."""

    def sign(self, message: bytes) -> bytes:
        """Sign a message."""

    def verify(self, key_id: str, signature: bytes, message: bytes) -> str | None:
        """Say what is wrong with a signature; none if nothing is."""


@dataclass(frozen=True)
class Certificate:
    """A certificate as JSON holds it, its outer form checked."""

    content: Mapping[str, object]

    @cached_property
    def json(self) -> bytes:
        """Its one spelling."""
        return spelled(self.content)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of its one spelling, which the transparency log keeps."""
        return sha256(self.json).hexdigest()

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        content = {name: it for name, it in self.content.items() if name != "signature"}
        return _CONTEXT + spelled(content)

    def part(self, name: str) -> Mapping[str, object]:
        """One of its objects."""
        part = self.content[name]
        if not isinstance(part, Mapping):
            raise CertificateError(f"`{name}` of the certificate is not an object")
        return part

    @property
    def policy_digest(self) -> str:
        """Which policy it is about."""
        return str(self.part("policy").get("digest"))

    @property
    def expires_ms(self) -> int:
        """Until when it counts."""
        return whole_of(self.content["expires"], "expires")


def certify(
    session: Session, signer: Signer, now_ms: int, *, days: int = DAYS_VALID
) -> Certificate:
    """Write down what a session proved, what it only searched and what it refuted; sign it."""
    theory, checker = session.ground.theory, session.ground.checker
    content: dict[str, object] = {
        "v": VERSION,
        "policy": _named(session.image),
        "against": {name: _named(it) for name, it in sorted(session.against.items())},
        "theory": {"digest": theory.digest, "lean": theory.lean, "part": theory.part.value},
        "checker": {
            "name": checker.name,
            "version": checker.version,
            "digest": checker.digest,
        },
        "prover": f"aidefence {__version__}",
        "claims": [claim_object(session.image, it) for it in session.outcomes],
        "delta": delta_object(session.delta),
        "axioms": sorted(session.judgement.axioms),
        "took_ms": {"search": session.search_ms, "check": session.check_ms},
        "created": now_ms,
        "expires": now_ms + days * _DAY_MS,
    }
    unsigned = Certificate(content)
    signature = {
        "alg": _ALGORITHM,
        "key_id": signer.key_id,
        "sig": signer.sign(unsigned.signed).hex(),
    }
    # As it is read again, so that nobody ever holds one of another form.
    return read_certificate(Certificate({**content, "signature": signature}).json)


def read_certificate(data: bytes) -> Certificate:
    """Read a certificate.

    Raises:
        CertificateError: it is none.

    """
    if len(data) > BYTES_MAX:
        raise CertificateError(f"a certificate is not larger than {BYTES_MAX} bytes")
    try:
        content = keys_of(read_json(data), "", needed=_PARTS)
        if content["v"] != VERSION:
            raise CertificateError(f"this version reads certificates of version {VERSION} only")
        for name in ("created", "expires"):
            whole_of(content[name], name)
        text_of(content["prover"], "prover")
        list_of(content["claims"], "claims")
        list_of(content["axioms"], "axioms")
        keys_of(content["checker"], "checker", ("name", "version"), ("digest",))
        keys_of(content["signature"], "signature", needed=("alg", "key_id", "sig"))
        keys_of(content["delta"], "delta", needed=("digest", "bytes"))
        keys_of(content["theory"], "theory", needed=("digest", "lean", "part"))
        keys_of(content["policy"], "policy", needed=("digest", "id", "version"))
    except ImageError as error:
        raise CertificateError(f"not a certificate: {error}") from None
    return Certificate(content)


def spelled(content: object) -> bytes:
    """Write JSON of whole numbers in its one spelling: sorted keys, no spaces, UTF-8."""
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return written.encode("utf-8")


def claim_object(image: Image, outcome: Outcome) -> dict[str, object]:
    """Write down what came of one claim."""
    claim = outcome.property.to_object()
    written: dict[str, object] = {"claim": claim, "digest": sha256(spelled(claim)).hexdigest()}
    match outcome:
        case Proved(it, method, evidence, theorem):
            told = {"method": method, "theorem": theorem, "statement": statement(image, it)}
            return {**written, "is": "proved", **told, "evidence": evidence_object(evidence)}
        case Searched(_, method, reason):
            return {**written, "is": "searched", "method": method, "reason": reason}
        case Refuted(_, counterexample):
            return {**written, "is": "refuted", "counterexample": list(counterexample.words)}
        case Undecided(_, reason):
            return {**written, "is": "undecided", "reason": reason}


def delta_object(delta: bytes) -> dict[str, object]:
    """Name the text that the checker read."""
    return {"digest": sha256(delta).hexdigest(), "bytes": len(delta)}


def _named(image: Image) -> dict[str, object]:
    return {"digest": image.digest, "id": image.id, "version": image.version}


def claims_of(certificate: Certificate) -> Sequence[object]:
    """The claims of a certificate, as JSON holds them."""
    return list_of(certificate.content["claims"], "claims")
