"""Measures which words and shapes a model takes for attacks by themselves, and writes against it.

A detector over words learns the company that words keep: where most texts with a word were attacks,
the word alone becomes one. So words that lean to the attacks of the training data, and shapes that
attacks like to come in, are put into plain harmless texts, and what rises is told. Counter-examples
then give each such word to an attack and to its harmless twin alike, so that it tells nothing.

`python -m training.bias` measures the installed guard, with `--deep` through all its tiers.
"""

from __future__ import annotations

import argparse
import base64
import json
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training import data, fusion, tier1, written
from training.generator import generate

if TYPE_CHECKING:
    from aidefence import Guard
    from training import modelfile, ngram
    from training.metrics import Floats

PROMPTS = data.REPOSITORY / "bench" / "texts" / "prompts.txt"
SOURCE = "bias_counter"
SEED = 23
HOSTS = 50
HOSTS_OF_ANY = 200
HOST_CHARACTERS_MAX = 240
# A language with fewer texts of one side than this leans by chance.
TEXTS_MIN = 150
WORD_TEXTS_MIN = 12
WORD_SOURCES_MIN = 2
WORDS = {"en": 120}
WORDS_OTHER = 15
READ_CHARACTERS_MAX = 2000
# What raises so much, or pushes so many harmless texts over the threshold, is a bias. A word that
# does not lean adds 0.02 and pushes 0.017 of them, for any word out of place makes a text odder.
RISE_MIN = 0.05
CROSSED_MIN = 0.05
PAIRS_EACH = 30
# So many words stand in one counter-example, and this share of them comes in a shape.
WORDS_LEAST, WORDS_MOST = 2, 6
SHAPED = 0.5

KINDS_OF_PROBE = ("word", "neutral word", "shape")
Put = Callable[[str, random.Random], str]
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[^\W\d_{_UNSPACED}]{{3,}}|[{_UNSPACED}]{{2}}")


@dataclass(frozen=True, slots=True)
class Judge:
    """A model: confidences of texts taken for a user's, and from where on it flags."""

    score: Callable[[list[str]], Floats]
    threshold: float


def tier1_judge(
    linear: ngram.Bytes,
    combiner: modelfile.Fusion,
    calibration: modelfile.Calibration,
    rules: list[tuple[str, str]],
) -> Judge:
    """Tier 1 while it is made, before there is a file of it."""
    bare = tier1.bare_model(linear)

    def score(texts: list[str]) -> Floats:
        rows = tier1.dense(bare, rules, texts, np.full(len(texts), data.USER_ORIGIN, np.uint8))
        return fusion.confidence(calibration, fusion.apply(combiner, rows))

    return Judge(score, tier1.FLAG_CONFIDENCE)


def guard_judge(guard: Guard) -> Judge:
    """A guard with all tiers that it has."""
    from aidefence.service.scoring import ConfidenceScorer  # noqa: PLC0415 -- only without a model

    scorer = ConfidenceScorer(guard)
    return Judge(scorer, scorer.threshold)


@dataclass(frozen=True, slots=True)
class Probe:
    """Something to put into harmless texts of a language, or of any."""

    name: str
    kind: str
    lang: str
    put: Put


def word_probes(records: Iterable[data.Record]) -> list[Probe]:
    """Words of each language that lean most to attacks, the surest first, and some that don't lean.

    The latter show what any word does to a text.

    By the log of the odds over its standard error; see Monroe, Colaresi & Quinn 2008, “Fightin'
    words”. A word must come from several sources: one source alone may just have its topic.
    """
    texts: Counter[tuple[str, bool]] = Counter()
    counts: defaultdict[str, tuple[Counter[str], Counter[str]]] = defaultdict(
        lambda: (Counter(), Counter())
    )
    sources: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for record in records:
        words = set(_WORD.findall(record.text[:READ_CHARACTERS_MAX].casefold()))
        texts[record.lang, record.attack] += 1
        counts[record.lang][record.attack].update(words)
        if record.attack:
            for word in words:
                sources[record.lang, word].add(record.source)
    found: list[Probe] = []
    for lang in sorted(counts):
        benign, attack = counts[lang]
        if min(texts[lang, True], texts[lang, False]) < TEXTS_MIN:
            continue
        sure = {
            word: _lean(attack[word], texts[lang, True], benign[word], texts[lang, False])
            for word in attack
            if attack[word] >= WORD_TEXTS_MIN and len(sources[lang, word]) >= WORD_SOURCES_MIN
        }
        ranked = sorted((word for word in sure if sure[word] > 0), key=lambda it: (-sure[it], it))
        level = sorted(sure, key=lambda it: (abs(sure[it]), it))
        found += as_probes("word", lang, ranked[: WORDS.get(lang, WORDS_OTHER)])
        found += as_probes("neutral word", lang, level[:WORDS_OTHER])
    return found


