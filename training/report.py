# ruff: noqa: E501 - lines of the page are sentences
"""Writes what was measured: a page for people and JSON for machines."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from training import metrics
from training.assembly import COUNTER_SHARE, GENERATED, GENERATED_SHARE
from training.data import near_copies, plain

if TYPE_CHECKING:
    from pathlib import Path

    from training.assembly import Corpus
    from training.data import Cleaning, Record
    from training.tier1 import Held

SAMPLES = 24
SAMPLE_CHARS = 220
PROBES_TOLD = 40


def diversity(records: list[Record], dev: list[Record]) -> dict[str, Any]:
    """How varied the generated texts are, and whether they copy anything held out."""
    result: dict[str, Any] = {
        "overlap_with_dev": len(
            near_copies([record.text for record in records], [record.text for record in dev])
        )
    }
    for label in (True, False):
        side = [record for record in records if record.attack is label]
        result["attack" if label else "benign"] = {
            "texts": len(side),
            "distinct": len({plain(record.text) for record in side}),
            "languages": len({record.lang for record in side}),
            "mean_characters": round(
                sum(len(record.text) for record in side) / max(1, len(side)), 1
            ),
            "distinct_trigram_ratio": round(_distinct_trigrams(side), 4),
            "self_similarity": round(_self_similarity(side), 4),
        }
    return result


def _trigrams(record: Record) -> list[tuple[str, ...]]:
    words = plain(record.text).split()
    if len(words) * 9 < len(record.text):
        words = list(plain(record.text).replace(" ", ""))
    return [tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))]


def _distinct_trigrams(records: list[Record]) -> float:
    counted: Counter[tuple[str, ...]] = Counter()
    for record in records:
        counted.update(_trigrams(record))
    return len(counted) / max(1, counted.total())


def _self_similarity(records: list[Record]) -> float:
    """Mean overlap of word triples between texts of one language drawn at random."""
    dice = random.Random(5)
    by_lang: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_lang[record.lang].append(record)
    shares = []
    for side in by_lang.values():
        for _ in range(200):
            left, right = (set(_trigrams(record)) for record in dice.sample(side, 2))
            shares.append(len(left & right) / max(1, len(left | right)))
    return sum(shares) / max(1, len(shares))


def measured(held: Held, limit: float) -> dict[str, Any]:
    """Summary and tables by source, category and language at one threshold."""
    return {
        "summary": metrics.summarise(held.logits, held.attack, held.weight).as_dict(),
        "false_positives_at_threshold": round(float((held.logits[~held.attack] > limit).mean()), 5),
        "recall_at_threshold": round(float((held.logits[held.attack] > limit).mean()), 4),
        "by_source": metrics.by_group(
            held.logits, held.attack, [record.source for record in held.records], limit
        ),
        "by_category": metrics.by_group(
            held.logits, held.attack, [record.category for record in held.records], limit
        ),
        "by_language": metrics.by_group(
            held.logits, held.attack, [record.lang for record in held.records], limit
        ),
    }


def written(held: Held) -> dict[str, Any]:
    """How well attack and twin are told apart in texts written one by one."""
    mine = [
        number
        for number, record in enumerate(held.records)
        if record.source.startswith(("written_", "corpus_"))
    ]
    files = []
    for source in sorted({held.records[number].source for number in mine}):
        rows = [number for number in mine if held.records[number].source == source]
        pairs: defaultdict[str, dict[bool, float]] = defaultdict(dict)
        for number in rows:
            pairs[held.records[number].pair or held.records[number].id][
                held.records[number].attack
            ] = float(held.logits[number])
        ordered = [pair[True] > pair[False] for pair in pairs.values() if len(pair) == 2]
        area = metrics.auc(held.logits[rows], held.attack[rows])
        files.append(
            {
                "source": source,
                "auc": round(area, 3),
                "ordered": round(sum(ordered) / max(1, len(ordered)), 3),
            }
        )
    return {"files": files, "auc": round(metrics.auc(held.logits[mine], held.attack[mine]), 4)}


def sources(corpus: Corpus) -> list[dict[str, Any]]:
    """What the model was made of, with licences."""
    counts: Counter[tuple[str, str, bool]] = Counter(
        (record.source, record.licence, record.attack) for record in corpus.records
    )
    table: dict[str, dict[str, Any]] = {}
    for (source, licence, attack), count in sorted(counts.items()):
        row = table.setdefault(
            source, {"source": source, "licences": [], "attacks": 0, "benign": 0}
        )
        row["licences"] = sorted({*row["licences"], licence})
        row["attacks" if attack else "benign"] += count
    return list(table.values())


def samples(corpus: Corpus) -> list[tuple[str, str, str]]:
    """Some generated pairs: language, attack, twin."""
    made = [record for record in corpus.records if record.source == GENERATED]
    pairs = {record.pair: record for record in made if not record.attack}
    attacks = [record for record in made if record.attack and record.pair in pairs]
    chosen = random.Random(3).sample(attacks, min(SAMPLES, len(attacks)))
    return [
        (record.lang, _short(record.text), _short(pairs[record.pair].text)) for record in chosen
    ]


def _short(text: str) -> str:
    line = text.replace("\n", " ⏎ ").replace("|", "¦").replace("`", "'")
    return line if len(line) <= SAMPLE_CHARS else line[:SAMPLE_CHARS] + "…"


def write(folder: Path, found: dict[str, Any], corpus: Corpus, cleaning: Cleaning) -> None:
    """`tier1.json` and `tier1.md`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tier1.json").write_text(
        json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    lines = [
        "# Tier-1 model: training report",
        "",
        "Made by `make train`; the numbers are also in `tier1.json`.",
        "",
    ]
    lines += _data_part(found, cleaning)
    for name, title in (
        ("dev", "Dev, origin from the records"),
        ("dev_user", "Dev, everything as a user's text"),
        ("held_out", "Training sources, each held out in turn"),
        ("twins", "Written twins set apart"),
    ):
        lines += _measured_part(title, found[name])
    lines += _scores_part(found) + _written_part(found) + _weights_part(found)
    lines += bias_part(found["bias"], _before(folder))
    lines += [
        "## Generated pairs",
        "",
        f"Weight in training: {GENERATED_SHARE:.0%} of all real text, before languages are evened out; counter-examples {COUNTER_SHARE:.0%}.",
        "",
    ]
    lines += [
        "| side | texts | languages | mean length | distinct word triples | self-similarity |",
        "|---|---|---|---|---|---|",
    ]
    for side in ("attack", "benign"):
        row = found["generator"][side]
        lines.append(
            f"| {side} | {row['texts']} | {row['languages']} | {row['mean_characters']} | {row['distinct_trigram_ratio']} | {row['self_similarity']} |"
        )
    lines += ["", f"Near copies of dev among them: {found['generator']['overlap_with_dev']}."]
    lines += ["", "| language | attack | twin |", "|---|---|---|"]
    lines += [f"| {lang} | {attack} | {twin} |" for lang, attack, twin in samples(corpus)]
    (folder / "tier1.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _data_part(found: dict[str, Any], cleaning: Cleaning) -> list[str]:
    return [
        "## Data",
        "",
        f"{found['texts']['attack']} attacks and {found['texts']['benign']} benign texts, of these generated: {found['texts']['generated']}.",
        f"Dropped: {cleaning.copies} copies, {cleaning.contradictions} texts with both labels, {cleaning.leaks} near copies of dev texts ({cleaning.leaks_by_source}).",
        "",
    ]


def _measured_part(title: str, part: dict[str, Any]) -> list[str]:
    summary = part["summary"]
    lines = [
        f"## {title}",
        "",
        f"AUC {summary['auc']}, recall at 5 %, 1 %, 0.2 % false positives: {summary['recall']['fpr_5']}, {summary['recall']['fpr_1']}, {summary['recall']['fpr_02']}.",
        f"At the shipped threshold: recall {part['recall_at_threshold']}, false positives {part['false_positives_at_threshold']}.",
        "",
    ]
    for group in ("by_source", "by_category", "by_language"):
        lines += [
            f"| {group[3:]} | attacks | recall | benign | false positives | AUC |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {row['group']} | {row['attacks']} | {_cell(row['recall'])} | {row['benign']} | {_cell(row['fpr'])} | {_cell(row['auc'])} |"
            for row in part[group]
        ]
        lines.append("")
    return lines


def _scores_part(found: dict[str, Any]) -> list[str]:
    lines = ["## Single scores on dev", "", "| score | AUC | recall at 1 % |", "|---|---|---|"]
    return [
        *lines,
        *(
            f"| {name} | {value['auc']} | {value['recall']['fpr_1']} |"
            for name, value in found["single_scores"].items()
        ),
        "",
    ]


def _written_part(found: dict[str, Any]) -> list[str]:
    lines = [
        "## Written twins, their file held out",
        "",
        "| file | AUC | pairs in order |",
        "|---|---|---|",
    ]
    return [
        *lines,
        *(f"| {row['source']} | {row['auc']} | {row['ordered']} |" for row in found["written"]),
        "",
    ]


def _weights_part(found: dict[str, Any]) -> list[str]:
    lines = [
        "## What one spread of evidence adds to the logit",
        "",
        "| evidence | weight |",
        "|---|---|",
    ]
    lines += [
        f"| {name} | {value} |" for name, value in found["evidence"].items() if abs(value) >= 0.005
    ]
    kinds = found["categories"]
    lines += [
        "",
        "## Category head on dev attacks",
        "",
        f"Right in {kinds['accuracy']:.1%}.",
        "",
        "| category | right |",
        "|---|---|",
    ]
    return [*lines, *(f"| {name} | {value} |" for name, value in kinds["by_category"].items()), ""]


def _before(folder: Path) -> dict[str, Any] | None:
    """What `training.bias` measured on a model without counter-examples, if that was kept."""
    path = folder / "bias.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def bias_part(found: dict[str, Any], before: dict[str, Any] | None = None) -> list[str]:
    """What raises harmless texts by itself; with an earlier measurement beside it."""
    then = {} if before is None else {_key(row): row for row in before["probes"]}
    lines = [
        "## What is taken for an attack by itself",
        "",
        f"Words that lean to attacks in training, and shapes, put into harmless texts ({found['hosts_flagged']:.1%} of these are flagged as they are). Risen: mean confidence added. Crossed: share pushed over the threshold {found['threshold']:.2f}.",
        "",
        "| | probes | biased | risen | crossed |",
        "|---|---|---|---|---|",
    ]
    for name, part in (("before: ", before), ("", found)):
        for kind, row in (part or {"summary": {}})["summary"].items():
            lines.append(
                f"| {name}{kind}s | {row['probes']} | {row['biased']} | {row['rise']:.4f} | {row['crossed']:.4f} |"
            )
    lines += [
        "",
        "| probe | language | risen | crossed | risen before | crossed before |",
        "|---|---|---|---|---|---|",
    ]
    for row in found["probes"][:PROBES_TOLD]:
        old = then.get(_key(row), {"rise": None, "crossed": None})
        cells = (row["rise"], row["crossed"], old["rise"], old["crossed"])
        lines.append(
            f"| {row['name']} | {row['lang'] or row['kind']} | {' | '.join(map(_cell, cells))} |"
        )
    return [*lines, "", *_carriers_part(found, before)]


def _carriers_part(found: dict[str, Any], before: dict[str, Any] | None) -> list[str]:
    lines = [
        "Harmless texts flagged, by the kind of carrier that they are (a text may be of several kinds):",
        "",
        "| carrier | dev | flagged | before | own texts | flagged | before |",
        "|---|---|---|---|---|---|---|",
    ]
    parts = [
        {row["kind"]: row for row in (part or {}).get(name, ())}
        for name in ("carriers", "own_carriers")
        for part in (found, before)
    ]
    for kind in {**parts[0], **parts[2]}:
        cells = [_flagged(part.get(kind)) for part in parts]
        counts = [part.get(kind, {"benign": 0})["benign"] for part in (parts[0], parts[2])]
        lines.append(
            f"| {kind} | {counts[0]} | {cells[0]} | {cells[1]} | {counts[1]} | {cells[2]} | {cells[3]} |"
        )
    return [*lines, ""]


def _flagged(row: dict[str, Any] | None) -> str:
    return _cell(None if row is None else row["flagged"])


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["kind"], row["lang"], row["name"]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
