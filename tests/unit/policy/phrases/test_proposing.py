"""What a model proposes is believed only once it was checked; tried against a real server."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aidefence.adapters.proposer_openai import Endpoint, OpenAiProposer
from aidefence.delivery.cli.main import app
from aidefence.domain.refusals import DeadlineError, UnavailableError
from aidefence.policy.phrases.proposing import ProposalBudget, propose
from aidefence.policy.phrases.reading import Outcome, Refused, Understood

_RULE = "rule x:\n    block when confidence(jailbreak) >= 80%\n"
_Script = list[Callable[["_Handler"], None]]


class _Handler(BaseHTTPRequestHandler):
    """Speaks the protocol, one line of the script for each request."""

    server: "_Server"

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.server.asked.append(json.loads(self.rfile.read(length)))
        self.server.keys.append(self.headers.get("authorization", ""))
        self.server.paths.append(self.path)
        self.server.script.pop(0)(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: _Script = []
        self.asked: list[Any] = []
        self.keys: list[str] = []
        self.paths: list[str] = []


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def _says(text: str, tokens: int = 50) -> Callable[[_Handler], None]:
    body = {"choices": [{"message": {"content": text}}], "usage": {"total_tokens": tokens}}
    return lambda handler: handler.reply(200, json.dumps(body).encode())


def _fails(status: int, body: bytes = b"{}") -> Callable[[_Handler], None]:
    return lambda handler: handler.reply(status, body)


def _ask(server: _Server, script: _Script, seconds: float = 10, **budget: int) -> Outcome:
    server.script = script
    address = f"http://127.0.0.1:{server.server_port}/v1"
    endpoint = Endpoint(address, "some-model", "a-key", seconds=seconds, pause_seconds=0.01)
    proposer = OpenAiProposer(endpoint)
    try:
        return propose("jailbreaks, no thanks", proposer, budget=ProposalBudget(**budget))
    finally:
        proposer.close()


def test_a_proposal_is_read_and_said_back(server: _Server) -> None:
    outcome = _ask(server, [_says(f"Here it is:\n```pdl\n{_RULE}```")])
    assert isinstance(outcome, Understood)
    assert outcome.reading.rule.id == "rule"
    assert "jailbreak" in outcome.reading.paraphrase
    assert "language model" in outcome.reading.notes[0]
    assert server.paths == ["/v1/chat/completions"]
    assert server.keys == ["Bearer a-key"]
    assert server.asked[0]["model"] == "some-model"
    assert server.asked[0]["messages"][1] == {"role": "user", "content": "jailbreaks, no thanks"}


def test_what_makes_no_sense_goes_back_with_the_reason(server: _Server) -> None:
    wrong = _RULE.replace("jailbreak", "jailbrake")
    assert isinstance(_ask(server, [_says(wrong), _says(_RULE)]), Understood)
    told = server.asked[1]["messages"]
    assert [it["role"] for it in told] == ["system", "user", "assistant", "user"]
    assert "jailbreak" in told[3]["content"]


@pytest.mark.parametrize(
    "text",
    [
        *("none", "", "rule", _RULE + _RULE.replace("x", "y"), "policy p version 1\n" + _RULE),
        *("default allow\n" + _RULE, "use call-rate", _RULE.replace("80%", "80"), "x" * 5_000),
        *('include "secrets.pdl"\n' + _RULE, _RULE.replace("confidence", "$confidence")),
    ],
)
def test_nothing_but_one_rule_that_makes_sense_is_taken(server: _Server, text: str) -> None:
    outcome = _ask(server, [_says(text), _says(text)], tries=2)
    assert isinstance(outcome, Refused)
    assert len(server.asked) == 2


def test_the_budget_is_kept(server: _Server) -> None:
    outcome = _ask(server, [_says("none", 600), _says("none", 600)], tries=9, tokens_max=1_000)
    assert isinstance(outcome, Refused)
    assert "1000 tokens" in outcome.message
    assert len(server.asked) == 2


def test_a_server_that_stumbles_is_asked_again(server: _Server) -> None:
    assert isinstance(_ask(server, [_fails(503), _fails(429), _says(_RULE)]), Understood)
    with pytest.raises(UnavailableError, match="503"):
        _ask(server, [_fails(503)] * 3)
    with pytest.raises(UnavailableError, match="401"):
        _ask(server, [_fails(401)])


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"no json", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": {}}]}'),
        *(b'{"choices": [{"message": {"content": 5}}]}', b"[" * 100_000, b"\xff\xfe"),
        *(b'{"choices": [{"message": {"content": "x"}}], "usage": 5}', b" " * 2_000_000),
    ],
)
def test_an_answer_that_is_none_is_told_as_that(server: _Server, body: bytes) -> None:
    with pytest.raises(UnavailableError):
        _ask(server, [_fails(200, body)])


def test_a_slow_server_is_not_waited_for(server: _Server) -> None:
    def drip(handler: _Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(40):
            try:
                handler.wfile.write(b" ")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    begun = time.monotonic()
    with pytest.raises(DeadlineError):
        _ask(server, [drip], seconds=0.4)
    assert time.monotonic() - begun < 1.5


def test_the_command_line_asks_a_model_for_what_it_does_not_understand(
    server: _Server, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("a-key\n", "utf-8")
    address = f"http://127.0.0.1:{server.server_port}/v1"
    model = ("--model-url", address, "--model", "some-model", "--model-key", str(key))
    server.script = [_says(_RULE)]
    told = CliRunner().invoke(app, ["policy", "read", "jailbreaks: no thanks", *model])
    assert told.exit_code == 0
    assert "block when confidence(jailbreak) >= 80%" in told.stdout
    assert "language model" in told.stdout
    assert server.keys == ["Bearer a-key"]
    server.script = [_fails(401)]
    told = CliRunner().invoke(app, ["policy", "read", "jailbreaks: no thanks", *model])
    assert told.exit_code == 2
    assert CliRunner().invoke(app, ["policy", "read", "block jailbreaks", *model]).exit_code == 0


def test_nobody_there_is_told() -> None:
    endpoint = Endpoint("http://127.0.0.1:9", "m", attempts=2, pause_seconds=0.01)
    proposer = OpenAiProposer(endpoint)
    with pytest.raises(UnavailableError, match="cannot be reached"):
        propose("block jailbreaks", proposer)
    proposer.close()
    assert "secret" not in repr(Endpoint("http://127.0.0.1:9", "m", "secret"))
