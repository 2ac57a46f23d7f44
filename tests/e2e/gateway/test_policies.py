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


_HOUSE = """policy house-rules version {}
default profile
on error block
rule words: {} when text.length >= 20
"""


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


def test_policies_in_files_hold_and_are_loaded_again(tmp_path: Path) -> None:
    file, text = tmp_path / "house.pdl", "What is the capital of France?"
    file.write_text(_HOUSE.format(1, "block"))
    with serving(tmp_path, '[policies]\nfiles = ["house.pdl"]\n') as served:
        told = served.detect(text)
        assert told["action"] == "block"
        assert "+house-rules.1-" in told["metadata"]["policyVersion"]
        file.write_text(_HOUSE.format(2, "blok"))
        wait_until(lambda: served.workers()[0].failure, "the failure")
        assert f"{file}:4:13: " in served.workers()[0].failure
        assert served.detect(text)["action"] == "block"
        file.write_text(_HOUSE.format(2, "flag"))
        wait_until(lambda: served.detect(text)["action"] == "flag", "the new version")
        assert not served.workers()[0].failure


def test_a_file_and_a_deployed_policy_of_one_name_do_not_decide_together(tmp_path: Path) -> None:
    file = tmp_path / "house.pdl"
    with serving(tmp_path, "[policies]\nfiles = []\n") as served:
        policy = _proved(served, "the text contains personal data")
        assert _policies(served, f"/{policy}/deploy", **_DEPLOYMENT).status_code in {200, 202}
        wait_until(lambda: served.detect(_PRIVATE)["action"] == "block", "the deployed one")
        file.write_text(_HOUSE.format(1, "flag"))
        served.config.write_text('[policies]\nfiles = ["house.pdl"]\n')
        wait_until(lambda: served.workers()[0].failure, "the failure")
        assert "both called `house-rules`" in served.workers()[0].failure
        assert served.detect(_PRIVATE)["action"] == "block"
        assert served.detect("What is the capital of France?")["action"] == "allow"
        file.write_text(_HOUSE.format(1, "flag").replace("house-rules", "words"))
        served.config.write_text('[policies]\nfiles = ["house.pdl"]\n# again\n')
        wait_until(lambda: not served.workers()[0].failure, "the file in force")
        # Both decide, and the gravest counts.
        assert served.detect(_PRIVATE)["action"] == "block"
        assert served.detect("What is the capital of France?")["action"] == "flag"


def test_a_bad_policy_is_told_before_a_port_is_taken(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pdl"
    bad.write_text(_HOUSE.format(1, "blok"))
    gateway = Served(tmp_path, "", "--policy", str(bad))
    assert gateway.process.wait(60) == 2
    assert f"{bad}:4:13: " in gateway.told()
    assert "Traceback" not in gateway.told()
