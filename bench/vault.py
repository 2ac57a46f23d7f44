"""Values into a vault and back, from many threads and processes: none lost, none to a stranger."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from aidefence.adapters.cipher import AesGcm
from aidefence.adapters.keyring import KeyFile
from aidefence.adapters.system import SystemClock
from aidefence.adapters.vault_sqlite import SqliteVault
from aidefence.respond.restoring import Restorer
from aidefence.service.vault import Keeper, Value
from bench.record import Outcome

_SEED = 20261123
_TTL_MS = 3_600_000
_ENTITIES = ("email_address", "payment_card", "iban", "phone_number", "secret")
_LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789@.-+ "\\\n<>_\u00e9\u4e2d\U0001f600'
_SESSIONS = 500
_VALUES_A_TEXT = 50
# Whose a value is stands in it, and would be seen where it has no business.
_MARK = "#kept for session "
# Tokens of so many sessions are compared between threads and processes.
_COMPARED = 25


@dataclass(slots=True)
class Tally:
    """What one thread saw."""

    trips: int = 0
    lost: int = 0
    unlike: int = 0
    leaked: int = 0
    texts: int = 0
    known: dict[tuple[int, Value], str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Count what another thread saw as well."""
        self.trips += other.trips
        self.lost += other.lost
        self.unlike += other.unlike
        self.leaked += other.leaked
        self.texts += other.texts
        for key, token in other.known.items():
            self.unlike += self.known.setdefault(key, token) != token


def measure(trips: int, processes: int, threads: int) -> Outcome:
    """Send values through one file of a vault, from all processes at once."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        # Fresh interpreters: what a fork would share is what this must not lean on.
        context = multiprocessing.get_context("spawn")
        share = trips // processes // threads
        with context.Pool(processes) as pool:
            told = pool.starmap(_process, [(folder, at, threads, share) for at in range(processes)])
        open_text = _stands_open(Path(folder))
    seconds = time.perf_counter() - started
    total = Tally()
    for tally in told:
        total.add(tally)
    return Outcome(
        f"{total.trips} random values of 4 to 40 characters in {total.texts} texts, {_SESSIONS} "
        f"sessions that all processes write to; {processes} processes of {threads} threads, one "
        "SQLite file; restored from streams cut at random, whole texts and JSON arguments",
        1,
        {
            "trips": total.trips,
            "compared": len(total.known),
            "lost": total.lost,
            "unlike": total.unlike,
            "leaked": total.leaked + open_text,
            "trips_per_second": round(total.trips / seconds),
        },
    )


def _process(folder: str, process: int, threads: int, trips: int) -> Tally:
    path = Path(folder, "vault.db")
    keys = KeyFile(Path(folder, "vault.key"))
    keeper = Keeper(SqliteVault(path), AesGcm(), keys.secrets, SystemClock(), ttl_ms=_TTL_MS)
    total = Tally()
    with ThreadPoolExecutor(threads) as pool:
        seeds = [_SEED + process * threads + at for at in range(threads)]
        for tally in pool.map(lambda seed: _thread(keeper, seed, trips), seeds):
            total.add(tally)
    return total


def _thread(keeper: Keeper, seed: int, trips: int) -> Tally:
    dice, tally = Random(seed), Tally()
    while tally.trips < trips:
        session = dice.randrange(_SESSIONS)
        values = [_value(dice, session) for _ in range(min(_VALUES_A_TEXT, trips - tally.trips))]
        tokens = keeper.tokens(f"session {session}", values)
        again = keeper.tokens(f"session {session}", values[:1])
        tally.unlike += again[values[0]] != tokens[values[0]]
        if session < _COMPARED:
            for value, token in tokens.items():
                tally.unlike += tally.known.setdefault((session, value), token) != token
        tally.trips += len(values)
        tally.texts += 1
        stranger = f"session {(session + 1 + dice.randrange(_SESSIONS - 1)) % _SESSIONS}"
        pairs = [(it, tokens[it]) for it in values]
        _check(keeper, f"session {session}", stranger, pairs, dice, tally)
    return tally


def _value(dice: Random, session: int) -> Value:
    # A session's values come from few seeds, so that several threads meet at the same one.
    made = Random(session * 1_000_003 + dice.randrange(2_000))
    text = "".join(made.choice(_LETTERS) for _ in range(made.randrange(4, 41)))
    return Value(made.choice(_ENTITIES), f"{text}{_MARK}{session}#")


def _check(
    keeper: Keeper,
    session: str,
    stranger: str,
    pairs: list[tuple[Value, str]],
    dice: Random,
    tally: Tally,
) -> None:
    text = " and ".join(token for _, token in pairs)
    expected = " and ".join(str(it.value) for it, _ in pairs)
    back = _streamed(Restorer(*keeper.reading(session)), text, dice)
    if back != expected:
        tally.lost += max(1, sum(str(it.value) not in back for it, _ in pairs))
    arguments = json.dumps({"to": text})
    inside = _streamed(Restorer(*keeper.reading(session), in_json=True), arguments, dice)
    if json.loads(inside)["to"] != expected:
        tally.lost += 1
    elsewhere = _streamed(Restorer(*keeper.reading(stranger)), text, dice)
    tally.leaked += elsewhere != text


def _streamed(restorer: Restorer, text: str, dice: Random) -> str:
    return "".join([*map(restorer.feed, _cut(text, dice)), restorer.finish()])


def _cut(text: str, dice: Random) -> Iterator[str]:
    at = 0
    while at < len(text):
        length = dice.choice((1, 2, 3, 5, 8, 13, 40))
        yield text[at : at + length]
        at += length


def _stands_open(folder: Path) -> int:
    """Count values of which a part stands unencrypted in a file."""
    return sum(_MARK.encode() in path.read_bytes() for path in folder.glob("vault.db*"))
