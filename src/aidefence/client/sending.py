"""How questions go out: what is tried again, when, and what becomes of answers."""

from __future__ import annotations

import random
from dataclasses import dataclass

import httpx

from aidefence import __version__
from aidefence.client.errors import error_of, retry_after_ms
from aidefence.client.questions import Question, Told
from aidefence.domain.errors import AIDefenceError, SettingError
from aidefence.domain.refusals import DeadlineError, UnavailableError

_OK = frozenset({200, 201, 202, 204})
# The gateway says of these that nothing was done.
_UNDONE = frozenset({429, 503})
_CONNECT_SECONDS_MAX = 5.0
_BACKOFF_SECONDS = 0.1
_BACKOFF_SECONDS_MAX = 5.0
# Failures before anything of the question can have arrived.
_BEFORE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True, repr=False)
class Manner:
    """Where questions go, and how patiently."""

    url: str
    api_key: str | None
    timeout: float
    retries: int
    wait_seconds_max: float

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise SettingError("url", f"`{self.url}` does not begin with http:// or https://")
        if self.timeout <= 0:
            raise SettingError("timeout", f"`{self.timeout}` seconds are no time")
        if self.retries < 0:
            raise SettingError("retries", f"`{self.retries}` is negative")

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        headers = {"user-agent": f"aidefence-client/{__version__}", "accept": "application/json"}
        if self.api_key is not None:
            headers["authorization"] = f"Bearer {self.api_key}"
        return headers

    @property
    def limits(self) -> httpx.Timeout:
        """How long each step may take."""
        return httpx.Timeout(self.timeout, connect=min(self.timeout, _CONNECT_SECONDS_MAX))

    def pause(self, attempt: int, told_ms: int | None) -> float | None:
        """Tell how many seconds to wait before the next attempt; none if there is to be none."""
        if attempt >= self.retries:
            return None
        if told_ms is not None:
            seconds = told_ms / 1000
            return seconds if seconds <= self.wait_seconds_max else None
        grown = min(_BACKOFF_SECONDS_MAX, _BACKOFF_SECONDS * 2.0**attempt)
        # Who was refused together must not come back together.
        return grown * random.uniform(0.5, 1.0)  # noqa: S311 -- nothing is kept secret by it

    def after_answer(self, attempt: int, answer: httpx.Response) -> float | None:
        """Say how long to wait before asking again, where an answer says that nothing was done."""
        if answer.status_code not in _UNDONE:
            return None
        return self.pause(attempt, retry_after_ms(answer.headers))

    def after_failure(
        self, attempt: int, question: Question[Told], error: httpx.TransportError
    ) -> float | None:
        """Say how long to wait before asking again, where that cannot do anything twice."""
        if not isinstance(error, _BEFORE) and not question.repeatable:
            return None
        # Who waited a whole timeout for an answer has waited long enough.
        return None if isinstance(error, httpx.ReadTimeout) else self.pause(attempt, None)

    def failure(self, error: httpx.TransportError) -> AIDefenceError:
        """Make an error of ours out of one of the network."""
        told = str(error) or type(error).__name__
        if isinstance(error, httpx.TimeoutException):
            return DeadlineError(f"no answer from {self.url} within {self.timeout:g} s: {told}")
        return UnavailableError(f"cannot reach {self.url}: {told}")


def settle(question: Question[Told], answer: httpx.Response) -> Told:
    """Read an answer, or raise what it refuses."""
    if answer.status_code not in _OK:
        raise error_of(answer.status_code, answer.headers, answer.content)
    return question.read(answer.content)


def request_of(client: httpx.Client | httpx.AsyncClient, question: Question[Told]) -> httpx.Request:
    """Put a question into a request."""
    headers = {} if question.body is None else {"content-type": question.media}
    return client.build_request(
        question.method, question.path, content=question.body, headers=headers
    )
