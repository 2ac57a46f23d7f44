"""`python -m training`: from the shared data to the shipped model file and its report."""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from aidefence.engine import _native
from training import (
    assembly,
    bias,
    card,
    data,
    features,
    fusion,
    metrics,
    modelfile,
    ngram,
    report,
    tier1,
)
from training import categories as kinds

MODELS = data.REPOSITORY / "src" / "aidefence" / "models"
REPORT = data.REPOSITORY / "training" / "report"
SINGLE_SCORES = (
    "ngram_whole",
    "ngram_window",
    "ngram_sentence",
    "rules_noisy_or",
    "rules_strongest",
)


def main() -> None:
    """Runs every step; what is saved in the work folder is not done again."""
    given = _arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    settings = tier1.Settings(ngram.Settings(), fusion.Settings())
    say = tier1.Progress(data.FOLD_COUNT + 6).step
    say("reading data, writing pairs, dropping copies")
    directory = data.data_directory(given.data)
    corpus, cleaning = assembly.build(directory, given.work)
    say(f"features of {len(corpus.records)} texts")
    blocks = features.read(corpus.texts)
    examples = ngram.Examples(
        blocks, corpus.attack, corpus.weight, assembly.injections(corpus, blocks)
    )
    rules = tier1.rule_files()
    rows = tier1.held_out_rows(examples, corpus, rules, given.work, say)
    say("linear model on everything")
    linear = tier1.fit_fold(examples, corpus, None, settings.ngram, given.work)
    del examples
    say("combiner, calibration, categories")
    weights = fusion.weigh(rows, corpus.attack, corpus.weight.astype(float), settings.fusion)
    combiner = fusion.combiner(weights, settings.fusion)
    held = _held(corpus, tier1.held_out_logits(corpus, rows, settings.fusion))
    category_head = kinds.fit(corpus)
    say("measuring on dev")
    dev, dev_user, single = _seen(data.load(directory, "dev"), linear, combiner, rules)
    _, twins, _ = _seen(assembly.judged(), linear, combiner, rules)
    # Thresholds are chosen on dev, with every text taken for a user's: the harder way to be right.
    limits = {
        name: metrics.threshold(dev_user.logits, dev_user.attack, rate)
        for name, rate in metrics.RATES.items()
    }
    calibration = fusion.calibrate(
        dev_user.logits, dev_user.attack, limits["fpr_1"], tier1.FLAG_CONFIDENCE
    )
    file = tier1.assemble(linear, combiner, calibration, corpus, category_head)
    say("writing model, card and report")
    found = _found(
        corpus,
        settings,
        rules,
        {"dev": dev, "dev_user": dev_user, "held_out": held, "twins": twins},
        limits["fpr_1"],
    )
    found["evidence"] = {name: round(value, 3) for name, value in weights.evidence.items()}
    found["single_scores"] = single
    found["bias"] = _bias(bias.tier1_judge(linear, combiner, calibration, rules), corpus, dev)
    found["categories"] = kinds.measure(category_head, dev.records)
    found["generator"] = report.diversity(
        [record for record in corpus.records if record.source == assembly.GENERATED], dev.records
    )
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "tier1.aidm").write_bytes(file)
    thresholds = {
        name: float(fusion.confidence(calibration, np.array([value]))[0])
        for name, value in limits.items()
    }
    card.write(given.out, file, found, thresholds)
    report.write(given.report, found, corpus, cleaning)
    print("dev:", metrics.summarise(dev.logits, dev.attack).line())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="training", description=__doc__)
    parser.add_argument(
        "--data",
        help="folder with train/ and dev/ (default: AIDEFENCE_DATA, or shared/data beside us)",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=data.REPOSITORY / "training" / "cache",
        help="what is saved between runs",
    )
    parser.add_argument("--out", type=Path, default=MODELS, help="where the model and its card go")
    parser.add_argument("--report", type=Path, default=REPORT, help="where the report goes")
    return parser.parse_args()


def _held(corpus: assembly.Corpus, logits: metrics.Floats) -> tier1.Held:
    real = corpus.real
    records = [record for record, kept in zip(corpus.records, real, strict=True) if kept]
    return tier1.Held(logits[real], corpus.attack[real], corpus.weight[real].astype(float), records)


def _seen(
    records: list[data.Record],
    linear: ngram.Bytes,
    combiner: modelfile.Fusion,
    rules: list[tuple[str, str]],
) -> tuple[tier1.Held, tier1.Held, dict[str, Any]]:
    attack = np.array([record.attack for record in records])
    texts = [record.text for record in records]
    bare = tier1.bare_model(linear)
    origins = np.array([record.origin for record in records], np.uint8)
    rows = tier1.dense(bare, rules, texts, origins)
    user_rows = tier1.dense(bare, rules, texts, np.full(len(texts), data.USER_ORIGIN, np.uint8))
    single = {
        name: metrics.summarise(
            user_rows[:, list(_native.FEATURES).index(name)].astype(float), attack
        ).as_dict()
        for name in SINGLE_SCORES
    }
    return (
        tier1.Held(fusion.apply(combiner, rows), attack, None, records),
        tier1.Held(fusion.apply(combiner, user_rows), attack, None, records),
        single,
    )


def _bias(judge: bias.Judge, corpus: assembly.Corpus, dev: tier1.Held) -> dict[str, Any]:
    real = [record for record, kept in zip(corpus.records, corpus.real, strict=True) if kept]
    return bias.found(judge, real, dev.records)


def _system_counts(records: list[data.Record]) -> dict[str, int]:
    attacks = [record.attack for record in records if record.origin == data.SYSTEM_ORIGIN]
    return {"attack": sum(attacks), "benign": len(attacks) - sum(attacks)}


def _found(
    corpus: assembly.Corpus,
    settings: tier1.Settings,
    rules: list[tuple[str, str]],
    held: dict[str, tier1.Held],
    limit: float,
) -> dict[str, Any]:
    generated = int((~corpus.real).sum())
    written = report.written(held["held_out"])
    return {
        "name": tier1.NAME,
        "engine_features": list(_native.FEATURES),
        "records_digest": hashlib.sha256(
            "\n".join(record.id for record in corpus.records).encode()
        ).hexdigest(),
        "rules_digest": hashlib.sha256(repr(rules).encode()).hexdigest(),
        "settings": {"ngram": asdict(settings.ngram), "fusion": asdict(settings.fusion)},
        "texts": {
            "attack": int(corpus.attack.sum()),
            "benign": int((~corpus.attack).sum()),
            "generated": generated,
        },
        "sources": report.sources(corpus),
        "system_origin": {
            "dev": _system_counts(held["dev"].records),
            "train": _system_counts(held["held_out"].records),
        },
        "written": written["files"],
        "written_auc": written["auc"],
        **{name: report.measured(part, limit) for name, part in held.items()},
    }


if __name__ == "__main__":
    main()
