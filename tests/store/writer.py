"""A process that answers, folds and is killed: what it tells in its file was answered."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Thread

from tests.decided import attack, request

from aidefence.app.parts.store import Store, open_store
from aidefence.app.settings import Settings
from aidefence.app.settings.store import StoreSettings
from aidefence.domain.access import LOCAL
from aidefence.domain.audit import AuditAction
from aidefence.domain.feedback import GroundTruth
from aidefence.domain.job import JobKind

Tell = Callable[[str, str], None]


def write_until_killed(folder: Path, name: str, url: str | None) -> None:
    """Do everything at once, until somebody puts an end to it."""
    chosen = StoreSettings(url=url)  # type: ignore[arg-type]
    store = open_store(Settings(state_dir=folder, store=chosen), lambda given: given)
    told = os.open(folder / f"told-{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(kind: str, what: str) -> None:
        # One write each: what is torn was not answered.
        os.write(told, f"{kind} {what}\n".encode())

    for chore in (_say, _fold, _work):
        Thread(target=chore, args=(store, name, tell), daemon=True).start()
    for at in count():
        asked = request(id=f"req_{name}_{at}")
        store.log.record(asked, attack())
        tell("episode", asked.id)
        time.sleep(0.0005)


def _say(store: Store, name: str, tell: Tell) -> None:
    for at in count():
        asked = request(id=f"req_{name}_word_{at}")
        store.log.record(asked, attack())
        given = store.feedback.give(asked.id, LOCAL, GroundTruth.ATTACK)
        tell("feedback", given.feedback.episode.id)
        noted = store.audit.note(LOCAL, AuditAction.FLAG_CHANGED, asked.id)
        tell("audit", str(noted.number))
        job = store.jobs.submit(JobKind.DETECT, b"payload", LOCAL)
        tell("job", job.id)


def _fold(store: Store, *_: object) -> None:
    while True:
        store.folding.fold()
        time.sleep(0.02)


def _work(store: Store, *_: object) -> None:
    while True:
        store.jobs.run_next({JobKind.DETECT: lambda _: b'"done"'})
        time.sleep(0.02)