def as_probes(kind: str, lang: str, words: Iterable[str]) -> list[Probe]:
    """Words to put into texts of their language."""
    return [Probe(word, kind, lang, sprinkle([word])) for word in words]


def _lean(attacks: int, all_attacks: int, benign: int, all_benign: int) -> float:
    odds = math.log((attacks + 0.5) / (all_attacks - attacks + 0.5))
    odds -= math.log((benign + 0.5) / (all_benign - benign + 0.5))
    return odds / math.sqrt(1 / (attacks + 0.5) + 1 / (benign + 0.5))


def sprinkle(words: Sequence[str]) -> Put:
    """Put words between the words of a text, wherever the dice say."""

    def put(text: str, dice: random.Random) -> str:
        parts = text.split(" ")
        for word in words:
            parts.insert(dice.randint(0, len(parts)), word)
        return " ".join(parts)

    return put


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SHAPES: dict[str, Callable[[str], str]] = {
    "table": lambda text: f"| id | note |\n|----|------|\n| 1 | {text} |\n| 2 | - |",
    "csv": lambda text: f'id;name;note\n1;Mira;"{text}"\n2;Otto;"-"',
    "mail": lambda text: f"From: mira@example.com\nTo: otto@example.com\nSubject: Note\n\n{text}",
    "forwarded mail": lambda text: f"-----Original Message-----\n> {text}\n\nBest, Rosa",
    "code fence": lambda text: f"```\n{text}\n```",
    "code comment": lambda text: f"# {text}\ndef total(rows):\n    return sum(rows)",
    "json": lambda text: json.dumps({"id": 7, "note": text, "tags": ["a"]}, ensure_ascii=False),
    "json messages": lambda text: json.dumps(
        [{"role": "user", "content": text}], ensure_ascii=False
    ),
    "xml": lambda text: f"<note><id>7</id><body>{text}</body></note>",
    "html comment": lambda text: f"<p>Opening hours</p>\n<!-- {text} -->",
    "role lines": lambda text: f"User: {text}\nAssistant: Of course.",
    "system line": lambda text: f"System: {text}",
    "chat marks": lambda text: f"<|im_start|>user\n{text}<|im_end|>",
    "brackets": lambda text: f"[INST] {text} [/INST]",
    "heading": lambda text: f"### Instruction:\n{text}\n\n### Response:",
    "list": lambda text: f"1. {text}\n2. Done.\n3. Next week.",
    "quote": lambda text: f'He wrote: "{text}"',
    "log": lambda text: f"2025-03-11T09:14:07Z INFO {text}",
    "link": lambda text: f"{text} https://example.com/a?b=1",
    "capitals": str.upper,
    "base64": lambda text: f"{_base64(text)}",
    "hex": lambda text: text.encode().hex(),
    "rule of dashes": lambda text: f"----------\n{text}\n----------",
    "exclamation": lambda text: f"{text}!!!",
    "placeholder": lambda text: f"{{{{input}}}} {text}",
}


def shapes() -> list[Probe]:
    """Shapes to pour a text into."""

    def poured(shape: Callable[[str], str]) -> Put:
        return lambda text, _: shape(text)

    return [Probe(name, "shape", "", poured(shape)) for name, shape in SHAPES.items()]


