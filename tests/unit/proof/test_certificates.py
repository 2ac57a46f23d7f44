"""Certificates: what is proved is judged by the checker, signed, and checked again from nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from aidefence import ImageError
from aidefence.adapters.signing import SigningKey
from aidefence.domain.policies import PropertyKind
from aidefence.engine import PolicySet
from aidefence.knowledge.theory import Part
from aidefence.policy.compiling import Compiled, compile_source
from aidefence.policy.image import Image
from aidefence.policy.properties import property_of
from aidefence.proof import Proved
from aidefence.proof.certificates import (
    Certificate,
    CertificateError,
    certify,
    claims_of,
    delta_object,
    read_certificate,
)
from aidefence.proof.checking import ground_of
from aidefence.proof.delta import Delta, EvidenceError
from aidefence.proof.evidence import evidence_of
from aidefence.proof.outcomes import Outcome
from aidefence.proof.proving import Session, prove, scope_of, written
from aidefence.proof.verifying import Verification, verify

from .drawn import condition, image

NOW = 1_800_000_000_000
DAY = 24 * 3600 * 1000
HEAD = "policy support version 3\ndefault allow\non error block\n"
RULES = (
    "rule injected priority 100: block when confidence(prompt_injection) >= 80%\n"
    'rule mail priority 90: review when tool.name is "send_mail" and taint.private\n'
    "rule risky priority 80: block when session.risk >= 90%\n"
    'define transfer as tool.name is "transfer"\n'
    "rule calls priority 70: block what breaks at most 3 transfer in 1 min per user\n"
    'rule order: block what breaks never tool.name is "shell" after taint.secret\n'
    "rule seen priority 5: flag always\n"
)
CLAIMS = (
    "prove injected: always block when confidence(prompt_injection) >= 85% and taint.untrusted\n"
    'prove mail: never allow or flag when tool.name is "send_mail" and taint.private\n'
    "prove risk: monotone in session.risk\nprove complete\nprove no conflict\n"
    "prove rule mail can fire\nprove rule risky can fire\nprove possible taint.private\n"
    'prove allows no more than "old"\nprove decides the same as "same"\n'
    "prove at most 3 transfer in 1 min per user\n"
    'prove on every trace never tool.name is "shell" after taint.secret\n'
    "prove on every trace never confidence(prompt_injection) >= 90%\n"
)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return SigningKey(tmp_path / "audit.key")


def compiled(text: str = RULES + CLAIMS) -> Compiled:
    return compile_source(HEAD + text)


def others() -> dict[str, Image]:
    old = compile_source(HEAD + RULES.replace("80%", "85%", 1)).image
    return {"old": old, "same": compile_source(HEAD + RULES).image}


def session(it: Compiled, **against: Image) -> Session:
    return prove(
        it.image,
        it.properties,
        load=PolicySet.load,
        against=against or others(),
    )


def checked(certificate: Certificate, policy: Image, key: SigningKey, **more: Any) -> Verification:
    given = {"known": key.verify, "now_ms": NOW + DAY, "against": others(), **more}
    return verify(certificate, policy, **given)


def test_every_kind_of_theorem_is_accepted_and_certified(key: SigningKey) -> None:
    it = compiled()
    proved = session(it)
    assert [type(o) for o in proved.outcomes] == [Proved] * len(it.properties)
    kinds = {claim.kind for claim in it.properties}
    assert kinds == set(PropertyKind)
    certificate = certify(proved, key, NOW)
    found = checked(certificate, it.image, key, delta=proved.delta)
    assert (found.faults, found.others) == ([], {})
    assert found.is_complete
    assert found.proved == [claim.id for claim in it.properties]
    assert certificate.content["axioms"] == ["propext"]
    assert found.expires_ms == NOW + 90 * DAY
    assert read_certificate(certificate.json).digest == certificate.digest


@pytest.mark.parametrize("seed", range(60))
def test_drawn_proofs_are_accepted(seed: int) -> None:
    dice = Random(seed)
    policy = image(dice)
    claims = [
        _claim("decides", when=condition(dice, policy.features), actions=[3, 4], n=1),
        _claim("decides", when=condition(dice, policy.features), actions=[0, 1, 2], n=2),
        _claim("possible", when=condition(dice, policy.features), n=3),
        *(_claim("live", rule=rule.id, n=rule.id) for rule in policy.rules),
        *(_claim("monotone", feature=at, n=at) for at in range(3)),
        *(_claim(kind, n=0) for kind in ("complete", "no_conflict")),
        *(_claim(kind, than="other", n=0) for kind in ("refines", "equivalent")),
    ]
    properties = [property_of(json.loads(json.dumps(it)), policy) for it in claims]
    other = image(dice, name="other") if seed % 3 else policy
    found = prove(
        policy,
        properties,
        load=PolicySet.load,
        against={"other": other},
    )
    assert found.judgement.accepted
    assert not [o for o in found.outcomes if "did not accept" in getattr(o, "reason", "")]
    named = {o.theorem for o in found.outcomes if isinstance(o, Proved)}
    assert named <= set(found.judgement.declarations)


def _claim(kind: str, *, n: object, **fields: object) -> dict[str, object]:
    return {"id": f"{kind}-{n}", "text": "drawn", "kind": kind, **fields}


def test_what_is_false_is_refuted_in_words_and_not_proved(key: SigningKey) -> None:
    it = compiled(RULES + "prove always block when confidence(prompt_injection) >= 75%\n")
    found = session(it)
    certificate = certify(found, key, NOW)
    claims = certificate.content["claims"]
    assert isinstance(claims, list)
    assert claims[0]["is"] == "refuted"
    assert claims[0]["counterexample"] == [
        "confidence(prompt_injection) is 75 %: flag by rule `seen`"
    ]
    told = checked(certificate, it.image, key)
    assert told.is_valid
    assert not told.is_complete
    assert told.others == {"property-1": "refuted"}


def _resigned(
    certificate: Certificate, key: SigningKey, change: Callable[[Any], None]
) -> Certificate:
    content = json.loads(certificate.json)
    change(content)
    unsigned = Certificate(content)
    content["signature"]["sig"] = key.sign(unsigned.signed).hex()
    return Certificate(content)


def test_what_is_changed_is_refused(key: SigningKey, tmp_path: Path) -> None:
    it = compiled()
    proved = session(it)
    certificate = certify(proved, key, NOW)
    stranger = SigningKey(tmp_path / "other.key")
    content = json.loads(certificate.json)
    for name, value in (("created", 1), ("prover", "me"), ("axioms", []), ("expires", NOW * 2)):
        faults = checked(Certificate({**content, name: value}), it.image, key).faults
        assert faults == ["its signature is wrong"]
    assert "not known here" in checked(certify(proved, stranger, NOW), it.image, key).faults[0]
    late = checked(certificate, it.image, key, now_ms=NOW + 90 * DAY)
    assert late.faults == ["it has expired"]
    changed = compile_source(HEAD + RULES.replace("90%", "91%") + CLAIMS)
    assert checked(certificate, changed.image, key).faults == ["it is about another policy"]
    renamed = {**others(), "old": changed.image}
    faults = checked(certificate, it.image, key, against=renamed).faults
    assert faults == ["it is compared with another policy `old`"]
    assert checked(certificate, it.image, key, against={}).faults
    delta = proved.delta.replace(b'"natVal":"8000"', b'"natVal":"7000"')
    faults = checked(certificate, it.image, key, delta=delta).faults
    assert faults == ["the proof that came along is not the one that the policy leads to"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda it: it["claims"][0]["claim"].update(text="else"), "digest"),
        (lambda it: it["claims"][0].update(statement="else"), "says something else"),
        (lambda it: it["claims"][0].update(theorem="else"), "called otherwise"),
        (lambda it: it["claims"][0]["evidence"].update(tree=[0]), "not the one that was signed"),
        (lambda it: it["claims"][0]["evidence"].update(tree=[2, 0]), "ends in the middle"),
        (lambda it: it["claims"][0]["evidence"].update(tree=[0, 0]), "more than one tree"),
        (lambda it: it["claims"][0]["evidence"].update(tree=[-1]), "negative"),
        (lambda it: it["claims"][0]["evidence"].update(kind="faith"), "not one of"),
        (lambda it: it["claims"][0]["evidence"].update(domain=[99]), "not there"),
        (lambda it: it["claims"][0]["evidence"].update(mask=31), "claims something else"),
        (lambda it: it["claims"][0].update({"is": "believed"}), "not one of"),
        (lambda it: it["claims"].pop(), "not the one that was signed"),
        (lambda it: it["delta"].update(bytes=1), "not the one that was signed"),
        (lambda it: it["theory"].update(digest="0" * 64), "another theory"),
        (lambda it: it["policy"].update(version=4), "names the policy otherwise"),
    ],
)
def test_even_our_own_key_cannot_sign_what_is_not_so(
    key: SigningKey, change: Callable[[Any], None], fault: str
) -> None:
    it = compiled()
    certificate = _resigned(certify(session(it), key, NOW), key, change)
    found = checked(certificate, it.image, key)
    assert fault in found.faults[0]
    assert found.proved == [] or not found.is_valid


def _put(content: Any, **parts: object) -> None:
    content.update(parts)


def test_a_certificate_names_the_checker_that_judged_it(key: SigningKey, root: Path) -> None:
    sources = sha256()
    for file in sorted((root / "crates" / "kernel" / "src").iterdir()):
        text = file.read_bytes()
        sources.update(f"{file.name} {len(text)}\n".encode() + text)
    it = compiled()
    certificate = certify(session(it), key, NOW)
    checker = dict(certificate.part("checker"))
    assert checker["digest"] == sources.hexdigest()
    assert checked(certificate, it.image, key).notes == []
    del checker["digest"]
    for told, note in ((checker, "does not say"), ({**checker, "digest": "0"}, "another build")):
        other = _resigned(certificate, key, partial(_put, checker=told))
        found = checked(other, it.image, key)
        assert found.is_complete
        assert [note in it for it in found.notes] == [True]


def _signed_anew(certificate: Certificate, key: SigningKey, policy: Image) -> Certificate:
    """As a liar would: with the digest of the proof that his evidence leads to."""
    delta = Delta(ground_of(Part.TIME).theory, policy, others())
    for number, it in enumerate(claims_of(certificate)):
        assert isinstance(it, dict)
        claim = property_of(it["claim"], policy)
        delta.prove(claim, evidence_of(it["evidence"], ""), number)
    return _resigned(certificate, key, lambda it: it.update(delta=delta_object(delta.text)))


@pytest.mark.parametrize("seed", range(40))
def test_evidence_that_proves_nothing_is_not_accepted(key: SigningKey, seed: int) -> None:
    dice = Random(seed)
    it = compiled()
    certificate = certify(session(it), key, NOW)
    content = json.loads(certificate.json)
    trees = [
        claim["evidence"]["tree"] for claim in content["claims"] if "tree" in claim["evidence"]
    ]
    tree = dice.choice(trees)
    # A leaf that says `the premise is false` stands for one that names a rule, or the reverse.
    at = dice.randrange(len(tree))
    tree[at] = tree[at] + dice.choice((1, 7)) if dice.random() < 0.5 else 0
    if content == json.loads(certificate.json):
        return
    try:
        lied = _signed_anew(Certificate(content), key, it.image)
    except (ImageError, EvidenceError):
        return
    found = checked(lied, it.image, key)
    if found.is_valid:
        # Another tree may prove the same: then it says exactly what the right one says.
        assert found.proved == [claim.id for claim in it.properties]
    else:
        assert "the checker does not accept" in found.faults[0]


def test_broken_papers_are_refused_with_a_reason() -> None:
    for data in (b"", b"[]", b"{}", b'{"v":1}', b"{" * 9000, b"\xff", b'{"v":1.5}'):
        with pytest.raises(CertificateError, match="not a certificate"):
            read_certificate(data)


def test_every_changed_line_of_a_proof_is_refused(key: SigningKey) -> None:
    dice = Random(7)
    it = compiled()
    proved = session(it)
    certificate = certify(proved, key, NOW)
    lines = proved.delta.splitlines(keepends=True)
    for _ in range(300):
        at = dice.randrange(len(lines))
        changed = list(lines)
        kind = dice.randrange(3)
        if kind == 0:
            del changed[at]
        elif kind == 1:
            changed.insert(at, dice.choice(lines))
        else:
            place = dice.randrange(len(lines[at]) - 1)
            changed[at] = lines[at][:place] + b"7" + lines[at][place + 1 :]
        delta = b"".join(changed)
        if delta != proved.delta:
            assert not checked(certificate, it.image, key, delta=delta).is_valid


def test_false_theorems_are_not_accepted_by_the_checker_itself() -> None:
    it = compiled()
    false = compile_source(HEAD + RULES.replace("80%", "90%", 1) + CLAIMS)
    honest = session(it)
    outcomes: list[Outcome] = list(honest.outcomes[:1])
    _, delta = written(ground_of(Part.RULES).theory, false.image, others(), outcomes)
    judged = ground_of(Part.RULES).checker.check(delta, scope_of(false.image))
    assert not judged.accepted
