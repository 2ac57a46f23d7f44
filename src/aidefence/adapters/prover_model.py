"""Models that propose proofs, over the protocol most servers speak: chat completions.

Two ways to ask: for a whole proof, several times; or with tools, so that the model can try a proof
and search lemmas before it answers. What comes back is a proposal, nothing more: its size, its time
and what it may try are bounded, and whatever shape it has, it can only fail to help.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from aidefence.domain.errors import ConfigError
from aidefence.ports.prover import ProverError
from aidefence.proof.free.repairing import Attempt, Goal, Step
from aidefence.proof.free.retrieving import Lemmas
from aidefence.proof.free.trying import Trial

ANSWER_BYTES_MAX: Final = 1 << 20
PROOF_CHARS_MAX: Final = 20_000
_LEMMAS_SHOWN = 12
_TURNS_MAX = 8
_CALLS_MAX = 4  # tools in one turn
_TOLD_CHARS_MAX = 2_000
_CONNECT_SECONDS = 10.0
_PAUSES = (1.0, 4.0)  # before it is asked again, where it does not say itself how long
_PAUSE_MAX = 60.0
_BUSY = frozenset({429, 500, 502, 503, 504})
_THEOREM = re.compile(r"^(?:theorem|lemma|example)\b", re.MULTILINE)
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
    seconds: float = 120.0  # for one answer, with all pauses in it

    def __post_init__(self) -> None:
        if not self.key.isascii() or not self.key.isprintable():
            raise ConfigError("the key for the model has to be one line of plain letters and signs")


def _silent(_: str) -> None:
    """Tell nobody."""


class WholeProofs:
    """Asks for a whole proof, `samples` times; later ones are told what Lean said of the last."""

    def __init__(
        self, address: ModelAddress, *, samples: int = 4, told: Callable[[str], None] = _silent
    ) -> None:
        """`told` is what waits are told to, for people."""
        self._chat = _Chat(address, told)
        self._samples = samples

    def propose(self, goal: Goal, tried: Sequence[Attempt]) -> Iterator[str]:
        """Yield proofs; ends when the model cannot be reached."""
        for _ in range(self._samples):
            asked = [{"role": "user", "content": _prompt(goal, tried)}]
            said = self._chat.ask(asked, ())
            proof = proof_in(_content(said))
            if proof:
                yield proof


class ToolUser:
    """Lets the model try proofs and search lemmas before it answers."""

    def __init__(
        self,
        address: ModelAddress,
        trial: Trial,
        *,
        turns: int = _TURNS_MAX,
        told: Callable[[str], None] = _silent,
    ) -> None:
        """`told` is what waits are told to, for people."""
        self._chat = _Chat(address, told)
        self._trial = trial
        self._turns = turns

    def propose(self, goal: Goal, tried: Sequence[Attempt]) -> Iterator[str]:
        """Yield what the model tried with its tool and what it answers at the end."""
        talk: list[Mapping[str, Any]] = [{"role": "user", "content": _prompt(goal, tried)}]
        for _ in range(self._turns):
            said = self._chat.ask(talk, _TOOLS)
            calls = _calls(said)
            if not calls:
                proof = proof_in(_content(said))
                if proof:
                    yield proof
                return
            talk.append({"role": "assistant", "content": _content(said), "tool_calls": calls})
            for call in calls:
                told, proof = self._use(goal, call["function"])
                if proof:
                    yield proof
                told = told[:_TOLD_CHARS_MAX]
                talk.append({"role": "tool", "tool_call_id": call["id"], "content": told})

    def _use(self, goal: Goal, function: Mapping[str, str]) -> tuple[str, str]:
        """Return what a tool tells, and the proof that it accepted."""
        try:
            given = json.loads(function["arguments"])
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            return "the arguments are no JSON object", ""
        match function["name"]:
            case "search":
                return _shown(goal, _clean(given.get("about"))[:_TOLD_CHARS_MAX]), ""
            case "check":
                return self._check(_clean(given.get("proof")).strip())
        return "there is no such tool", ""

    def _check(self, proof: str) -> tuple[str, str]:
        if len(proof) > PROOF_CHARS_MAX:
            return f"a proof has at most {PROOF_CHARS_MAX} characters", ""
        try:
            read, accepted = self._trial(proof)
        except ProverError as error:
            return str(error), ""
        if accepted:
            return "the proof is accepted", proof
        return "\n".join(f"{it.line}: {it.text}" for it in read.messages[:5]) or "refused", ""


def proof_in(answer: str) -> str:
    """Return the proof in an answer: that of the last theorem in its last block, or the block."""
    blocks = _BLOCK.findall(answer)
    if not blocks:
        return ""
    text = str(blocks[-1]).strip("\n")
    stated = list(_THEOREM.finditer(text))
    if stated:
        text = text[stated[-1].start() :].partition(":=")[2]
    text = text.strip()
    return "" if len(text) > PROOF_CHARS_MAX else text


def _content(said: Mapping[str, Any]) -> str:
    content = said.get("content")
    if isinstance(content, list):  # some servers answer in parts
        content = "".join(_clean(it.get("text")) for it in content if isinstance(it, dict))
    return _clean(content)


def _calls(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tools that are called, in the one shape that is sent back."""
    told = said.get("tool_calls")
    calls = []
    for it in told[:_CALLS_MAX] if isinstance(told, list) else ():
        function = it.get("function") if isinstance(it, dict) else None
        if isinstance(function, dict):
            name, given = _clean(function.get("name")), function.get("arguments")
            # Some servers answer with the object instead of its text.
            arguments = json.dumps(given) if isinstance(given, dict) else _clean(given)
            called = {"name": name, "arguments": arguments}
            calls.append({"id": _clean(it.get("id")), "type": "function", "function": called})
    return calls


