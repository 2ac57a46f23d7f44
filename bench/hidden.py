"""How much of what is caught alone is still caught in the middle of a long harmless text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import Any

from aidefence import Origin
from aidefence.domain.enums import DeepMode
from bench.own_texts import OwnText, attacks, caught, documents, twins
from bench.record import Outcome

_SEED = 20261123
_ATTACK_LEN = range(80, 121)
_PLACES: dict[str, float | None] = {
    "start": 0.0,
    "tenth": 0.1,
    "middle": 0.5,
    "nine_tenths": 0.9,
    "end": 1.0,
    "random": None,
}
_BAR_LEN = 20_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many attacks hide in each length, and in what company.

    Carriers are counted by kind, `twins` are what they are made of at most, and `company` is in how
    many kinds of carrier each attack hides.
    """

    attacks: dict[int, int]
    carriers: int
    twins: int
    company: int


# The deep model reads a text of 20,000 characters for a second or two.
TIER1 = Sizes({2_000: 200, _BAR_LEN: 200, 200_000: 50}, carriers=12, twins=3_000, company=3)
CASCADE = Sizes({2_000: 24, _BAR_LEN: 9}, carriers=3, twins=300, company=1)


@dataclass(frozen=True, slots=True)
class _Carrier:
    kind: str
    length: int
    lines: tuple[str, ...]
    is_flagged: bool


@dataclass(frozen=True, slots=True)
class _Hidden:
    attack: int
    place: str
    carrier: _Carrier
    text: OwnText


def measure(deep: DeepMode, sizes: Sizes) -> Outcome:
    """Hide attacks of about 100 characters in harmless text, at every place."""
    bare = _bare(max(sizes.attacks.values()))
    was_caught = caught(bare, deep)
    if not any(was_caught[: min(sizes.attacks.values())]):
        raise RuntimeError("no attack is caught bare, so none can be kept")
    results: dict[str, Any] = {
        "attacks": len(bare),
        "languages": len({text.lang for text in bare}),
        "bare_recall": round(fmean(was_caught), 4),
    }
    for length, count in sizes.attacks.items():
        carriers = _carriers(length, sizes, deep)
        # What a carrier sets off by itself says nothing about the attack in it.
        quiet = [carrier for carrier in carriers if not carrier.is_flagged]
        hidden = [
            _hide(number, text, place, carrier)
            for number, text in enumerate(bare[:count])
            for carrier in _company(quiet, number, sizes.company)
            for place in _PLACES
        ]
        answers = caught([one.text for one in hidden], deep)
        found = list(zip(hidden, answers, strict=True))
        results[f"at_{length}"] = _told(found, was_caught, carriers)
    at_bar = results[f"at_{_BAR_LEN}"]
    results |= {
        "recall_of_bare": at_bar["recall_of_bare"],
        "kept": at_bar["kept"],
        "kept_least": min(at_bar["kept_by_carrier"].values()),
        "false_alarms": at_bar["false_alarms"]["documents"]["flagged"],
    }
    lengths = ", ".join(f"{length:,}" for length in sizes.attacks)
    return Outcome(
        payload=f"own-1, {len(bare)} attacks of 80 to 120 characters in documents of {lengths}",
        repetitions=1,
        results=results,
    )


def _bare(count: int) -> list[OwnText]:
    """Attacks of about a hundred characters, as a document would bring them, a few a language."""
    fitting = [text for text in attacks() if len(text.text) in _ATTACK_LEN]
    Random(_SEED).shuffle(fitting)
    rank: dict[str, int] = defaultdict(int)
    order: list[tuple[int, OwnText]] = []
    for text in fitting:
        rank[text.lang] += 1
        order.append((rank[text.lang], text))
    order.sort(key=lambda ranked: ranked[0])
    return [_in_document(text.text, text.lang, text.pool) for _, text in order[:count]]


