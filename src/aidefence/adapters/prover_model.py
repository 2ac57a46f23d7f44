"""Models that propose proofs, over the protocol most servers speak: chat completions.

Two ways to ask: for a whole proof, several times; or with tools, so that the model can try a proof
and search lemmas before it answers. What comes back is a proposal, nothing more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from aidefence.ports.prover import ProverError
from aidefence.proof.free.repairing import Attempt, Goal, Step
from aidefence.proof.free.retrieving import Lemmas
from aidefence.proof.free.trying import Trial

ANSWER_BYTES_MAX: Final = 1 << 20
_LEMMAS_SHOWN = 12
_TURNS_MAX = 8
_BLOCK = re.compile(r"```(?:lean4?|tactics)?\s*\n(.*?)```", re.DOTALL)
_WHOLE = (
    "Complete the following Lean 4 code. Core Lean 4.28 only: no Mathlib, no axioms, no `sorry`.\n"
    "These theorems are known:\n{lemmas}\n\n```lean4\ntheorem goal : {statement} := by\n```\n"
    "{failed}Answer with one ```lean4 block that holds the proof alone, from `by` on."
)
_FAILED = "This attempt failed:\n```lean4\n{proof}\n```\nLean said: {said}\n"
_TOOLS: Final = (
    {
        "type": "function",
        "function": {
            "name": "check",
            "description": "Try a proof; tells the errors and the goals that are left.",
            "parameters": {
                "type": "object",
                "properties": {"proof": {"type": "string"}},
                "required": ["proof"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "search",
            "description": "Find known theorems that speak of the same things.",
            "parameters": {
                "type": "object",
                "properties": {"about": {"type": "string"}},
                "required": ["about"],
            },
        },
    },
)


@dataclass(frozen=True, slots=True)
class ModelAddress:
    """Where a model answers."""

    url: str  # up to and with `/v1`
    model: str
    key: str = ""
    seconds: float = 120.0


class WholeProofs:
    """Asks for a whole proof, `samples` times; later ones are told what Lean said of the last."""

    def __init__(self, address: ModelAddress, *, samples: int = 4) -> None:
        self._chat = _Chat(address)
        self._samples = samples

    def propose(self, goal: Goal, tried: Sequence[Attempt]) -> Iterator[str]:
        """Yield proofs; ends when the model cannot be reached."""
        for _ in range(self._samples):
            asked = [{"role": "user", "content": _prompt(goal, tried)}]
            said = self._chat.ask(asked, ())
            proof = proof_in(str(said.get("content") or ""))
            if proof:
                yield proof


class ToolUser:
    """Lets the model try proofs and search lemmas before it answers."""

    def __init__(self, address: ModelAddress, trial: Trial, *, turns: int = _TURNS_MAX) -> None:
        self._chat = _Chat(address)
        self._trial = trial
        self._turns = turns

    def propose(self, goal: Goal, tried: Sequence[Attempt]) -> Iterator[str]:
        """Yield what the model tried with its tool and what it answers at the end."""
        talk: list[Mapping[str, Any]] = [{"role": "user", "content": _prompt(goal, tried)}]
        for _ in range(self._turns):
            said = self._chat.ask(talk, _TOOLS)
            calls = said.get("tool_calls") or []
            if not calls:
                proof = proof_in(str(said.get("content") or ""))
                if proof:
                    yield proof
                return
            talk.append({"role": "assistant", "content": said.get("content"), "tool_calls": calls})
            for call in calls:
                told, proof = self._use(goal, call)
                if proof:
                    yield proof
                talk.append({"role": "tool", "tool_call_id": call.get("id"), "content": told})

    def _use(self, goal: Goal, call: Mapping[str, Any]) -> tuple[str, str]:
        function = call.get("function") or {}
        try:
            given = json.loads(function.get("arguments") or "{}")
        except ValueError:
            return "the arguments are no JSON", ""
        if function.get("name") == "search":
            return _shown(goal, str(given.get("about", ""))), ""
        if function.get("name") != "check":
            return "there is no such tool", ""
        proof = str(given.get("proof", "")).strip()
        read, accepted = self._trial(proof)
        if accepted:
            return "the proof is accepted", proof
        return "\n".join(f"{it.line}: {it.text}" for it in read.messages[:5]) or "refused", ""


def proof_in(answer: str) -> str:
    """Return the proof in an answer: from `:=` on in its last block, or the block itself."""
    blocks = _BLOCK.findall(answer)
    if not blocks:
        return ""
    text = str(blocks[-1]).strip("\n")
    if re.match(r"\s*(?:theorem|lemma|example)\b", text):
        text = text.partition(":=")[2].strip()
    return text if text.lstrip().startswith("by") else text.strip()


def _prompt(goal: Goal, tried: Sequence[Attempt]) -> str:
    failed = ""
    # The last that somebody wrote, not the last of many that were put together here.
    written = [it for it in tried if it.step in (Step.GIVEN, Step.MODEL) and it.errors]
    if written:
        failed = _FAILED.format(proof=written[-1].proof, said=written[-1].errors[0].text[:1000])
    lemmas = _shown(goal, goal.statement)
    return _WHOLE.format(lemmas=lemmas, statement=goal.statement, failed=failed)


def _shown(goal: Goal, about: str) -> str:
    known = Lemmas(goal.lemmas)
    named = known.near(about, _LEMMAS_SHOWN)
    return "\n".join(f"{name} : {known.statements[name]}" for name in named) or "none"


class _Chat:
    """One endpoint. No redirects, no proxies of the system, answers of a bounded size."""

    def __init__(self, address: ModelAddress) -> None:
        self._address = address
        headers = {"authorization": f"Bearer {address.key}"} if address.key else {}
        self._client = httpx.Client(headers=headers, timeout=address.seconds, trust_env=False)

    def ask(
        self, talk: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        body: dict[str, Any] = {"model": self._address.model, "messages": list(talk)}
        if tools:
            body["tools"] = list(tools)
        where = f"{self._address.url.rstrip('/')}/chat/completions"
        try:
            with self._client.stream("POST", where, json=body) as answer:
                raw = b""
                for piece in answer.iter_bytes():
                    raw += piece
                    if len(raw) > ANSWER_BYTES_MAX:
                        raise ProverError(f"the model answers more than {ANSWER_BYTES_MAX} bytes")
            if answer.status_code != httpx.codes.OK:
                raise ProverError(f"the model answers with status {answer.status_code}")
            message = json.loads(raw)["choices"][0]["message"]
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            raise ProverError(f"the model cannot be asked: {error}") from error
        if not isinstance(message, dict):
            raise ProverError("the model answers no message")
        return message