def _clean(value: object) -> str:
    """Return a text that can be written down; half a surrogate pair cannot."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


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
    """One endpoint. No redirects, no proxies of the system, answers of a bounded size and time."""

    def __init__(self, address: ModelAddress, told: Callable[[str], None]) -> None:
        self._address = address
        self._told = told
        self._headers = {"authorization": f"Bearer {address.key}"} if address.key else {}
        self._where = f"{address.url.rstrip('/')}/chat/completions"

    def ask(
        self, talk: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Return the message that it answers; where it is busy, it is asked again.

        Raises:
            ProverError: there is none.

        """
        body: dict[str, Any] = {"model": self._address.model, "messages": list(talk)}
        if tools:
            body["tools"] = list(tools)
        deadline = time.monotonic() + self._address.seconds
        self._told(f"asking {self._address.model or 'the model'}")
        status, raw, asked_pause = self._post(body, deadline)
        for pause in _PAUSES:
            if status not in _BUSY:
                break
            seconds = pause if asked_pause is None else asked_pause
            if seconds > _PAUSE_MAX or time.monotonic() + seconds > deadline:
                raise ProverError(f"the model is busy (status {status}) for {seconds:g} s more")
            self._told(f"the model is busy (status {status}); asked again in {seconds:g} s")
            time.sleep(seconds)
            status, raw, asked_pause = self._post(body, deadline)
        if status != httpx.codes.OK:
            raise ProverError(f"the model answers with status {status}{_reason(raw)}")
        return _message(raw)

    def _post(self, body: Mapping[str, Any], deadline: float) -> tuple[int, bytes, float | None]:
        """Return status and body of one answer, and how long it asks to wait."""
        seconds = max(0.1, deadline - time.monotonic())
        times = httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
        raw = b""
        try:
            with (
                httpx.Client(timeout=times, trust_env=False) as client,
                client.stream("POST", self._where, json=body, headers=self._headers) as answer,
            ):
                for piece in answer.iter_bytes():
                    raw += piece
                    if len(raw) > ANSWER_BYTES_MAX:
                        raise ProverError(f"the model answers more than {ANSWER_BYTES_MAX} bytes")
                    if time.monotonic() > deadline:
                        raise self._late()
                return answer.status_code, raw, _asked_pause(answer.headers)
        except httpx.TimeoutException as error:
            raise self._late() from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ProverError(f"the model cannot be asked: {error}") from error

    def _late(self) -> ProverError:
        return ProverError(f"the model did not answer within {self._address.seconds:g} s")


def _message(raw: bytes) -> Mapping[str, Any]:
    try:
        message = json.loads(raw)["choices"][0]["message"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ProverError("the model answers no chat completion") from error
    if not isinstance(message, dict):
        raise ProverError("the model answers no message")
    return message


def _asked_pause(headers: httpx.Headers) -> float | None:
    said = headers.get("retry-after", "").strip()
    return float(said) if re.fullmatch(r"\d{1,6}", said) else None


def _reason(raw: bytes) -> str:
    """Return what a server says of its refusal, where it says it as most do."""
    try:
        said = json.loads(raw)["error"]["message"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return f": {' '.join(_clean(said)[:200].split())}" if isinstance(said, str) else ""