def hosts() -> dict[str, list[str]]:
    """Plain harmless texts by language; all languages together under the empty name.

    Prompts of our own, and what people type in the harmless half of the written corpus. Tier 1 is
    trained on neither; on everyday requests it is, so those are left out.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in PROMPTS.read_text(encoding="utf-8").splitlines():
        if line.strip() and len(line) <= HOST_CHARACTERS_MAX:
            found["en" if line.isascii() else ""].append(line)
    files = [path for path in written.CORPUS.glob("*.txt") if path.name not in written.EVERYDAY]
    for entry in written.read_all(files):
        text = entry.benign
        if text and entry.origin == "user" and len(text) <= HOST_CHARACTERS_MAX:
            found[entry.lang].append(text)
    found[""] = [text for lang in sorted(found) for text in found[lang]]
    dice = random.Random(SEED)
    sizes = {lang: HOSTS if lang else HOSTS_OF_ANY for lang in found}
    return {lang: dice.sample(it, min(sizes[lang], len(it))) for lang, it in found.items()}


def measure(judge: Judge, probes: Sequence[Probe]) -> dict[str, Any]:
    """How much each probe raises harmless texts, the worst first."""
    plain = hosts()
    base = {lang: judge.score(texts) for lang, texts in plain.items()}
    dice = random.Random(SEED)
    # A language with few texts of its own borrows them: words stand out the same.
    homes = [probe.lang if len(plain.get(probe.lang, ())) >= HOSTS // 2 else "" for probe in probes]
    texts = [
        probe.put(text, dice)
        for probe, home in zip(probes, homes, strict=True)
        for text in plain[home]
    ]
    scores = judge.score(texts)
    rows: list[dict[str, Any]] = []
    at = 0
    for probe, home in zip(probes, homes, strict=True):
        before = base[home]
        after = scores[at : at + len(before)]
        at += len(before)
        below = before < judge.threshold
        crossed = float((after[below] >= judge.threshold).mean()) if below.any() else 0.0
        rows.append(
            {
                "name": probe.name,
                "lang": probe.lang,
                "kind": probe.kind,
                "hosts": len(before),
                "rise": round(float((after - before).mean()), 5),
                "crossed": round(crossed, 4),
            }
        )
    rows.sort(key=lambda row: (-row["crossed"], -row["rise"], row["name"]))
    everything = base[""]
    return {
        "threshold": round(judge.threshold, 6),
        "hosts_mean": round(float(everything.mean()), 5),
        "hosts_flagged": round(float((everything >= judge.threshold).mean()), 4),
        "probes": rows,
        "summary": {kind: _summed(rows, kind) for kind in KINDS_OF_PROBE},
    }


def _summed(rows: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    mine = [row for row in rows if row["kind"] == kind]
    return {
        "probes": len(mine),
        "biased": sum(is_biased(row) for row in mine),
        "rise": round(sum(row["rise"] for row in mine) / max(1, len(mine)), 5),
        "crossed": round(sum(row["crossed"] for row in mine) / max(1, len(mine)), 5),
    }


def is_biased(row: dict[str, Any]) -> bool:
    """Whether a probe alone raises what is harmless."""
    return bool(row["rise"] >= RISE_MIN or row["crossed"] >= CROSSED_MIN)


KINDS: dict[str, re.Pattern[str]] = {
    "table": re.compile(r"(?m)^[^\n|]*\|[^\n|]+\|[^\n]*\n[^\n|]*\|[^\n|]+\|"),
    "separated values": re.compile(
        r"(?m)^(?:[^\n,;\t]+[,;\t]){3,}[^\n]*\n(?:[^\n,;\t]*[,;\t]){3,}"
    ),
    "mail": re.compile(r"(?im)^(?:from|subject|to|von|betreff|de|objet): "),
    "code fence": re.compile(r"```"),
    "code": re.compile(
        r"(?m)^\s*(?:def |class |import |function |#include|SELECT |const |public )"
    ),
    "json": re.compile(r"\{\s*\"[\w ]+\"\s*:"),
    "markup": re.compile(r"(?i)</?(?:p|div|span|a|li|h\d|td|body|html|br)\b[^>]*>"),
    "role lines": re.compile(r"(?im)^(?:system|user|assistant|human|ai)\s*: "),
    "heading": re.compile(r"(?m)^#{1,4} \S"),
    "list": re.compile(r"(?m)^\s*(?:[-*•]|\d{1,2}[.)]) \S[^\n]*\n\s*(?:[-*•]|\d{1,2}[.)]) \S"),
    "link": re.compile(r"https?://"),
    "encoded": re.compile(r"[A-Za-z0-9+/]{48,}={0,2}|(?:[0-9a-f]{2}){24,}"),
    "you are": re.compile(r"(?i)^\s*(?:you are|act as|du bist|eres|tu es|ты )\b"),
    "quoted": re.compile(r"[\"“„«][^\"”“»]{20,}[\"”“»]"),
}


def kinds_of(text: str) -> list[str]:
    """The kinds of carrier that a text is, `prose` where it is none of them."""
    return [name for name, shown in KINDS.items() if shown.search(text)] or ["prose"]


def alarms(records: Sequence[data.Record], flagged: Sequence[bool]) -> list[dict[str, Any]]:
    """Share of harmless texts that are flagged, for each kind of carrier, the worst first."""
    counts: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for record, hit in zip(records, flagged, strict=True):
        if not record.attack:
            counts.update(kinds := kinds_of(record.text))
            hits.update(kinds if hit else ())
    rows = [
        {"kind": kind, "benign": counts[kind], "flagged": round(hits[kind] / counts[kind], 4)}
        for kind in counts
    ]
    return sorted(rows, key=lambda row: (-float(str(row["flagged"])), row["kind"]))


def counter_examples(found: dict[str, Any]) -> list[data.Record]:
    """Attacks and harmless twins that hold the words and shapes which a model is biased on.

    Both halves get the same ones at places of their own, so that these tell nothing and the rest
    must. The halves come from the generator, drawn anew.
    """
    worst = [row for row in found["probes"] if is_biased(row)]
    words: defaultdict[str, list[str]] = defaultdict(list)
    for row in worst:
        if row["kind"] == "word":
            words[row["lang"]].append(row["name"])
    poured = [SHAPES[row["name"]] for row in worst if row["kind"] == "shape"]
    dice = random.Random(SEED)
    made: list[data.Record] = []
    left = {lang: PAIRS_EACH * len(mine) for lang, mine in words.items()} or {"en": PAIRS_EACH}
    # The generator draws three times as much English.
    most = max((math.ceil(it / 3) if lang == "en" else it) for lang, it in left.items())
    for number, pair in enumerate(generate(SEED, most)):
        if left.get(pair.lang, PAIRS_EACH) <= 0:
            continue
        mine = words.get(pair.lang) or words.get("en", [])
        left[pair.lang] = left.get(pair.lang, PAIRS_EACH) - 1
        put = sprinkle(dice.sample(mine, min(len(mine), dice.randint(WORDS_LEAST, WORDS_MOST))))
        shape = dice.choice(poured) if poured and dice.random() < SHAPED else str
        for attack, text in ((True, pair.attack), (False, pair.benign)):
            made.append(_counter(number, pair.lang, pair.category, shape(put(text, dice)), attack))
    return made


def _counter(number: int, lang: str, category: str, text: str, attack: bool) -> data.Record:  # noqa: FBT001
    return data.Record(
        id=f"counter-{number:06}-{'a' if attack else 'b'}",
        text=text,
        attack=attack,
        category=category if attack else "benign_hard",
        source=SOURCE,
        lang=lang,
        licence=written.LICENCE,
        origin=data.USER_ORIGIN,
        injection=None,
        pair=f"counter-{number:06}",
    )


def found(
    judge: Judge, train: Iterable[data.Record], seen: Sequence[data.Record]
) -> dict[str, Any]:
    """Everything that the report tells: probes by `train`, alarms on the harmless of `seen`."""
    benign = [record for record in seen if not record.attack]
    own = [it for it in written.records(written.CORPUS.glob("*.txt")) if not it.attack]
    result = measure(judge, [*word_probes(train), *shapes()])
    for name, records in (("carriers", benign), ("own_carriers", own)):
        flagged = judge.score([record.text for record in records]) >= judge.threshold
        result[name] = alarms(records, flagged.tolist())
    return result


def _main() -> None:
    # What is put together of counter-examples too must not be asked for by them.
    from aidefence import Guard  # noqa: PLC0415
    from training import assembly, report  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="training.bias", description=__doc__)
    parser.add_argument("--data", help="folder with train/ and dev/ (default: AIDEFENCE_DATA)")
    parser.add_argument("--work", type=Path, default=data.REPOSITORY / "training" / "cache")
    parser.add_argument("--deep", action="store_true", help="through all tiers of the guard")
    parser.add_argument("--before", type=Path, help="an earlier bias.json to stand beside")
    parser.add_argument("--out", type=Path, help="folder for bias.json and bias.md")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    directory = data.data_directory(given.data)
    corpus, _ = assembly.build(directory, given.work)
    train = [record for record, kept in zip(corpus.records, corpus.real, strict=True) if kept]
    guard = Guard(deep="required" if given.deep else "off")
    result = found(guard_judge(guard), train, data.load(directory, "dev"))
    before = None if given.before is None else json.loads(given.before.read_text("utf-8"))
    page = "\n".join(report.bias_part(result, before)) + "\n"
    print(page)
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        told = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        (given.out / "bias.json").write_text(told, encoding="utf-8")
        (given.out / "bias.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    _main()
