"""X-Request-Id: the client's name for its request comes back, or ours."""

from collections.abc import Callable

import httpx
import pytest

Ask = Callable[..., httpx.Response]

PATHS = [("POST", "/api/v2/detect", {"content": "x"}), ("GET", "/healthz", None)]


@pytest.mark.parametrize(("method", "path", "body"), PATHS)
def test_the_clients_name_comes_back(
    ask: Ask, method: str, path: str, body: dict[str, str] | None
) -> None:
    answer = ask(method, path, json=body, headers={"x-request-id": "trace:1/a-b_c"})
    assert answer.headers["x-request-id"] == "trace:1/a-b_c"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "ü", "a\tb", '"'])
@pytest.mark.parametrize(("method", "path", "body"), PATHS)
def test_a_name_that_is_unfit_for_logs_does_not(
    ask: Ask, method: str, path: str, body: dict[str, str] | None, given: str
) -> None:
    answer = ask(method, path, json=body, headers={"x-request-id": given.encode()})
    assert answer.headers["x-request-id"].startswith("req_")


def test_without_one_it_is_the_request_id(ask: Ask) -> None:
    answer = ask("POST", "/api/v2/detect", json={"content": "x"})
    assert answer.headers["x-request-id"] == answer.json()["requestId"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("PUT", "/api/v2/detect")])
def test_refusals_have_one_too(ask: Ask, method: str, path: str) -> None:
    assert ask(method, path).headers["x-request-id"].startswith("req_")
