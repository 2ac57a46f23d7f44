"""Workers that serve are killed under load, again and again; what was promised is looked for."""

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
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.served import ATTACK, Served, serving, wait_until

from aidefence.ports.renewal import Phase

_CLIENTS = 4
# A worker is back sooner without its models.
_CONFIG = 'deep = "off"\ndense = "off"\n'
_SWITCHES_EVERY = 40
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Toll:
    """What was promised by an answer, what of it is not there, and what broke on the way."""

    episodes: int
    episodes_lost: int
    episodes_twice: int
    feedback: int
    feedback_lost: int
    audited: int
    audited_lost: int
    chain_intact: bool
    broken: Counter[str]
    """Connections of clients that broke, by how."""

    @property
    def lost(self) -> int:
        """All that was promised and is not there."""
        return self.episodes_lost + self.feedback_lost + self.audited_lost


def kill_workers(folder: Path, kills: int) -> Toll:
    """Serve with two workers under load, kill one of them so often, and count what is lost."""
    dice = random.Random(11)
    with serving(folder, _CONFIG, workers=_WORKERS) as gateway:
        clients = _Clients(gateway.url)
        with ThreadPoolExecutor(_CLIENTS) as pool:
            running = [pool.submit(clients.run, number) for number in range(_CLIENTS)]
            try:
                for _ in range(kills):
                    # Often in the middle of work, sometimes just after it began.
                    time.sleep(dice.uniform(0.05, 0.6))
                    _kill_one(gateway, dice)
            finally:
                clients.stop()
            for client in running:
                client.result()
        wait_until(lambda: len(_serving(gateway)) == _WORKERS, "all workers", 60)
    return _count(gateway, clients)


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


def _count(gateway: Served, clients: _Clients) -> Toll:
    told = clients.told
    with sqlite3.connect(gateway.places.state_dir / "aidefence.db") as db:
        kept = Counter(row[0] for row in db.execute("SELECT id FROM episodes"))
        words = {row[0] for row in db.execute("SELECT id FROM feedback")}
        written = json.dumps([json.loads(row[0]) for row in db.execute("SELECT body FROM audit")])
    return Toll(
        episodes=len(told["episode"]),
        episodes_lost=len(set(told["episode"]) - set(kept)),
        episodes_twice=sum(count > 1 for count in kept.values()),
        feedback=len(told["feedback"]),
        feedback_lost=len(set(told["feedback"]) - words),
        audited=len(told["audit"]),
        audited_lost=sum(f'"{reason}"' not in written for reason in told["audit"]),
        chain_intact=_chain_verifies(gateway),
        broken=clients.broken,
    )


def _serving(gateway: Served) -> set[int]:
    return {it.pid for it in gateway.workers() if it.phase is Phase.SERVING}


def _kill_one(gateway: Served, dice: random.Random) -> None:
    """Kill a worker while another serves: a machine that is off answers nobody."""
    wait_until(lambda: len(_serving(gateway)) >= 2, "somebody else who serves", 60)
    victim = dice.choice(sorted(_serving(gateway)))
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in _serving(gateway), "the end of a worker")


def _chain_verifies(gateway: Served) -> bool:
    command = [sys.executable, "-m", "aidefence.delivery.cli", "audit", "verify"]
    done = subprocess.run(
        [*command, "--config", str(gateway.config)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AIDEFENCE_STATE_DIR": str(gateway.places.state_dir)},
    )
    return done.returncode == 0
