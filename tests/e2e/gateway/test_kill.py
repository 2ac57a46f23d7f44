"""Workers that serve are killed under load, again and again: nothing that was answered is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from tests.served import ATTACK, Served, serving, wait_until

from aidefence.ports.renewal import Phase

# A hundred of them take four minutes: name more by the variable.
_KILLS = int(os.environ.get("AIDEFENCE_KILLS", "8"))
_CLIENTS = 4
# A worker is back sooner without its models.
_CONFIG = 'deep = "off"\ndense = "off"\n'
_SWITCHES_EVERY = 40


class _Clients:
    """Ask, tell what it really was and throw switches; `told` is what they have a promise of."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._noting = threading.Lock()
        self.told: dict[str, list[str]] = {"episode": [], "feedback": [], "audit": []}
        self.broken: Counter[str] = Counter()

    def run(self, number: int) -> None:
        """Ask until it is enough, over a new connection whenever one broke."""
        while not self._stop.is_set():
            try:
                with httpx.Client(base_url=self._url, timeout=30) as session:
                    self._ask(session, number)
            except httpx.TransportError as error:
                self.broken[type(error).__name__] += 1

    def stop(self) -> None:
        self._stop.set()

    def _ask(self, session: httpx.Client, number: int) -> None:
        asked = 0
        while not self._stop.is_set():
            answer = session.post("/api/v2/detect", json={"content": ATTACK})
            assert answer.status_code == 200, answer.text
            name = answer.json()["requestId"]
            self._note("episode", name)
            said = {"requestId": name, "groundTruth": "attack"}
            answer = session.post("/api/v2/feedback", json=said)
            # Of a request that was answered a moment ago, by a worker that may be dead by now.
            assert answer.status_code == 200, answer.text
            self._note("feedback", answer.json()["feedbackId"])
            asked += 1
            if number == 0 and asked % _SWITCHES_EVERY == 1:
                self._switch(session, f"kill-{len(self.told['audit'])}")

    def _switch(self, session: httpx.Client, reason: str) -> None:
        path = "/api/v2/switches/rule:pii-zz*"
        answer = session.put(path, json={"reason": reason})
        assert answer.status_code == 200, answer.text
        self._note("audit", reason)

    def _note(self, kind: str, what: str) -> None:
        with self._noting:
            self.told[kind].append(what)


def test_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    dice = random.Random(11)
    with serving(tmp_path, _CONFIG, workers=2) as gateway:
        clients = _Clients(gateway.url)
        with ThreadPoolExecutor(_CLIENTS) as pool:
            running = [pool.submit(clients.run, number) for number in range(_CLIENTS)]
            for _ in range(_KILLS):
                # Often in the middle of work, sometimes just after it began.
                time.sleep(dice.uniform(0.05, 0.6))
                _kill_one(gateway, dice)
            clients.stop()
            for client in running:
                client.result()
        wait_until(lambda: len(_serving(gateway)) == 2, "all workers", 60)
    state = gateway.places.state_dir
    with sqlite3.connect(state / "aidefence.db") as db:
        kept = Counter(row[0] for row in db.execute("SELECT id FROM episodes"))
        words = {row[0] for row in db.execute("SELECT id FROM feedback")}
        audit = [json.loads(row[0]) for row in db.execute("SELECT body FROM audit")]
    assert set(clients.told["episode"]) <= set(kept)
    assert max(kept.values()) == 1
    assert set(clients.told["feedback"]) <= words
    written = json.dumps(audit)
    assert all(f'"{reason}"' in written for reason in clients.told["audit"])
    # With fewer than these it would show nothing.
    assert len(clients.told["episode"]) > 10 * _KILLS
    assert clients.told["audit"]
    assert "ConnectError" not in clients.broken
    assert sum(clients.broken.values()) <= _CLIENTS * _KILLS
    _chain_verifies(gateway)


def _serving(gateway: Served) -> set[int]:
    return {it.pid for it in gateway.workers() if it.phase is Phase.SERVING}


def _kill_one(gateway: Served, dice: random.Random) -> None:
    """Kill a worker while another serves: a machine that is off answers nobody."""
    wait_until(lambda: len(_serving(gateway)) >= 2, "somebody else who serves", 60)
    victim = dice.choice(sorted(_serving(gateway)))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in _serving(gateway), "the end of a worker")


def _chain_verifies(gateway: Served) -> None:
    command = [sys.executable, "-m", "aidefence.delivery.cli", "audit", "verify"]
    done = subprocess.run(
        [*command, "--config", str(gateway.config)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AIDEFENCE_STATE_DIR": str(gateway.places.state_dir)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
