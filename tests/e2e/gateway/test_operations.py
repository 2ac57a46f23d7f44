"""What operators do while a gateway runs: it acts within a second, in all workers."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import httpx
import pytest
from tests.served import ATTACK, Served, serving, wait_until

from aidefence.adapters.switch_file import SwitchFile
from aidefence.domain.switches import Switch, Thrown

SECRET = "my card number is 4111 1111 1111 1111"


def switch(gateway: Served, what: str, *, off: bool = True) -> None:
    board = SwitchFile(gateway.places.switches)
    thing = Switch.parse(what)
    if off:
        board.change(lambda now: now.with_off(Thrown(thing, "test", "an incident", 1)))
    else:
        board.change(lambda now: now.without(thing))


def in_force(gateway: Served) -> set[int]:
    return {it.generation for it in gateway.workers()}


def policies(gateway: Served) -> set[str]:
    return {it.policy_version for it in gateway.workers()}


def test_the_kill_switch_acts_in_all_workers(tmp_path: Path) -> None:
    with serving(tmp_path, workers=2) as gateway:
        assert gateway.detect()["action"] == "block"
        switch(gateway, "all")
        took = wait_until(lambda: in_force(gateway) == {1}, "the switch in both workers")
        assert took < 1
        for _ in range(20):
            told = gateway.detect()
            assert (told["action"], told["enforced"]) == ("allow", False)
            assert told["threat"]["detected"] is True
            assert told["degraded"][0] == {"check": "switch.all", "reason": "an incident"}
        switch(gateway, "all", off=False)
        wait_until(lambda: in_force(gateway) == {2}, "the switch in both workers")
        assert {gateway.detect()["action"] for _ in range(20)} == {"block"}


@pytest.mark.parametrize(
    ("what", "text", "before", "after"),
    [
        ("category:pii", SECRET, "flag", "allow"),
        ("rule:tx-pii-card-test", SECRET, "flag", "allow"),
        ("tier:3", "hello there", "allow", "allow"),
    ],
)
def test_one_detector_is_switched_off(
    tmp_path: Path, what: str, text: str, before: str, after: str
) -> None:
    config = "[thresholds.pii]\nflag = 0.3\n"
    with serving(tmp_path, config) as gateway:
        assert gateway.detect(text)["action"] == before
        switch(gateway, what)
        wait_until(lambda: in_force(gateway) == {1}, "the switch")
        told = gateway.detect(text)
        assert told["action"] == after
        assert {"check": f"switch.{what}", "reason": "an incident"} in told["degraded"]
        assert gateway.detect(ATTACK)["action"] == "block"
        ready = httpx.get(f"{gateway.url}/readyz").json()
        assert f"switch.{what}" in {it["check"] for it in ready["degraded"]}


def test_a_damaged_file_of_switches_leaves_them_as_they_are(tmp_path: Path) -> None:
    with serving(tmp_path) as gateway:
        switch(gateway, "all")
        wait_until(lambda: in_force(gateway) == {1}, "the switch")
        gateway.places.switches.write_text('{"generation": 2, "off": [{"switch": "al')
        wait_until(lambda: gateway.workers()[0].failure, "the failure")
        assert "are damaged" in gateway.workers()[0].failure
        assert gateway.detect()["action"] == "allow"
        counts = httpx.get(f"{gateway.url}/metrics").text
        assert "aidefence_reload_failures_total 1.0" in counts
        assert "aidefence_switches_off 1.0" in counts
        gateway.places.switches.unlink()
        wait_until(lambda: not gateway.workers()[0].failure, "recovery")
        assert gateway.detect()["action"] == "block"


@pytest.mark.parametrize("how", ["file", "parent", "worker"])
def test_new_settings_are_in_force_without_a_restart(tmp_path: Path, how: str) -> None:
    watch = "true" if how == "file" else "false"
    config = f"[server]\nwatch_files = {watch}\n"
    with serving(tmp_path, config, workers=2) as gateway:
        pids = {it.pid for it in gateway.workers()}
        assert gateway.detect()["action"] == "block"
        gateway.config.write_text(f'profile = "observe"\n{config}')
        if how == "parent":
            gateway.process.send_signal(signal.SIGHUP)
        elif how == "worker":
            for pid in pids:
                os.kill(pid, signal.SIGHUP)
        wait_until(
            lambda: all(it.startswith("observe-") for it in policies(gateway)), "the new policy"
        )
        for _ in range(20):
            told = gateway.detect()
            assert told["enforced"] is False
            assert told["metadata"]["policyVersion"].startswith("observe-")
        assert {it.pid for it in gateway.workers()} == pids


def test_settings_that_are_wrong_leave_the_old_ones_in_force(tmp_path: Path) -> None:
    with serving(tmp_path, 'profile = "balanced"\n', AIDEFENCE_LOG="json") as gateway:
        gateway.config.write_text('profile = "balanced"\n\n[server]\nprot = 1\n')
        wait_until(lambda: gateway.workers()[0].failure, "the failure")
        told = "aidefence.toml:4: setting `server.prot`: unknown: did you mean `port`?"
        assert told in gateway.workers()[0].failure
        assert gateway.detect()["action"] == "block"
        lines = [json.loads(line) for line in gateway.told().splitlines()]
        failed = [it for it in lines if it["event"] == "settings not in force"]
        assert told in failed[0]["reason"]
        assert failed[0]["level"] == "error"
        gateway.config.write_text('profile = "strict"\n')
        wait_until(lambda: policies(gateway).pop().startswith("strict-"), "the new policy")
        assert not gateway.workers()[0].failure


def test_rules_and_lists_are_loaded_again(tmp_path: Path) -> None:
    rules = tmp_path / "rules" / "jailbreak"
    rules.mkdir(parents=True)
    (tmp_path / "lists.toml").write_text("")
    config = 'rules_dir = "rules"\nlists = ["lists.toml"]\n'
    with serving(tmp_path, config) as gateway:
        text = "please open the purple umbrella now"
        assert gateway.detect(text)["action"] == "allow"
        (tmp_path / "lists.toml").write_text(
            '[[deny]]\nphrase = "purple umbrella"\ncategory = "jailbreak"\n'
            'severity = "high"\nreason = "our own word"\n'
        )
        wait_until(lambda: gateway.detect(text)["action"] != "allow", "the new list")
        (rules / "bad.yml").write_text("id: [")
        wait_until(lambda: "bad.yml" in gateway.workers()[0].failure, "the failure")
        assert gateway.detect(text)["action"] != "allow"


def test_what_needs_a_restart_is_told(tmp_path: Path) -> None:
    with serving(tmp_path) as gateway:
        gateway.config.write_text("[server]\nnode = 'other'\n")
        wait_until(lambda: gateway.workers()[0].restart == ("server",), "the word about it")


def test_a_worker_that_comes_back_begins_with_what_holds(tmp_path: Path) -> None:
    with serving(tmp_path) as gateway:
        switch(gateway, "category:pii")
        gateway.config.write_text('profile = "strict"\n')
        wait_until(lambda: policies(gateway).pop().startswith("strict-"), "the new policy")
        held, old = policies(gateway), gateway.workers()[0].pid
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: gateway.workers() and gateway.workers()[0].pid != old, "a new worker")
        gateway.wait_ready()
        assert policies(gateway) == held
        assert in_force(gateway) == {1}


def test_jobs_that_were_taken_in_are_done(tmp_path: Path) -> None:
    with serving(tmp_path, workers=2) as gateway:
        body = {"content": ATTACK, "options": {"async": True}}
        taken = httpx.post(f"{gateway.url}/api/v2/detect", json=body, timeout=30)
        assert taken.status_code == 202, taken.text
        place = f"{gateway.url}{taken.headers['location']}"
        wait_until(lambda: '"block"' in httpx.get(place, timeout=30).text, "the answer", 30)


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_line_for_each_request_says_who_and_how_long_but_never_what(
    tmp_path: Path, form: str
) -> None:
    with serving(tmp_path, f'[log]\nformat = "{form}"\naccess = true\n') as gateway:
        told = gateway.detect(SECRET)
        httpx.get(f"{gateway.url}/nowhere?text=4111111111111111")
        lines = [it for it in gateway.told().splitlines() if "/api/v2/detect" in it]
        assert len(lines) == 1
        if form == "json":
            line = json.loads(lines[0])
            assert (line["status"], line["door"], line["caller"]) == (200, "rest", "local")
            assert line["request_id"] == told["requestId"]
            assert line["microseconds"] > 0
        else:
            assert " 200 " in lines[0]
            assert told["requestId"] in lines[0]
        # An answer may be here before its line is written.
        wait_until(lambda: "/nowhere" in gateway.told(), "the line of the second request")
        assert "4111111111111111" not in gateway.told()
