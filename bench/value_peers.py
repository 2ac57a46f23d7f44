"""Private data and keys, ours and our peers' answers in one run on the same texts."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from aidefence import Category
from bench.peers import OURS, PII_PEERS, SECRET_PEERS, Absent, Answer, Found, ask
from bench.pii import _full_texts, _noise
from bench.record import Outcome
from bench.secret_shapes import shapes
from bench.secrets import quiet_lines

_SEED = 20261124
_TEXTS = 500
_NOISE = 1_000
_DRAWS = 5
_QUIET = 3_000
_ROUNDS = 5

# Kinds by our names, in each peer's words and in those of the labelled sets. What has no line here
# (persons, places, firms, dates) is in nobody's score.
_KINDS = {
    "email_address": ("email_address", "email"),
    "phone_number": ("phone_number", "phone"),
    "payment_card": ("payment_card", "credit_card", "credit_card_number"),
    "iban": ("iban", "iban_code", "de_iban"),
    "us_ssn": ("us_ssn", "ssn", "social_security_number"),
    "ip_address": ("ip_address", "ip", "ipv4", "ipv6"),
    "postal_address": ("postal_address", "street_address"),
    "bic": ("bic", "swift_bic_code"),
    "passport": ("passport", "passport_number", "us_passport", "gb_passport"),
    "driver_licence": ("driver_licence", "driver_license_number", "us_driver_license"),
    "coordinates": ("coordinates", "local_latlng"),
    "date_of_birth": ("date_of_birth",),
}
_OUR_NAME = {name: kind for kind, names in _KINDS.items() for name in names}
_LABELLED = {
    "presidio_synth": "train/presidio_synth.jsonl",
    "gretel_pii_finance_ko": "dev/gretel_pii_finance_ko.jsonl",
}
Span = tuple[str, int, int]


def measure_pii() -> Outcome:
    """Ask everybody about labelled texts, texts of seven values, and what holds none."""
    full, noise = list(_full_texts(_TEXTS)), list(_noise(_NOISE))
    labelled = dict(_labelled())
    sets = {name: [text for text, _ in rows] for name, rows in labelled.items()} | {"noise": noise}
    peers: dict[str, Any] = {}
    for peer in (OURS, *PII_PEERS):
        answer = ask(peer, sets, timed={"full": full})
        if isinstance(answer, Answer):
            scores = {
                name: _by_kind(answer.found[name], [spans for _, spans in rows])
                for name, rows in labelled.items()
            }
            loud = sum(
                any(one.kind.lower() in _OUR_NAME for one in it) for it in answer.found["noise"]
            )
            peers[peer.name] = _told(answer, "full") | {"noise_hits": loud} | scores
        else:
            peers[peer.name] = _told(answer, "full")
    sizes = ", ".join(f"{name} {len(rows)} texts" for name, rows in labelled.items())
    return _outcome(
        peers,
        f"own, {len(full)} texts with 7 values, timed; {len(noise)} GUIDs, hashes, versions and "
        f"base64 strings; labelled: {sizes or 'none'}",
    )


def measure_secrets() -> Outcome:
    """Ask everybody about keys of every kind and about lines that hold none."""
    dice = Random(_SEED)
    drawn = [kind.text(dice) for kind in shapes() for _ in range(_DRAWS)]
    texts, quiet = [text for text, _, _ in drawn], quiet_lines()[:_QUIET]
    peers: dict[str, Any] = {}
    for peer in (OURS, *SECRET_PEERS):
        answer = ask(peer, {"keys": texts, "quiet": quiet}, timed={"keys": texts})
        told = _told(answer, "keys")
        if isinstance(answer, Answer):
            hit = sum(
                any(one.start < end and start < one.end for one in found)
                for found, (_, start, end) in zip(answer.found["keys"], drawn, strict=True)
            )
            # We look for more than keys.
            other = {*_KINDS, *(kind.value for kind in Category)} if peer is OURS else set()
            loud = sum(any(it.kind not in other for it in found) for found in answer.found["quiet"])
            told |= {"found": round(hit / len(drawn), 4), "quiet_hits": loud}
            told |= {"precision": round(hit / max(1, hit + loud), 4)}
        peers[peer.name] = told
    return _outcome(peers, f"own, {len(drawn)} texts with a key, timed; {len(quiet)} lines without")


def _outcome(peers: dict[str, Any], payload: str) -> Outcome:
    absent = [name for name, told in peers.items() if "absent" in told]
    others = [
        told["per_second"]
        for name, told in peers.items()
        if name != OURS.name and "absent" not in told
    ]
    if "absent" in peers[OURS.name] or not others:
        raise RuntimeError(f"nobody to compare with: {peers}")
    ours = peers[OURS.name]["per_second"]
    results = {
        "per_second": ours,
        "fastest_peer_per_second": max(others),
        "times_the_fastest": round(ours / max(others), 2),
        "absent": len(absent),
        "peers": peers,
    }
    return Outcome(payload=payload, repetitions=_ROUNDS, results=results)


def _told(answer: Answer | Absent, timed: str) -> dict[str, Any]:
    if isinstance(answer, Absent):
        return {"absent": answer.reason}
    return {"version": answer.version, "per_second": round(answer.per_second[timed])}


def _labelled() -> list[tuple[str, list[tuple[str, list[Span]]]]]:
    folder = os.environ.get("AIDEFENCE_DATA")
    if folder is None:
        return []
    sets = []
    for name, path in _LABELLED.items():
        lines = Path(folder, path).read_text("utf-8").splitlines()
        sets.append((name, [_row(json.loads(line)) for line in lines]))
    return sets


def _row(record: dict[str, Any]) -> tuple[str, list[Span]]:
    text = record["text"]
    spans = []
    for one in record.get("pii") or ():
        kind = _OUR_NAME.get(one["type"].lower())
        # Where only the value is labelled, the first place it stands at is meant.
        start = one.get("start", text.find(one["value"]))
        if kind is not None and start >= 0:
            spans.append((kind, start, one.get("end", start + len(one["value"]))))
    return text, spans


def _by_kind(found: Sequence[tuple[Found, ...]], labelled: Sequence[list[Span]]) -> dict[str, Any]:
    """Score findings of kinds that are labelled; a span is found when its kind overlaps it."""
    told = sorted({kind for spans in labelled for kind, _, _ in spans})
    count = {kind: [0, 0, 0] for kind in told}
    for findings, spans in zip(found, labelled, strict=True):
        mine = [(_OUR_NAME.get(one.kind.lower()), one.start, one.end) for one in findings]
        for span in spans:
            count[span[0]][0 if any(_same(one, span) for one in mine) else 2] += 1
        for one in mine:
            if one[0] in count and not any(_same(one, span) for span in spans):
                count[one[0]][1] += 1
    sums = [sum(row[at] for row in count.values()) for at in range(3)]
    return {kind: _scores(*row) for kind, row in count.items()} | {"all": _scores(*sums)}


def _same(one: tuple[str | None, int, int], span: Span) -> bool:
    return one[0] == span[0] and one[1] < span[2] and span[1] < one[2]


def _scores(found: int, wrong: int, missed: int) -> dict[str, float]:
    return {
        "labelled": found + missed,
        "precision": round(found / max(1, found + wrong), 4),
        "recall": round(found / max(1, found + missed), 4),
        "f1": round(2 * found / max(1, 2 * found + wrong + missed), 4),
    }
