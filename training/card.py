# ruff: noqa: E501 - lines of the page are sentences
"""Writes the model card that ships with the model: JSON for the product, a page for people."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# Licences that ask to be named, with whom to name.
ATTRIBUTION = {
    "arc_easy": "AI2 Reasoning Challenge (Allen Institute for AI)",
    "banking77": "Banking77 (PolyAI)",
    "bipia_train": "BIPIA (Microsoft); its tables come from WikiTableQuestions (Stanford), its code questions from Stack Exchange users",
    "clcc_zh": "CLCC (authors of the benchmark)",
    "clinc_oos": "CLINC150 (Clinc)",
    "csv_tables": "public CSV tables (their authors)",
    "legalbench": "LegalBench (its contributors)",
    "mbpp": "Mostly Basic Python Problems (Google Research)",
    "medquad": "MedQuAD (US National Library of Medicine; Ben Abacha and Demner-Fushman)",
    "mgsm": "Multilingual Grade School Math (Google Research)",
    "nlu_eval": "NLU Evaluation Data (Heriot-Watt University)",
    "owasp_cheatsheets": "OWASP Cheat Sheet Series (OWASP Foundation)",
    "owasp_llm_top10": "OWASP Top 10 for LLM Applications (OWASP Foundation)",
    "owasp_wstg": "OWASP Web Security Testing Guide (OWASP Foundation)",
    "sgd": "Schema-Guided Dialogue (Google Research)",
    "taskmaster": "Taskmaster (Google Research)",
    "tldr_pages": "tldr-pages (its contributors)",
    "xcopa": "XCOPA (Ponti et al.)",
    "xquad": "XQuAD (Google DeepMind)",
}


def write(folder: Path, file: bytes, found: dict[str, Any], thresholds: dict[str, float]) -> None:
    """`tier1.json` and `tier1.md` beside the model."""
    digest = hashlib.sha256(file).hexdigest()
    keep = ("dev", "dev_user", "held_out", "twins")
    card = {
        "name": found["name"],
        "sha256": digest,
        "bytes": len(file),
        "engine_features": found["engine_features"],
        "thresholds": {name: round(value, 6) for name, value in thresholds.items()},
        "data": {
            "texts": found["texts"],
            "records_digest": found["records_digest"],
            "rules_digest": found["rules_digest"],
        },
        "metrics": {
            name: {
                **found[name]["summary"],
                "recall_at_threshold": found[name]["recall_at_threshold"],
                "fpr_at_threshold": found[name]["false_positives_at_threshold"],
            }
            for name in keep
        },
        "settings": found["settings"],
    }
    (folder / "tier1.json").write_text(
        json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "tier1.md").write_text(_page(card, found), encoding="utf-8")


def _page(card: dict[str, Any], found: dict[str, Any]) -> str:
    lines = [
        f"# {card['name']}",
        "",
        *_purpose(card),
        *_method(card, found),
        *_results(card, found),
        *_limits(found),
        *_sources(found),
    ]
    return "\n".join(lines) + "\n"


def _purpose(card: dict[str, Any]) -> list[str]:
    return [
        "Tier 1 of the detection cascade: tells prompt injection, jailbreaks and their kin from harmless text in microseconds, on a CPU.",
        f"One file, `tier1.aidm`, {card['bytes'] / 1000:.0f} kB, SHA-256 `{card['sha256']}`. Made by `make train`; nothing is downloaded.",
        "",
    ]


def _method(card: dict[str, Any], found: dict[str, Any]) -> list[str]:
    settings = card["settings"]
    return [
        "## How it is made",
        "",
        "- A linear model over hashed n-grams (words 1 to 3 and pairs with a gap, characters 3 and 5), 2^18 weights of one byte. Logistic regression with ridge",
        f"  {settings['ngram']['ridge']}; an attack needs one bad window, a benign text must be harmless in its worst one (multiple-instance learning).",
        f"- A combiner of {settings['fusion']['hidden']} hidden units over {len(card['engine_features'])} features of the engine. Its shape is fixed (a mean instead of a sum for long texts); the weights of rule",
        "  evidence and of mention instead of use are fitted on n-gram scores of models that never saw the text's source, each with the only sign that makes sense. Free",
        "  combiners (logistic, 16 units) were tried and did worse on dev than the n-grams alone: AUC 0.89 and 0.88 against 0.94. They learn carriers.",
        "- Sources weigh by the root of their size, attacks and benign texts the same in sum, and so in each language but English, as far as its texts go. Related sources stay on one side of every split.",
        f"- {found['texts']['generated']} of {found['texts']['attack'] + found['texts']['benign']} texts come from a generator of our own in {found['generator']['attack']['languages']} languages, each attack with a harmless twin in the same carrier.",
        f"- A category head over words and word pairs; on attacks of the development set it names the right one of seven in {found['categories']['accuracy']:.0%}.",
        "- Calibration: Platt's sigmoid, shifted so that confidence 0.80 is one false alarm in a hundred benign texts of the development set, every text taken",
        "  for a user's. No text of the development set was trained on; the thresholds were chosen on it.",
        "",
    ]


def _results(card: dict[str, Any], found: dict[str, Any]) -> list[str]:
    names = {
        "dev_user": "development set, every text as a user's",
        "dev": "the same, origins as recorded",
        "held_out": "training sources, each held out in turn",
        "twins": "written twins set apart, every text as a user's",
    }
    lines = [
        "## Results",
        "",
        "| measured on | attacks | benign | AUC | recall at 5 % | at 1 % | at 0.2 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for key, title in names.items():
        part = card["metrics"][key]
        recall = part["recall"]
        lines.append(
            f"| {title} | {part['attacks']} | {part['benign']} | {part['auc']:.3f} | {recall['fpr_5']:.3f} | {recall['fpr_1']:.3f} | {recall['fpr_02']:.3f} |"
        )
    lines += [
        "",
        f"Held-out training sources count by source weight. Thresholds on confidence: {card['thresholds']}.",
        "",
        "By source of the development set, every text as a user's, at confidence 0.80:",
        "",
    ]
    lines += ["| source | attacks | recall | benign | false positives |", "|---|---|---|---|---|"]
    for row in found["dev_user"]["by_source"]:
        cells = ["" if row[name] is None else f"{row[name]:.3f}" for name in ("recall", "fpr")]
        lines.append(
            f"| {row['group']} | {row['attacks']} | {cells[0]} | {row['benign']} | {cells[1]} |"
        )
    return [*lines, ""]


def _limits(found: dict[str, Any]) -> list[str]:
    written = found["written_auc"]
    return [
        "## Limits",
        "",
        f"- Words teach topics, not meaning. On attack/benign twins written one by one, their files held out, AUC is only {written:.2f}: who is ordered to do what is often out of reach of n-grams.",
        "- Weakest on attacks that name no model, no rules and no secrets, on polite indirect orders inside documents, and in languages with little training text.",
        *_caveats(found),
        "- Real system prompts give orders to a model: expect false alarms on them, and let policy trust them by origin.",
        "- Merely harmful requests are another category and not what this model looks for.",
        "",
    ]


def _caveats(found: dict[str, Any]) -> list[str]:
    dev, train = found["system_origin"]["dev"], found["system_origin"]["train"]
    held = found["held_out"]["false_positives_at_threshold"]
    return [
        f"- The system origin has no weight. In the development set {dev['benign']} benign texts and {dev['attack']} attacks come as system texts (training: {train['benign']} and {train['attack']}), so a weight",
        "  would read the label off the origin. Fitted all the same it gave AUC 0.960 and recall 0.616 at 1 %: that is the set talking, not the texts. Trust in an origin is for policy to say.",
        "- The development set chose more than thresholds: how whole texts are normed, the parts of window and length, weights of sources, languages and generator, in some fifty comparisons.",
        "  Its numbers are therefore somewhat better than what a set never looked at would show.",
        f"- On training sources held out in turn, {held:.1%} of benign texts lie above the shipped threshold: unfamiliar benign carriers raise more false alarms than the one in a hundred of",
        "  the development set. There the n-grams are held out (with fewer training steps), the rules are not: nobody kept rule authors from those sources. AUC is over all texts, not weighted.",
        "- The comparison with free combiners was made on an earlier state of rules and generator.",
    ]


def _sources(found: dict[str, Any]) -> list[str]:
    lines = ["## Sources", "", "| source | licence | attacks | benign |", "|---|---|---|---|"]
    lines += [
        f"| {row['source']} | {'; '.join(row['licences'])} | {row['attacks']} | {row['benign']} |"
        for row in found["sources"]
    ]
    lines += [
        "",
        "Attribution asked for by their licences (CC-BY, CC-BY-SA); texts were used to fit numeric weights and are not contained in the file:",
        "",
    ]
    used = {row["source"] for row in found["sources"]}
    return [
        *lines,
        *(f"- {source}: {whom}" for source, whom in ATTRIBUTION.items() if source in used),
    ]
