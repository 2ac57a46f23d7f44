"""Payloads in values: recall by kind and source, false alarms, speed, peers in the same run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from aidefence import Category, Guard
from bench.peers import OURS, PAYLOAD_PEERS, Absent, Answer, Found, ask
from bench.record import Outcome

_SEED = 20261123
_VALUES = Path(__file__).with_name("texts")
_QUIET = ("harmless_values.txt", "harmless_code.txt")
_TIMED = 2_000
_VALUE_LEN = 100
_ROUNDS = 5
# A score is a 32-bit number, a threshold one of 64 bits.
_ROUNDING = 1e-6
_ATTACKS = {"train": ("httpparams", "libinjection"), "dev": ("patt",)}
_BENIGN = {
    "parameters": ("httpparams",),
    "parameters_alike": ("libinjection",),
    "commands": ("tldr_commands",),
    "code": ("mbpp", "humaneval", "code_alpaca"),
    "pages_of_mark_up": ("mdn_pages",),
    "pages_of_commands": ("tldr_pages",),
}
PAYLOADS = (
    Category.SQL_INJECTION,
    Category.XSS,
    Category.COMMAND_INJECTION,
    Category.PATH_TRAVERSAL,
    Category.MALICIOUS_URL,
    Category.UNSAFE_OUTPUT,
)
# Lines that came into the lists with the payloads around them: nothing in them could be found.
_NOTHING = {
    # One character, however it is written; the first line of a block whose rest stands on others;
    # or no script, no event, no call but those by which a style loads its pictures, no scheme, no
    # code that a browser would resolve into one.
    Category.XSS: re.compile(
        r"&(?:#x?[\da-f]{2,7}|lt);?|%[\da-f]{2}|\\[ux][\da-f]{2,4}"
        r"|(?!.*(?:alert|prompt|confirm|eval|cookie|script))"
        r"(?:(?:function|for|if|while)\b|\$)[ \w]*\(.*\{"
        r"|(?!.*(?:script|\bon\w{3,}\s*=|(?:data|mocha|view-source):|expression|binding|@import"
        r"|behavio|[\w\])}](?<!\burl)(?<!\bformat)\s*[(`]|&#|&\w+;|\\u00|\\x|%3c|srcdoc|\+ad|alert)).*",
        re.IGNORECASE | re.DOTALL,
    ),
    # Headings and remarks, words without a sign.
    Category.SQL_INJECTION: re.compile(r"#\s.*|[^\w\s]{1,4}\s+[\w (),-]+|[\w :…*/-]+", re.DOTALL),
    Category.PATH_TRAVERSAL: re.compile(r"(?!.*\.\.)[\w.:-]+"),
    # A command line as users type it; what is put into a value has a sign that parts it.
    Category.COMMAND_INJECTION: re.compile(r"[A-Za-z][\w.]*(?:\s[^;|&$`<>(){}\n]*)?\**"),
}


def measure() -> Outcome:
    """Ask ourselves and the peers about labelled values, quiet ones and timed ones.

    Raises:
        KeyError: `AIDEFENCE_DATA` does not say where the labelled data lie.

    """
    data = Path(os.environ["AIDEFENCE_DATA"])
    attacks = dict(_attack_sets(data))
    quiet = dict(_quiet_sets(data))
    timed = {"values": timed_values()}
    results: dict[str, Any] = {}
    for peer in (OURS, *PAYLOAD_PEERS):
        answer = ask(peer, {**attacks, **quiet}, timed=timed)
        if isinstance(answer, Absent):
            results[peer.name] = {"absent": answer.reason}
            continue
        told = _scores(answer, attacks, quiet, _flags() if peer == OURS else {})
        results |= told if peer == OURS else {peer.name: told}
    counts = ", ".join(f"{len(texts)} {name}" for name, texts in (*attacks.items(), *quiet.items()))
    return Outcome(
        payload=f"labelled values and texts: {counts}; {_TIMED} own values of {_VALUE_LEN} "
        "characters, one in ten with a payload. `recall_of_payloads` leaves out lines that hold "
        "none by their form: mark-up and styles that run nothing, single characters, lines that "
        "only open a block, headings, lone names, command lines as users type them",
        repetitions=_ROUNDS,
        results=results,
    )


def timed_values() -> list[str]:
    """Return values of one length, harmless ones and, one in ten, with a payload."""
    dice = Random(_SEED)
    harmless = quiet_values()
    payloads = _own_payloads()
    values = []
    for number in range(_TIMED):
        value = dice.choice(payloads if number % 10 == 0 else harmless)
        while len(value) < _VALUE_LEN:
            value += " " + dice.choice(harmless)
        values.append(value[:_VALUE_LEN])
    return values


def quiet_values() -> list[str]:
    """Return our own values that look like payloads and are none."""
    return [
        line.replace("\\n", "\n")
        for name in _QUIET
        for line in (_VALUES / name).read_text("utf-8").splitlines()
        if line and not line.startswith(("# ==", "# Harmless"))
    ]


def holds_nothing(category: Category, text: str) -> bool:
    """Return whether a labelled line holds no payload, by its form alone."""
    form = _NOTHING.get(category)
    return form is not None and form.fullmatch(text.strip()) is not None


def _own_payloads() -> list[str]:
    lines = (_VALUES / "payloads.txt").read_text("utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if line and not line.startswith("# ")]


def _records(data: Path, split: str, source: str) -> Iterator[dict[str, Any]]:
    for line in (data / split / f"{source}.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)


def _attack_sets(data: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield, for each source and kind, all its attacks."""
    for split, sources in _ATTACKS.items():
        for source in sources:
            records = [one for one in _records(data, split, source) if one["label"] == "attack"]
            for kind in sorted({one["category"] for one in records}):
                texts = [one["text"] for one in records if one["category"] == kind]
                yield f"{split}/{source}/{kind}", texts


