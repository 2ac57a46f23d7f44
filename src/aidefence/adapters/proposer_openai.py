"""A proposer behind any endpoint that speaks the protocol of OpenAI's chat completions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from aidefence.domain.refusals import DeadlineError, UnavailableError
from aidefence.ports.proposing import Answered, Said

ANSWER_BYTES_MAX = 1_000_000
_UNREACHED = 0
"""Stands for a status where there was none."""
_AGAIN = frozenset({_UNREACHED, 408, 429, 500, 502, 503, 504})
_OK = 200
_CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model answers, and what patience there is with it. Its repr is silent on the key."""

    base_url: str
    model: str
    api_key: str = ""
    seconds: float = 30.0
    """For one question, with all its attempts."""
    attempts: int = 3
    pause_seconds: float = 0.5
    """Before the second attempt; each later pause is twice as long."""
    answer_tokens_max: int = 1_000

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r}, {self.model!r})"


class OpenAiProposer:
    """Asks a model over HTTP. Proxies of the system are not used, redirects not followed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        headers = {"accept": "application/json"}
        if endpoint.api_key:
            headers["authorization"] = f"Bearer {endpoint.api_key}"
        self._client = httpx.Client(trust_env=False, headers=headers)
        self._url = f"{endpoint.base_url.rstrip('/')}/chat/completions"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def answer(self, said: Sequence[Said]) -> Answered:
        """Give the model's next message."""
        body = {
            "model": self._endpoint.model,
            "messages": [{"role": it.speaker.value, "content": it.text} for it in said],
            "temperature": 0,
            "max_tokens": self._endpoint.answer_tokens_max,
        }
        deadline = time.monotonic() + self._endpoint.seconds
        pause, status = self._endpoint.pause_seconds, _UNREACHED
        for left in reversed(range(self._endpoint.attempts)):
            status, data = self._asked(body, deadline)
            if status == _OK:
                return _answered(data)
            if status not in _AGAIN or not left:
                break
            if time.monotonic() + pause >= deadline:
                raise DeadlineError("the model did not answer in time")
            time.sleep(pause)
            pause *= 2
        told = f"answers with the status {status}" if status else "cannot be reached"
        raise UnavailableError(f"the model {told}")

    def _asked(self, body: dict[str, object], deadline: float) -> tuple[int, bytes]:
        """Give status and body of one attempt."""
        try:
            with self._client.stream("POST", self._url, json=body, timeout=_left(deadline)) as got:
                data = b""
                for chunk in got.iter_bytes():
                    data += chunk
                    if len(data) > ANSWER_BYTES_MAX:
                        raise UnavailableError("the model's answer is too long")
                    _left(deadline)
                return got.status_code, data
        except httpx.TimeoutException as error:
            raise DeadlineError("the model did not answer in time") from error
        except (httpx.HTTPError, httpx.InvalidURL):
            return _UNREACHED, b""


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineError("the model did not answer in time")
    return left


def _answered(data: bytes) -> Answered:
    try:
        body = httpx.Response(_OK, content=data).json()
        text = body["choices"][0]["message"]["content"]
        usage = body.get("usage") or {}
        tokens = usage.get("total_tokens")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UnavailableError("the model's answer cannot be read") from error
    if not isinstance(text, str):
        raise UnavailableError("the model's answer cannot be read")
    # An endpoint that does not count is counted by the length of its answer.
    counted = tokens if type(tokens) is int and tokens >= 0 else len(text) // _CHARACTERS_A_TOKEN
    return Answered(text, counted)
