"""Proves versions of policies and judges what was proved, in whichever process calls it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from aidefence.domain.canonical import digest
from aidefence.domain.enums import ACTIONS
from aidefence.domain.errors import AIDefenceError
from aidefence.domain.policies import PropertyKind
from aidefence.domain.policy_store import PolicyVersion, Progress, ProofFailure, ProofReport
from aidefence.policy.image import Image
from aidefence.policy.properties import Property
from aidefence.ports.clock import Clock
from aidefence.ports.proving import Comparison, Difference, Proven, Told
from aidefence.proof.aligning import aligned
from aidefence.proof.budget import Budget
from aidefence.proof.certificates import (
    Certificate,
    CertificateError,
    Signer,
    certify,
    claim_object,
    read_certificate,
)
from aidefence.proof.checking import Kernel
from aidefence.proof.deciding import decide
from aidefence.proof.outcomes import (
    Counterexample,
    Event,
    Outcome,
    Proved,
    Refuted,
    Searched,
    Undecided,
)
from aidefence.proof.proving import Session, prove
from aidefence.proof.replaying import Load
from aidefence.proof.theory import shipped
from aidefence.proof.verifying import verify
from aidefence.service.authoring import draft_source, read_properties

Log: TypeAlias = Callable[[Certificate, int], object]
"""Keeps every certificate that was made, with the moment."""
PROVER = "aidefence"
"""Our own search: the decision procedure of the theory and what finds its evidence."""
_COMPILE, _SEARCH, _SIGN = "compile", "search and check", "sign"
_STEPS = (_COMPILE, _SEARCH, _SIGN)
_OTHER = "other"
_CONSTANT = re.compile(rb'"const":\{"name":(\d+)')
_LEMMAS_MAX = 200


class ProofBench:
    """Looks for proofs with what this installation has. One thread at a time."""

    def __init__(
        self,
        load: Load,
        signer: Signer,
        log: Log,
        clock: Clock,
        *,
        days: int,
    ) -> None:
        """`load` makes the evaluator that decides real requests; `days`: until papers expire."""
        self._log = log
        self._load = load
        self._signer = signer
        self._clock = clock
        self._days = days

    def basis(self, version: PolicyVersion) -> str:
        """Name all that a proof about this version would rest on."""
        return digest(
            {
                "image": version.digest,
                "claims": digest(version.properties.decode("utf-8")),
                # What its source means today: names, categories and units may have changed.
                "meaning": _meaning(version),
                "theory": shipped().digest,
                "checker": f"{Kernel.name} {Kernel.digest}",
            }
        )

    def prove(self, version: PolicyVersion, told: Told) -> Proven:
        """Prove the claims about a version, or find what breaks them."""
        begun = time.monotonic()
        _tell(told, 0)
        meaning = _meaning(version)
        if meaning != version.digest:
            reason = f"the source does not mean today what it meant when it was written: {meaning}"
            return Proven(ProofReport(False, failures=(ProofFailure(_COMPILE, reason),)))
        image = Image.from_json(version.image)
        claims = read_properties(version.properties, image)
        _tell(told, 1, len(claims) * Budget().property_ms)
        session = prove(image, claims, load=self._load)
        _tell(told, 2)
        report = self._reported(session, round((time.monotonic() - begun) * 1000))
        if not report.proved:
            return Proven(report)
        now = self._clock.now_ms()
        paper = certify(session, self._signer, now, days=self._days)
        self._log(paper, now)
        return Proven(report, paper.json, paper.expires_ms)

    def fault(self, version: PolicyVersion, certificate: bytes, now_ms: int) -> str:
        """Judge a certificate from nothing; gives what is wrong with it, or nothing."""
        try:
            found = verify(
                read_certificate(certificate),
                Image.from_json(version.image),
                known=self._signer.verify,
                now_ms=now_ms,
            )
        except (AIDefenceError, CertificateError) as error:
            return str(error)
        if found.faults:
            return "; ".join(found.faults)
        claims = read_properties(version.properties, Image.from_json(version.image))
        missing = [it.id for it in claims if it.id not in found.proved]
        return f"it does not prove {', '.join(missing)}" if missing else ""

    def compare(self, old: PolicyVersion, new: PolicyVersion) -> Comparison:
        """Look where two versions decide differently."""
        before, after = Image.from_json(old.image), Image.from_json(new.image)
        as_strict = self._is_as_strict(after, before)
        as_mild = self._is_as_strict(before, after)
        found = (as_strict, as_mild)
        differences = [
            *_differences(as_strict, aligned(after, before)[0], new_is=1),
            *_differences(as_mild, aligned(before, after)[0], new_is=0),
        ]
        return Comparison(
            equivalent=all(map(_holds, found)),
            stricter=_holds(as_strict),
            complete=not any(isinstance(it, Undecided) for it in found),
            differences=tuple(differences),
            reason="; ".join(it.reason for it in found if isinstance(it, Undecided)),
        )

    def _is_as_strict(self, image: Image, than: Image) -> Outcome:
        text = "decides every request as gravely as the other"
        claim = Property("compared", text, PropertyKind.REFINES, than=_OTHER)
        [found] = decide(image, [claim], load=self._load, budget=Budget(), against={_OTHER: than})
        return found

    def _reported(self, session: Session, elapsed_ms: int) -> ProofReport:
        proved = [it for it in session.outcomes if isinstance(it, Proved)]
        return ProofReport(
            proved=bool(session.outcomes) and len(proved) == len(session.outcomes),
            prover=PROVER if proved else "",
            tactics=tuple(sorted({it.method for it in proved})),
            lemmas=_lemmas(session),
            tree=tuple(claim_object(session.image, it) for it in session.outcomes),
            failures=tuple(
                _failure(session.image, it) for it in session.outcomes if not isinstance(it, Proved)
            ),
            elapsed_ms=elapsed_ms,
        )


def _lemmas(session: Session) -> tuple[str, ...]:
    """Name the theorems of the theory that a proof refers to."""
    used = {int(it) for it in _CONSTANT.findall(session.delta)}
    theory, found = session.ground.theory, []
    for name, number in theory.names.items():
        if number in used:
            with suppress(KeyError):
                theory.type_of(name)
                found.append(name)
    return tuple(sorted(found)[:_LEMMAS_MAX])


def _meaning(version: PolicyVersion) -> str:
    """Name what the source of a version means today."""
    try:
        return draft_source(version.source).image.digest
    except AIDefenceError as error:
        return str(error)


def _tell(told: Told, step: int, remaining_ms: int = 0) -> None:
    told(Progress(_STEPS[step], _STEPS[:step], len(_STEPS), remaining_ms))


def _failure(image: Image, outcome: Outcome) -> ProofFailure:
    step = outcome.property.id
    if isinstance(outcome, Refuted):
        return ProofFailure(step, outcome.property.text, _shown(image, outcome.counterexample))
    reason = getattr(outcome, "reason", "")
    if isinstance(outcome, Searched):
        reason = f"no counterexample was found, but no proof either: {reason}"
    return ProofFailure(step, reason)


def _shown(image: Image, found: Counterexample) -> Mapping[str, object]:
    return {
        "words": list(found.words),
        "events": [
            {
                "request": _request(image, it),
                "atMs": it.at_ms,
                "action": ACTIONS[it.action].value,
                "rules": [image.rules[at].id for at in it.rules if at < len(image.rules)],
            }
            for it in found.events
            if len(it.values) == len(image.features)
        ],
    }


def _request(image: Image, event: Event) -> Mapping[str, object]:
    """Give the values that a request brings along, by the names of its features."""
    told: dict[str, object] = {}
    for feature, value in zip(image.features, event.values, strict=True):
        if feature.is_raw and value:
            named = feature.values and value <= len(feature.values)
            told[feature.name] = feature.values[value - 1] if named else value
    return told


def _differences(outcome: Outcome, image: Image, *, new_is: int) -> Sequence[Difference]:
    """Show a request that one of two versions decides more mildly."""
    if not isinstance(outcome, Refuted) or not outcome.counterexample.events:
        return []
    events = outcome.counterexample.events
    old, new = ACTIONS[events[1 - new_is].action], ACTIONS[events[new_is].action]
    return [Difference(_request(image, events[0]), old, new)]


def _holds(outcome: Outcome) -> bool:
    return isinstance(outcome, Proved | Searched)