def _quiet_sets(data: Path) -> Iterator[tuple[str, list[str]]]:
    for name, sources in _BENIGN.items():
        records = (one for source in sources for one in _records(data, "train", source))
        yield name, [one["text"] for one in records if one["label"] == "benign"]
    yield "own_values", quiet_values()


def _flags() -> dict[str, float]:
    thresholds = Guard(dense="off", deep="off").thresholds
    return {category.value: thresholds[category][0] - _ROUNDING for category in PAYLOADS}


def _scores(
    answer: Answer,
    attacks: Mapping[str, Sequence[str]],
    quiet: Mapping[str, Sequence[str]],
    flags: Mapping[str, float],
) -> dict[str, Any]:
    def flagged(findings: Sequence[Found]) -> bool:
        return any(not flags or one.score >= flags.get(one.kind, 2.0) for one in findings)

    by_set: dict[str, dict[str, float]] = {}
    least: dict[str, float] = {}
    for name, texts in attacks.items():
        category = Category(name.rsplit("/", 1)[1])
        hits = [flagged(found) for found in answer.found[name]]
        real = [
            hit for hit, text in zip(hits, texts, strict=True) if not holds_nothing(category, text)
        ]
        by_set[name] = {
            "texts": len(hits),
            "recall": round(sum(hits) / len(hits), 4),
            "payloads": len(real),
            "recall_of_payloads": round(sum(real) / len(real), 4),
        }
        metric = f"recall_of_payloads_{category.value}"
        least[metric] = min(least.get(metric, 1.0), by_set[name]["recall_of_payloads"])
    alarms = {
        name: round(sum(map(flagged, answer.found[name])) / len(texts), 5)
        for name, texts in quiet.items()
    }
    return {
        "version": answer.version,
        "per_second": round(answer.per_second["values"]),
        **least,
        "fpr_most": max(alarms.values()),
        "by_set": by_set,
        "fpr": alarms,
    }
