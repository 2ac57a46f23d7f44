"""Experimental: commitments to policies, and proofs of decisions that show neither side.

Documents are JSON objects. A commitment is public, an opening is a secret of whoever made it, and
a proof is for whoever asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aidefence.adapters import zero_knowledge
from aidefence.domain.checking import Check, State
from aidefence.domain.enums import ACTIONS, Action
from aidefence.domain.errors import ConfigError, ImageError
from aidefence.engine.policies import PolicySet
from aidefence.policy.clauses import Literal, literals_of, schema_of
from aidefence.policy.facts import Facts, values_of_facts
from aidefence.policy.image import Image

VERSION: Final = 1
DOCUMENT_BYTES_MAX: Final = 64 * 1024
_STATUS = "experimental, not audited"
_REMEDY = "`make zk` in a checkout builds it (Rust; some minutes)"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a proof holds; the decision that it shows, or why it does not."""

    action: Action | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ZeroKnowledge:
    """Commits, proves and verifies through the program that is built by itself."""

    program: Path

    @staticmethod
    def here() -> ZeroKnowledge:
        """Take the program of this installation.

        Raises:
            ConfigError: it is not there.

        """
        program = zero_knowledge.find()
        if program is None:
            raise ConfigError(f"no `{zero_knowledge.PROGRAM}` here: {_REMEDY}")
        return ZeroKnowledge(program)

    def commit(self, image: Image, salt: str | None = None) -> tuple[Document, Document]:
        """Commit to a policy: what may be shown, and what opens it.

        Raises:
            ConfigError: the policy cannot be expressed, or the program does not answer.

        """
        said = self._ask("commit_policy", **_policy(image), salt=salt)
        shown = _document("policy commitment", commitment=said["commitment"])
        shown["literals"] = said["literals"]
        opening = _document("policy opening", commitment=said["commitment"], salt=said["salt"])
        return shown, opening

    def opens(self, commitment: Document, opening: Document, image: Image) -> bool:
        """Say whether a commitment is one to this policy.

        Raises:
            ConfigError: a document is not what it should be, or the program does not answer.

        """
        shown = _read(commitment, "policy commitment", ("commitment",))
        again, _ = self.commit(image, _read(opening, "policy opening", ("salt",))["salt"])
        return bool(again["commitment"] == shown["commitment"])

    def prove(self, image: Image, opening: Document, facts: Facts) -> tuple[Document, Document]:
        """Prove what a policy decides on a request: the proof, and what opens the request.

        Raises:
            ConfigError: the opening is of another policy, a fact makes no sense, or the program
                does not answer.

        """
        salt = _read(opening, "policy opening", ("commitment", "salt"))["salt"]
        again, _ = self.commit(image, salt)
        if again["commitment"] != opening["commitment"]:
            raise ConfigError("the opening is that of another policy")
        try:
            values = values_of_facts(image.features, facts)
        except ValueError as error:
            raise ConfigError(f"the request: {error}") from None
        policy, action = _policy(image), _decided(image, values)
        about = self._ask("commit_request", values=values, schema=policy["schema"], salt=None)
        secret = about["salt"]
        made = self._ask("prove", **policy, salt=salt, values=values, request_salt=secret)
        if made["action"] != action.code:
            raise ConfigError("the proof is not about what the evaluator decides: a fault of ours")
        shown = {it: made[it] for it in ("policy", "request", "literals", "proof")}
        proof = _document("proof", **shown, action=action.value)
        named = {it.name: value for it, value in zip(image.features, values, strict=True) if value}
        kept = _document("request opening", commitment=made["request"], salt=secret, values=named)
        kept["milliseconds"] = {it: made[it] for it in ("setup_ms", "prove_ms")}
        return proof, kept

    def verify(self, proof: Document, commitment: Document) -> Verified:
        """Check a proof against the commitment to a policy.

        Raises:
            ConfigError: a document is not what it should be, or the program does not answer.

        """
        shown = _read(commitment, "policy commitment", ("commitment",))
        given = _read(proof, "proof", ("policy", "request", "action", "proof"))
        if given["policy"] != shown["commitment"]:
            return Verified(None, "the proof is about another policy")
        literals, action = given.get("literals"), given["action"]
        if type(literals) is not int or not 0 <= literals <= 1 << 16 or action not in tuple(Action):
            raise ConfigError("the proof names no circuit or no action")
        question = {it: given[it] for it in ("policy", "request", "proof")}
        question |= {"literals": literals, "action": Action(action).code}
        holds, said = zero_knowledge.ask(self.program, {"do": "verify", **question})
        return Verified(Action(action)) if holds else Verified(None, str(said.get("error", "")))

    def _ask(self, what: str, **question: object) -> dict[str, Any]:
        holds, said = zero_knowledge.ask(self.program, {"do": what, **question})
        if not holds:
            raise ConfigError(f"`{self.program.name}`: {said.get('error', '')}")
        return said


def read_document(data: bytes) -> Document:
    """Read a document that someone else may have made.

    Raises:
        ConfigError: it is none.

    """
    if len(data) > DOCUMENT_BYTES_MAX:
        raise ConfigError(f"it has more than {DOCUMENT_BYTES_MAX} bytes")
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        raise ConfigError("it is not JSON") from None
    if not isinstance(read, dict):
        raise ConfigError("it is no JSON object")
    return read


def look() -> Iterator[Check]:
    """Tell whether the program is there."""
    name, purpose = "zero knowledge", "proofs of decisions that do not show the policy"
    program = zero_knowledge.find()
    if program is None:
        yield Check(name, State.NOTE, f"not built: {purpose} (experimental)", _REMEDY)
        return
    try:
        _, said = zero_knowledge.ask(program, {"do": "describe"})
    except ConfigError as error:
        yield Check(name, State.NOTE, str(error), _REMEDY)
        return
    yield Check(name, State.OK, f"{program.name} {said.get('version', '')}: {purpose}, {_STATUS}")


def _policy(image: Image) -> dict[str, object]:
    try:
        literals = literals_of(image)
    except ImageError as error:
        reason = f"`{image.id}` has no proof in zero knowledge: {error.place}: {error.reason}"
        raise ConfigError(reason) from None
    # The program takes whole field elements, the least byte first: the last byte stays 0.
    return {"literals": [_written(it) for it in literals], "schema": f"{schema_of(image)}00"}


def _decided(image: Image, values: list[int]) -> Action:
    """Ask the evaluator that decides in service."""
    return ACTIONS[PolicySet.load(image.to_json()).decide(values, None, 0)[0]]


def _written(it: Literal) -> tuple[object, ...]:
    ends = (it.ends_clause, it.ends_rule, it.action.code)
    return (it.feature, it.value, it.is_equal, it.is_negated, *ends)


def _document(kind: str, **content: object) -> Document:
    return {"v": VERSION, "kind": kind, "status": _STATUS, **content}


def _read(document: Mapping[str, object], kind: str, texts: tuple[str, ...]) -> dict[str, Any]:
    if document.get("v") != VERSION or document.get("kind") != kind:
        raise ConfigError(f"it is no {kind} of version {VERSION}")
    for name in texts:
        if not isinstance(document.get(name), str):
            raise ConfigError(f"`{name}` of the {kind} is no text")
    return dict(document)
