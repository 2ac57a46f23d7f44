"""Two who deploy at once, over real sockets and in two workers: one wins, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import pytest
from tests.served import Served, serving

SOURCE = """\
policy rush version 1

default allow
on error block

rule long priority 1:
  block when text.length >= 2_000

prove every rule can fire
"""
_PATH = "/api/v2/policies"
_AT_ONCE = 8


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("rush"), "", workers=2) as it:
        yield it


@pytest.fixture
def policy(gateway: Served) -> Iterator[str]:
    given = {"name": "rush", "source": SOURCE, "verificationRequired": False}
    made = httpx.post(f"{gateway.url}{_PATH}", json=given, timeout=30).raise_for_status().json()
    path = f"{gateway.url}{_PATH}/{made['policyId']}"
    for number in range(2, _AT_ONCE + 1):
        source = SOURCE.replace("2_000", str(1000 + number))
        httpx.put(path, json={"source": source}, timeout=30).raise_for_status()
    yield path
    httpx.delete(path, timeout=30).raise_for_status()


def _at_once(path: str, bodies: Sequence[Mapping[str, Any]]) -> list[httpx.Response]:
    """Post all at one moment, each over a connection of its own."""
    ready = threading.Barrier(len(bodies))
    answers: list[httpx.Response] = []

    def post(body: Mapping[str, Any]) -> None:
        with httpx.Client(timeout=60) as client:
            client.get(path.partition("/api")[0] + "/readyz")
            ready.wait()
            answers.append(client.post(path, json=body))

    threads = [threading.Thread(target=post, args=(it,)) for it in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _split(answers: list[httpx.Response]) -> tuple[list[Any], list[Any]]:
    done = [it.json() for it in answers if it.status_code == 200]
    refused = [it.json() for it in answers if it.status_code == 409]
    assert len(done) + len(refused) == len(answers), [it.text for it in answers]
    assert all(it["type"] == "/problems/conflict" for it in refused)
    return done, refused


def test_of_many_roll_outs_at_once_one_wins(policy: str) -> None:
    canary = {"rolloutStrategy": "canary", "rolloutPercentage": 5}
    bodies = [{**canary, "version": it} for it in range(1, _AT_ONCE + 1)]
    done, refused = _split(_at_once(f"{policy}/deploy", bodies))
    assert (len(done), len(refused)) == (1, _AT_ONCE - 1)
    [slot] = httpx.get(policy, timeout=30).json()["deployments"]
    assert (slot["candidate"], slot["version"]) == (done[0]["version"], None)
    [only] = httpx.get(f"{policy}/deployments", timeout=30).json()["deployments"]
    assert only["deploymentId"] == done[0]["deploymentId"]


def test_of_deployments_at_once_the_last_holds_and_each_is_undone_in_turn(policy: str) -> None:
    bodies = [{"version": it} for it in range(1, _AT_ONCE + 1)]
    done, _ = _split(_at_once(f"{policy}/deploy", bodies))
    assert done
    [slot] = httpx.get(policy, timeout=30).json()["deployments"]
    history = httpx.get(f"{policy}/deployments", timeout=30).json()["deployments"]
    assert {it["deploymentId"] for it in history} == {it["deploymentId"] for it in done}
    assert [it["deploymentId"] for it in history if it["state"] == "live"] == [slot["deploymentId"]]
    undone = 0
    while httpx.post(f"{policy}/rollback", json={}, timeout=30).status_code == 200:
        undone += 1
    assert undone == len(done)
    assert httpx.get(policy, timeout=30).json()["deployments"] == []


def test_of_one_version_deployed_twice_at_once_one_wins(policy: str) -> None:
    done, refused = _split(_at_once(f"{policy}/deploy", [{"version": 1}] * 2))
    assert (len(done), len(refused)) == (1, 1)


def test_a_roll_back_and_a_deployment_at_once_leave_one_truth(policy: str) -> None:
    httpx.post(f"{policy}/deploy", json={"version": 1}, timeout=30).raise_for_status()
    answers: list[httpx.Response] = []
    ready = threading.Barrier(2)

    def post(what: str, body: Mapping[str, Any]) -> None:
        ready.wait()
        answers.append(httpx.post(f"{policy}/{what}", json=body, timeout=60))

    threads = [
        threading.Thread(target=post, args=("deploy", {"version": 2})),
        threading.Thread(target=post, args=("rollback", {})),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _split(answers)
    slots = httpx.get(policy, timeout=30).json()["deployments"]
    history = httpx.get(f"{policy}/deployments", timeout=30).json()["deployments"]
    live = [it["version"] for it in history if it["state"] == "live"]
    assert live == [it["version"] for it in slots]
