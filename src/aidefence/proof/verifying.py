"""A certificate checked from nothing: of what its maker says, only the evidence is used.

Definitions and statements are written anew from the policy, so that no certificate can be about
another one; the text that results has to be the one that was signed for, and the checker judges it
again. A certificate with any fault proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from aidefence.domain.errors import ImageError
from aidefence.knowledge.theory import Part
from aidefence.policy.image import Image
from aidefence.policy.properties import Property, property_of
from aidefence.policy.reading import keys_of, text_of
from aidefence.proof.certificates import Certificate, claims_of, delta_object, spelled
from aidefence.proof.checking import AXIOMS, Checker, Ground, ground_of
from aidefence.proof.delta import Delta, EvidenceError
from aidefence.proof.evidence import evidence_of
from aidefence.proof.proving import scope_of
from aidefence.proof.stating import statement
from aidefence.proof.theory import Theory

Known = Callable[[str, bytes, bytes], "str | None"]
"""Says what is wrong with a signature: key, signature, message."""
_KINDS = ("proved", "searched", "refuted", "undecided")
MISSING = "missing"
"""What becomes of a claim that a certificate does not speak of."""


@dataclass(slots=True)
class Verification:
    """What a certificate is worth: its faults, and what it says where it has none."""

    faults: list[str] = field(default_factory=list)
    proved: list[str] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    expires_ms: int = 0

    @property
    def is_valid(self) -> bool:
        """Whether it is a certificate at all, of this policy and not too old."""
        return not self.faults

    @property
    def is_complete(self) -> bool:
        """Whether everything that was claimed is proved."""
        return self.is_valid and not self.others


def verify(
    certificate: Certificate,
    image: Image,
    *,
    known: Known,
    now_ms: int,
    against: Mapping[str, Image] | None = None,
    delta: bytes | None = None,
    claims: Sequence[Property] = (),
    ground: Callable[[Part], Ground] = ground_of,
) -> Verification:
    """Check a certificate of a policy; `delta` is the text of its proof, where it came along.

    `claims` are those that it shall speak of; one that it does not is told among the others.
    """
    found = Verification(expires_ms=certificate.expires_ms)
    part = certificate.part("theory")["part"]
    if part not in tuple(Part):
        found.faults.append("it stands on a theory that is not known here")
        return found
    stands_on = ground(Part(str(part)))
    theory = stands_on.theory
    _check_paper(certificate, image, theory, known, now_ms, found)
    if found.faults:
        return found
    try:
        text = _written_anew(certificate, image, against or {}, theory, found)
    except (ImageError, EvidenceError) as error:
        found.faults.append(str(error))
        return found
    if delta is not None and delta != text:
        found.faults.append("the proof that came along is not the one that the policy leads to")
    if delta_object(text) != certificate.part("delta"):
        found.faults.append("the proof is not the one that was signed for")
    if not found.faults:
        _judge(certificate, image, text, stands_on.checker, found)
        _look_for(claims, certificate, found)
        _note_checker(certificate, stands_on.checker, found)
    return found


def _check_paper(
    certificate: Certificate,
    image: Image,
    theory: Theory,
    known: Known,
    now_ms: int,
    found: Verification,
) -> None:
    signature = certificate.part("signature")
    try:
        signed = bytes.fromhex(str(signature["sig"]))
    except ValueError:
        signed = b""
    if signature["alg"] != "ed25519":
        found.faults.append("it is signed in a way that is not known here")
    wrong = known(str(signature["key_id"]), signed, certificate.signed)
    if wrong:
        found.faults.append(wrong)
    if now_ms >= certificate.expires_ms:
        found.faults.append("it has expired")
    if certificate.policy_digest != image.digest:
        found.faults.append("it is about another policy")
    if certificate.part("theory")["digest"] != theory.digest:
        found.faults.append("it stands on another theory than that of this installation")


def _written_anew(
    certificate: Certificate,
    image: Image,
    against: Mapping[str, Image],
    theory: Theory,
    found: Verification,
) -> bytes:
    if certificate.part("policy") != {
        "digest": image.digest,
        "id": image.id,
        "version": image.version,
    }:
        raise EvidenceError("it names the policy otherwise than the policy does")
    others = certificate.part("against")
    for name, it in others.items():
        told = keys_of(it, f"against/{name}", needed=("digest", "id", "version"))
        if name not in against:
            raise EvidenceError(f"the policy `{name}` that it is compared with was not given")
        if told["digest"] != against[name].digest:
            raise EvidenceError(f"it is compared with another policy `{name}`")
    delta = Delta(theory, image, {name: against[name] for name in others})
    for number, it in enumerate(claims_of(certificate)):
        _claim(it, image, delta, number, found)
    return delta.text


def _claim(value: object, image: Image, delta: Delta, number: int, found: Verification) -> None:
    place = f"claims/{number}"
    head = value if isinstance(value, dict) else {}
    kind = text_of(head.get("is", ""), f"{place}/is")
    if kind not in _KINDS:
        raise ImageError(f"{place}/is", f"not one of {', '.join(_KINDS)}")
    claim = property_of(head.get("claim"), image, f"{place}/claim")
    if head.get("digest") != sha256(spelled(claim.to_object())).hexdigest():
        raise EvidenceError(f"the digest of `{claim.id}` is that of another claim")
    if kind != "proved":
        found.others[claim.id] = kind
        return
    fields = ("claim", "digest", "is", "method", "theorem", "statement", "evidence")
    told = keys_of(value, place, needed=fields)
    name = delta.prove(claim, evidence_of(told["evidence"], f"{place}/evidence"), number)
    if told["theorem"] != name:
        raise EvidenceError(f"the theorem of `{claim.id}` is called otherwise")
    if told["statement"] != statement(image, claim):
        raise EvidenceError(f"the statement of `{claim.id}` says something else")
    found.proved.append(claim.id)


def _look_for(claims: Sequence[Property], certificate: Certificate, found: Verification) -> None:
    told = [it.get("claim") for it in claims_of(certificate) if isinstance(it, dict)]
    spoken_of = {spelled(it) for it in told}
    for it in claims:
        if spelled(it.to_object()) not in spoken_of:
            found.others[it.id] = MISSING
            if it.id in found.proved:
                found.proved.remove(it.id)


def _note_checker(certificate: Certificate, checker: Checker, found: Verification) -> None:
    """Say where another checker judged the proof first; it is this one's word that counts here."""
    told = certificate.part("checker").get("digest")
    if told is None:
        found.notes.append("it does not say by a digest which checker judged it when it was made")
    elif told != checker.digest:
        found.notes.append("another build of the checker judged it when it was made")


def _judge(
    certificate: Certificate, image: Image, text: bytes, checker: Checker, found: Verification
) -> None:
    judged = checker.check(text, scope_of(image))
    if not judged.accepted:
        found.faults.append(f"the checker does not accept the proof: {judged.reason}")
    elif not set(judged.axioms) <= set(AXIOMS):
        found.faults.append(f"the proof rests on {', '.join(judged.axioms)}")
    elif certificate.content["axioms"] != sorted(judged.axioms):
        found.faults.append("the proof does not rest on the axioms that it names")
    if found.faults:
        found.proved.clear()
