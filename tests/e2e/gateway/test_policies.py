"""Policies from words to a request that they stop, at a gateway with two workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from tests.served import Served, serving, wait_until

_PRIVATE = "Please write to lena.vogt@gmx.de about the order."
_PROVED_SECONDS_MAX = 60.0
_FOLLOWED_SECONDS_MAX = 15.0
_DEPLOYMENT = {"targetEnvironment": "production", "rolloutStrategy": "immediate"}


def _policies(served: Served, path: str = "", **body: Any) -> httpx.Response:
    url = f"{served.url}/api/v2/policies{path}"
    return httpx.post(url, json=body, timeout=30) if body else httpx.get(url, timeout=30)


def _written(served: Served, condition: str, name: str = "house-rules") -> str:
    rule = {"id": "first", "condition": condition, "action": "block", "priority": 10}
    answer = _policies(served, name=name, description="of the house", rules=[rule])
    assert answer.status_code in {200, 201, 202}, answer.text
    policy: str = answer.json()["policyId"]
    return policy


def _proved(served: Served, condition: str, name: str = "house-rules") -> str:
    policy = _written(served, condition, name)

    def settled() -> bool:
        told = _policies(served, f"/{policy}/verification").json()
        assert told["status"] != "failed", told
        return bool(told["status"] == "verified")

    wait_until(settled, "a proof", _PROVED_SECONDS_MAX)
    return policy


def test_what_is_written_in_words_is_proved_and_decides_in_every_worker(tmp_path: Path) -> None:
    with serving(tmp_path, workers=2) as served:
        assert served.detect(_PRIVATE)["action"] == "flag"
        # One after the other, so that whoever takes work that is not his is found out.
        policies = [
            _proved(served, condition, name)
            for condition, name in (
                ("the text contains personal data", "house-rules"),
                ("the confidence of a jailbreak is above 80 percent", "jailbreaks"),
                ("the text contains a secret", "keys"),
            )
        ]
        answer = _policies(served, f"/{policies[0]}/deploy", **_DEPLOYMENT)
        assert answer.status_code in {200, 202}, answer.text

        def followed() -> bool:
            told = [served.detect(_PRIVATE) for _ in range(20)]
            versions = [it["metadata"]["policyVersion"] for it in told]
            return all("+house-rules.1-" in version for version in versions)

        wait_until(followed, "the policy in all workers", _FOLLOWED_SECONDS_MAX)
        assert served.detect(_PRIVATE)["action"] == "block"
        assert served.detect("What is the capital of France?")["action"] == "allow"


def test_two_policies_of_one_name_are_not_in_force_together(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        first = _proved(served, "the text contains a secret")
        second = _proved(served, "the text contains personal data")
        assert _policies(served, f"/{first}/deploy", **_DEPLOYMENT).status_code in {200, 202}
        refused = _policies(served, f"/{second}/deploy", **_DEPLOYMENT)
        assert refused.status_code == 409
        assert "calls itself `house-rules`" in refused.json()["detail"]
