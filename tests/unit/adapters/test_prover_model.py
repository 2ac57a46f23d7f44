"""Whatever a model's server does, what is said of it is one line, and it ends in time."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, cast

import pytest
from tests.lean.scripted_model import Script, block, serving

from aidefence.adapters import prover_model
from aidefence.adapters.prover_model import ModelAddress, ToolUser, WholeProofs, proof_in
from aidefence.domain.errors import ConfigError
from aidefence.ports.prover import Elaborated, Found, Message, Prover, ProverError, Severity
from aidefence.proof.free.repairing import Budget, Goal, Step, ask, repair
from aidefence.proof.free.trying import Trial, trial_of

GOAL = Goal("True", (Found("AIDefence.known", "theorem", "1 = 1"),))


@dataclass
class Refusing:
    """A prover that takes nothing, or breaks."""

    breaks: bool = False
    seen: list[str] = field(default_factory=list)

    def check(self, text: str, theorems: Sequence[str] = (), *, heartbeats: int = 0) -> Elaborated:
        del theorems, heartbeats
        self.seen.append(text)
        if self.breaks:
            raise ProverError("the prover ended")
        wrong = Message(Severity.ERROR, text.count("theorem "), 0, 2, 0, "this does not hold")
        return Elaborated(errors=True, refused="", messages=(wrong,))


def _trial(*, breaks: bool = False) -> Trial:
    return trial_of(cast("Prover", Refusing(breaks)), GOAL.statement)


def _asked(script: Script, seconds: float = 20.0) -> list[str]:
    with serving(script) as url:
        return list(WholeProofs(ModelAddress(url, "m", "", seconds), samples=1).propose(GOAL, ()))


def _raw(body: bytes, *, status: int = 200, pause: str = "") -> Callable[..., None]:
    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if pause:
            handler.send_header("retry-after", pause)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return write


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def _trickling(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def _silent(handler: BaseHTTPRequestHandler) -> None:
    del handler
    time.sleep(3)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (lambda _: b"no json", "answers no chat completion"),
        (lambda _: b"[" * 200_000, "answers no chat completion"),
        (lambda _: b'{"choices": []}', "answers no chat completion"),
        (lambda _: b'{"choices": [{"message": "text"}]}', "answers no message"),
        (lambda _: 302, "answers with status 302"),
        (
            lambda _: _raw(b'{"error": {"message": "no such\\nmodel"}}', status=404),
            "status 404: no such model",
        ),
        (lambda _: _endless, f"more than {prover_model.ANSWER_BYTES_MAX} bytes"),
        (lambda _: _raw(b"", status=429, pause="3600"), "busy .status 429. for 3600 s"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said(script: Script, said: str) -> None:
    with pytest.raises(ProverError, match=said):
        _asked(script)


@pytest.mark.parametrize("script", [lambda _: _trickling, lambda _: _silent])
def test_a_slow_model_is_given_up_in_time(script: Script) -> None:
    begun = time.monotonic()
    with pytest.raises(ProverError, match=r"did not answer within 0\.5 s"):
        _asked(script, 0.5)
    assert time.monotonic() - begun < 2.5


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "nonsense", "http://[", "ftp://x/v1"])
def test_a_model_that_is_not_there_is_said(url: str) -> None:
    with pytest.raises(ProverError, match="cannot be asked"):
        list(WholeProofs(ModelAddress(url, "m")).propose(GOAL, ()))


def test_a_busy_model_is_asked_again_when_it_says() -> None:
    waits, told = iter(("0", "0")), list[str]()

    def script(_: dict[str, Any]) -> Any:
        pause = next(waits, None)
        return block("by trivial") if pause is None else _raw(b"", status=429, pause=pause)

    with serving(script) as url:
        model = WholeProofs(ModelAddress(url, "m"), samples=1, told=told.append)
        assert list(model.propose(GOAL, ())) == ["by trivial"]
    assert told[0] == "asking m"
    assert [it for it in told if "asked again in 0 s" in it] == told[1:]
    assert len(told) == 3


def test_a_model_that_stays_busy_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prover_model, "_PAUSES", (0.0, 0.0))
    asked = list[int]()

    def script(_: dict[str, Any]) -> int:
        asked.append(1)
        return 503

    with pytest.raises(ProverError, match="status 503"):
        _asked(script)
    assert len(asked) == 3


def test_the_key_is_sent_and_never_said() -> None:
    with pytest.raises(ConfigError) as told:
        ModelAddress("http://x", "m", "secret\nline")
    assert "secret" not in str(told.value)


_CALLS: tuple[Any, ...] = (
    "text",
    {"function": {}},
    ["text"],
    [{"id": 1, "function": "check"}],
    [{"id": "1", "function": {"name": "check", "arguments": "[" * 100_000}}],
    [{"id": "1", "function": {"name": "check", "arguments": "[1]"}}],
    [{"id": "1", "function": {"name": "check", "arguments": {"proof": "by rfl"}}}],
    [{"id": "1", "function": {"name": "check", "arguments": '{"proof": 1}'}}],
    [{"id": "1", "function": {"name": "check", "arguments": json.dumps({"proof": "x" * 90_000})}}],
    [{"id": "1", "function": {"name": "search", "arguments": '{"about": "\\ud800 known"}'}}],
    [{"id": "1", "function": {"name": None, "arguments": None}}] * 1000,
)


@pytest.mark.parametrize("calls", _CALLS)
@pytest.mark.parametrize("breaks", [False, True])
def test_no_shape_of_a_tool_call_breaks_anything(calls: Any, *, breaks: bool) -> None:
    turns = list[int]()

    def script(body: dict[str, Any]) -> dict[str, Any]:
        turns.append(len(body["messages"]))
        assert all(len(str(it.get("content"))) <= 4_000 for it in body["messages"])
        return {"content": [{"text": "thinking"}, 1], "tool_calls": calls}

    with serving(script) as url:
        model = ToolUser(ModelAddress(url, "m"), _trial(breaks=breaks))
        assert list(model.propose(GOAL, ())) == []
    assert turns[0] == 1
    assert len(turns) <= 8
    assert turns[-1] <= 1 + 8 * 5


@pytest.mark.parametrize(
    ("answer", "proof"),
    [
        (
            "Plan\n```lean4\nimport Mathlib\nopen Nat\n\ntheorem goal : True := by\n  trivial\n```",
            "by\n  trivial",
        ),
        ("<think>```lean4\nwrong\n```</think>\n```lean4\nby rfl\n```", "by rfl"),
        ("```lean4\n```", ""),
        ("```lean4\nby rfl", ""),
        (f"```lean4\n{'x' * 50_000}\n```", ""),
    ],
)
def test_a_proof_is_found_where_models_write_it(answer: str, proof: str) -> None:
    assert proof_in(answer) == proof


def test_half_a_letter_is_no_failure() -> None:
    body = b'{"choices": [{"message": {"content": "```lean4\\nby \\ud800\\n```"}}]}'
    assert _asked(lambda _: body) == ["by ?"]


def test_a_configured_model_is_asked_however_little_is_left() -> None:
    prover = Refusing()
    with serving(lambda _: block("by nothing")) as url:
        model = WholeProofs(ModelAddress(url, "m"), samples=1)
        budget = Budget(2_000, 6, clock=lambda: float(len(prover.seen)))
        trial = trial_of(cast("Prover", prover), GOAL.statement)
        ended = repair(GOAL, "by skip", trial, budget=budget, proposer=model)
    assert Step.MODEL in [it.step for it in ended.attempts]
    assert not ended.proof


def test_why_a_model_was_of_no_help_is_told() -> None:
    with serving(lambda _: 401) as url:
        ended = ask(GOAL, _trial(), WholeProofs(ModelAddress(url, "m")), budget=Budget(), tried=())
    assert ended.why == "the model answers with status 401"
    with serving(lambda _: block("")) as url:
        ended = ask(GOAL, _trial(), WholeProofs(ModelAddress(url, "m")), budget=Budget(), tried=())
    assert ended.why == "the model found no proof"


def test_whoever_interrupts_does_not_wait_for_the_model() -> None:
    begun = time.monotonic()
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with suppress(KeyboardInterrupt):
        _asked(lambda _: _silent)
        pytest.fail("nothing interrupted it")
    timer.join()
    # The server of the test itself ends what it is at.
    assert time.monotonic() - begun < 4
