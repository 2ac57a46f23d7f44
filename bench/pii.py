"""Private data: speed on texts full of it, what must stay quiet, and F1 by entity."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

from aidefence import Category, Guard
from bench.record import Outcome

_SEED = 20261123
_TEXTS = 2_000
_ROUNDS = 7
_NOISE = 1_000
_LABELLED = Path("train/presidio_synth.jsonl")
# Kinds of the labelled data that have a shape, by our names. Persons, places and firms have none.
_KINDS = {
    "PHONE_NUMBER": "phone_number",
    "CREDIT_CARD": "payment_card",
    "EMAIL_ADDRESS": "email_address",
    "US_SSN": "us_ssn",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address",
    "STREET_ADDRESS": "postal_address",
    "US_DRIVER_LICENSE": "driver_licence",
}
_OUR_KINDS = {"us_driver_licence": "driver_licence"}
_ENTITIES = 7


def measure() -> Outcome:
    """Time texts of seven entities, count hits on what is none, and score by entity."""
    guard = Guard(deep="off", dense="off")
    texts = list(_full_texts(_TEXTS))
    complete = sum(len(_kinds(guard, text)) >= _ENTITIES for text in texts)
    if complete < 0.95 * len(texts):
        raise RuntimeError(f"seven entities were found in {complete} of {len(texts)} texts only")
    rates = []
    for _ in range(_ROUNDS):
        start = time.perf_counter_ns()
        for text in texts:
            guard.inspect(text)
        rates.append(len(texts) * 1e9 / (time.perf_counter_ns() - start))
    noise = list(_noise(_NOISE))
    hits = sum(bool(_kinds(guard, text)) for text in noise)
    results: dict[str, Any] = {
        "per_second": round(median(rates)),
        "complete": round(complete / len(texts), 4),
        "noise_texts": len(noise),
        "noise_hits": hits,
    }
    folder = os.environ.get("AIDEFENCE_DATA")
    if folder is not None:
        results["by_entity"] = _by_entity(guard, Path(folder) / _LABELLED)
    mean = sum(map(len, texts)) / len(texts)
    return Outcome(
        payload=f"own, {len(texts)} texts of {mean:.0f} characters (mean) with 7 entities; "
        f"{len(noise)} GUIDs, hashes, versions and base64 strings; "
        "a labelled span counts as found when a finding of its kind overlaps it",
        repetitions=_ROUNDS,
        results=results,
    )


def _kinds(guard: Guard, text: str) -> list[str]:
    findings = guard.inspect(text).findings
    return [one.entity for one in findings if one.category is Category.PII and one.entity]


def _full_texts(count: int) -> Iterator[str]:
    dice = Random(_SEED)
    for _ in range(count):
        name = "".join(dice.choices("abdeiklmnorstu", k=6))
        mail = f"{name}@{dice.choice(('kontor', 'atelier', 'werk'))}-{dice.randrange(99)}.de"
        phone = f"+49 30 {dice.randrange(2000, 9999)} {dice.randrange(1000, 9999)}"
        born = f"{dice.randrange(1, 29)}.{dice.randrange(1, 13)}.{dice.randrange(1940, 2005)}"
        ssn = f"{dice.randrange(100, 600)}-{dice.randrange(10, 99)}-{dice.randrange(1000, 9999)}"
        ip = f"86.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(1, 255)}"
        account, card = _iban(dice), _card(dice)
        yield (
            f"{name.title()}, born {born}, {mail}, tel. {phone}, IBAN {account}, "
            f"card {card}, SSN {ssn}, last login from IP {ip} today at noon."
        )


def _card(dice: Random) -> str:
    body = f"4539{dice.randrange(10**11):011}"
    digits = [int(digit) * (2 - place % 2) for place, digit in enumerate(body)]
    body += str(-sum(digit // 10 + digit % 10 for digit in digits) % 10)
    return " ".join(body[at : at + 4] for at in range(0, 16, 4))


def _iban(dice: Random) -> str:
    body = f"{dice.randrange(10**18):018}"
    # D and E are 13 and 14; the two zeros stand for the check digits.
    return f"DE{98 - int(body + '131400') % 97:02}{body}"


def _noise(count: int) -> Iterator[str]:
    """What looks like numbers and belongs to no one, alone and in a line of a log."""
    dice = Random(_SEED + 1)
    for number in range(count):
        raw = dice.randbytes(24)
        alike = (
            str(UUID(bytes=raw[:16], version=4)),
            hashlib.sha256(raw).hexdigest(),
            hashlib.md5(raw, usedforsecurity=False).hexdigest(),
            f"v{raw[0]}.{raw[1]}.{raw[2]}-rc.{raw[3]}+build.{int.from_bytes(raw[4:8])}",
            base64.b64encode(raw).decode(),
            f"sha512-{base64.b64encode(hashlib.sha512(raw).digest()).decode()}",
            f"2026-{raw[0] % 12 + 1:02}-{raw[1] % 28 + 1:02}T{raw[2] % 24:02}:{raw[3] % 60:02}:00Z",
            str(1_700_000_000_000 + int.from_bytes(raw[:4])),
        )[number % 8]
        yield alike if number % 16 < 8 else f"request {alike} was answered"


def _by_entity(guard: Guard, path: Path) -> dict[str, dict[str, float]]:
    """Score findings against labelled spans of the kinds that have a shape."""
    found, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for line in path.read_text("utf-8").splitlines():
        record = json.loads(line)
        spans = [
            (span["start"], span["end"], _KINDS[span["type"]])
            for span in record.get("pii") or ()
            if span["type"] in _KINDS
        ]
        ours = [
            (one.span.start, one.span.end, _OUR_KINDS.get(one.entity, one.entity))
            for one in guard.inspect(record["text"]).findings
            if one.category is Category.PII and one.entity
        ]
        right = {mine for mine in ours for span in spans if _same(mine, span)}
        wrong.update(mine[2] for mine in ours if mine not in right)
        for span in spans:
            (found if any(_same(mine, span) for mine in ours) else missed)[span[2]] += 1
    return {
        kind: _scores(found[kind], wrong[kind], missed[kind]) for kind in _sorted(found, missed)
    }


def _same(mine: tuple[int, int, str], span: tuple[int, int, str]) -> bool:
    return mine[2] == span[2] and mine[0] < span[1] and span[0] < mine[1]


def _sorted(*counters: Iterable[str]) -> list[str]:
    return sorted({kind for counter in counters for kind in counter})


def _scores(found: int, wrong: int, missed: int) -> dict[str, float]:
    return {
        "labelled": found + missed,
        "precision": round(found / max(1, found + wrong), 4),
        "recall": round(found / max(1, found + missed), 4),
        "f1": round(2 * found / max(1, 2 * found + wrong + missed), 4),
    }