def _carriers(length: int, sizes: Sizes, deep: DeepMode) -> list[_Carrier]:
    """Long texts of ordinary documents, of twins that are quiet alone, and of any twins."""
    chosen = Random(_SEED).sample(twins(), min(sizes.twins, len(twins())))
    near = [_in_document(twin.text, twin.lang, twin.pool) for twin in chosen]
    quiet = [one.text for one, loud in zip(near, caught(near, deep), strict=True) if not loud]
    kinds = {
        "documents": [document.text for document in documents()],
        "quiet_twins": quiet,
        "twins": [one.text for one in near],
    }
    made = [
        (kind, _joined(texts, length, Random(f"{_SEED} {kind} {length} {number}")))
        for kind, texts in kinds.items()
        for number in range(sizes.carriers)
    ]
    flagged = caught([_in_document("\n".join(lines), "", kind) for kind, lines in made], deep)
    return [
        _Carrier(kind, length, lines, is_flagged)
        for (kind, lines), is_flagged in zip(made, flagged, strict=True)
    ]


def _joined(texts: Sequence[str], length: int, dice: Random) -> tuple[str, ...]:
    lines: list[str] = []
    left = length
    while left > 0:
        for text in dice.sample(texts, len(texts)):
            for line in (*text.split("\n"), ""):
                lines.append(line[:left])
                left -= len(line) + 1
                if left <= 0:
                    return tuple(lines)
    return tuple(lines)


def _company(quiet: Sequence[_Carrier], number: int, kinds: int) -> list[_Carrier]:
    """One carrier of each of so many kinds, others for the next attack."""
    by_kind: dict[str, list[_Carrier]] = defaultdict(list)
    for carrier in quiet:
        by_kind[carrier.kind].append(carrier)
    pools = list(by_kind.values())
    turned = [pools[(number + turn) % len(pools)] for turn in range(min(kinds, len(pools)))]
    return [carriers[number % len(carriers)] for carriers in turned]


def _hide(number: int, attack: OwnText, place: str, carrier: _Carrier) -> _Hidden:
    share = _PLACES[place]
    if share is None:
        share = Random(f"{_SEED} {number} {carrier.kind} {carrier.length}").random()
    at = round(share * len(carrier.lines))
    lines = [*carrier.lines[:at], attack.text, *carrier.lines[at:]]
    return _Hidden(number, place, carrier, _in_document("\n".join(lines), attack.lang, attack.pool))


def _told(
    found: Sequence[tuple[_Hidden, bool]], was_caught: Sequence[bool], carriers: Sequence[_Carrier]
) -> dict[str, Any]:
    """Recall against that of the bare attacks; of those caught bare, the share still caught."""
    bare_recall = fmean(was_caught[one.attack] for one, _ in found)
    known = [(one, answer) for one, answer in found if was_caught[one.attack]]
    alarms: dict[str, list[bool]] = defaultdict(list)
    for carrier in carriers:
        alarms[carrier.kind].append(carrier.is_flagged)
    return {
        "recall": _mean(answer for _, answer in found),
        "recall_of_bare": round(fmean(answer for _, answer in found) / bare_recall, 4),
        "kept": _mean(answer for _, answer in known),
        "texts": len(found),
        "kept_by_place": _by(known, lambda one: one.place),
        "kept_by_carrier": _by(known, lambda one: one.carrier.kind),
        "kept_by_language": _by(known, lambda one: one.text.lang),
        "false_alarms": {
            kind: {"flagged": _mean(answers), "carriers": len(answers)}
            for kind, answers in alarms.items()
        },
    }


def _by(found: Iterable[tuple[_Hidden, bool]], trait: Callable[[_Hidden], str]) -> dict[str, float]:
    by: dict[str, list[bool]] = defaultdict(list)
    for one, answer in found:
        by[trait(one)].append(answer)
    return {name: _mean(answers) for name, answers in by.items()}


def _in_document(text: str, lang: str, pool: str) -> OwnText:
    return OwnText(text, lang, Origin.RETRIEVAL, pool)


def _mean(values: Iterable[float]) -> float:
    return round(fmean(values), 4)
