"""Which texts the encoder learns from, and how many of each source a pass draws."""

from __future__ import annotations

import hashlib
import json
import math
import random
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from training import assembly, data, written
from training.encoder import splice
from training.generator import guards

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HARM_TASK = "harm"
GENERATED_STEP = 6
# Of these so many come in a pass: more teach languages, too many teach grammars.
GENERATED = 1_500
WRITTEN = ("written_", "corpus_")


@dataclass(frozen=True, slots=True)
class Example:
    """A record and what it teaches: harm records teach the harm head only."""

    record: data.Record
    harm: bool

    @property
    def is_written(self) -> bool:
        """Written one by one, by us or by those before us."""
        return self.record.source.startswith(WRITTEN)


def collect(directory: Path, cache: Path, *, vet: bool = True) -> list[Example]:
    """Shared records, our written corpus and some generated pairs, less copies and leaks.

    `vet` off leaves copies in: for counting pieces it does not matter.
    """
    train = data.load(directory, "train")
    harm = harm_records(directory, "train")
    own = list(written.records(sorted(written.CORPUS.glob("*.txt"))))
    made = assembly.generated()
    # Both halves of a pair stand side by side.
    made = [record for at, record in enumerate(made) if at // 2 % GENERATED_STEP == 0]
    # Written texts come first: of two copies the first is kept.
    records = own + train + made + harm
    if vet:
        held = [*data.load(directory, "dev"), *harm_records(directory, "dev"), *held_out()]
        records = _clean(records, held, cache)
    harmful = {record.id for record in harm}
    return [Example(record, record.id in harmful) for record in records]


def held_out() -> list[data.Record]:
    """The written twins set aside to measure on."""
    return list(written.records(sorted(written.HELD_OUT.glob("*.txt"))))


def harm_records(directory: Path, split: str) -> list[data.Record]:
    """Plainly harmful requests: no attack on the model, a category of their own."""
    found: list[data.Record] = []
    for path in sorted((directory / split).glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                raw = json.loads(line)
                if raw["task"] == HARM_TASK and raw["text"].strip():
                    found.append(
                        data.Record(
                            id=raw["id"],
                            text=raw["text"],
                            attack=False,
                            category=raw["category"],
                            source=raw["source"],
                            lang=(raw.get("lang") or "und").split("-")[0],
                            licence=raw.get("license") or "unknown",
                            origin=data.USER_ORIGIN,
                            injection=None,
                            pair=None,
                        )
                    )
    return found


def _clean(records: list[data.Record], held: list[data.Record], cache: Path) -> list[data.Record]:
    key = hashlib.sha256(
        repr([(record.id, record.text) for record in records + held]).encode("utf-8", "replace")
    ).hexdigest()[:16]
    path = cache / f"encoder-clean-{key}.json"
    if not path.exists():
        kept, _ = data.clean(records, held)
        dropped = sorted({record.id for record in records} - {record.id for record in kept})
        cache.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dropped))
    gone = set(json.loads(path.read_text()))
    return [record for record in records if record.id not in gone]


def draw(
    examples: Sequence[Example],
    count: int,
    seed: str,
    *,
    generated: int = GENERATED,
    spliced: int = 0,
    guarded: int = 0,
) -> list[Example]:
    """The texts of one pass: all written ones, harm records, and of other sources by the root.

    `generated` of the generated ones are among them; `spliced` and `guarded` pairs are made of
    them beside (`splice`, `guards`).

    Attacks and benign texts are as many as each other; what belongs to a pair comes as a pair.
    """
    dice = random.Random(seed)
    chosen = [example for example in examples if example.is_written or example.harm]
    made = defaultdict(list)
    cells: defaultdict[bool, defaultdict[str, list[Example]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for example in examples:
        if example.record.source == assembly.GENERATED:
            made[example.record.pair].append(example)
        elif not (example.is_written or example.harm):
            cells[example.record.attack][example.record.source].append(example)
    pairs = [pair for _, pair in sorted(made.items(), key=lambda item: str(item[0]))]
    for pair in dice.sample(pairs, min(generated // 2, len(pairs))):
        chosen += pair
    real = [e.record for e in examples if not e.harm and e.record.source != assembly.GENERATED]
    made_up = [*splice.pairs(real, spliced, dice), *guards.pairs(real, guarded, dice)]
    chosen += [Example(record, harm=False) for record in made_up]
    attacks = sum(example.record.attack for example in chosen)
    benign = sum(not example.record.attack and not example.harm for example in chosen)
    # A carrier that is known from attacks alone is taken for one: as many clean ones come along.
    least: dict[str, int] = {}
    for attack, had in ((True, attacks), (False, benign)):
        quotas = _quotas(cells[attack], max(0, count // 2 - had), least)
        for source, quota in sorted(quotas.items()):
            chosen += dice.sample(cells[attack][source], quota)
        least = quotas
    return chosen


def _quotas(cells: dict[str, list[Example]], wanted: int, least: dict[str, int]) -> dict[str, int]:
    """How many of each source: by the root of its size, up to all of it, and no less than told."""
    roots = {
        source: math.sqrt(min(len(cell), data.SOURCE_SIZE_CAPS.get(source, len(cell))))
        for source, cell in cells.items()
    }

    def share(source: str, factor: float) -> int:
        quota = max(1, round(factor * roots[source]), least.get(source, 0))
        return min(len(cells[source]), quota)

    low, high = 0.0, float(wanted + 1)
    for _ in range(40):
        factor = (low + high) / 2
        total = sum(share(source, factor) for source in roots)
        low, high = (factor, high) if total < wanted else (low, factor)
    return {source: share(source, low) for source in roots if wanted}


def few(records: Sequence[data.Record], sample: int | None) -> list[data.Record]:
    """At most `sample` records of each source and label."""
    if sample is None:
        return list(records)
    cells: dict[tuple[str, bool], list[data.Record]] = {}
    for record in records:
        cells.setdefault((record.source, record.attack), []).append(record)
    return [
        record
        for cell in cells.values()
        for record in sorted(cell, key=lambda r: hashlib.sha256(r.id.encode()).digest())[:sample]
    ]


def freeze(path: Path, passes: Callable[[], list[list[Example]]]) -> list[list[Example]]:
    """The drawn texts as they were when a run began, so that it can go on when data has grown."""
    if not path.exists():
        rows = [[[asdict(e.record), e.harm] for e in drawn] for drawn in passes()]
        path.write_text(json.dumps(rows))
    saved = json.loads(path.read_text())
    return [[Example(data.Record(**raw), harm) for raw, harm in drawn] for drawn in saved]
