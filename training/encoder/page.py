# ruff: noqa: E501 - lines of the page are sentences
"""The page of the deep model for people: `tier3.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from training.card import ATTRIBUTION

if TYPE_CHECKING:
    from training.encoder.lineage import Learnt

RATES = ("fpr_5", "fpr_1", "fpr_02")


def page(card: dict[str, Any], found: dict[str, Any], learnt: list[Learnt], size: int) -> str:
    """All of it, from the card, from what was measured and from what was learnt."""
    parts = (
        _purpose(card, size),
        _method(card, found, learnt),
        _results(found),
        _sources(found),
        _limits(found),
        _learnt(learnt),
    )
    return "\n".join(line for part in parts for line in part) + "\n"


def _purpose(card: dict[str, Any], size: int) -> list[str]:
    return [
        f"# {card['name']}",
        "",
        "Tier 3 of the detection cascade: reads what the engine is not sure of, for its meaning, in about a hundred languages, on a CPU.",
        f"`tier3.onnx` and `tier3.tokenizer.json`, {size / 1e6:.1f} MB together; SHA-256 `{card['sha256']}` and `{card['tokenizer_sha256']}`. Made by `python -m training.encoder`; nothing is downloaded.",
        "",
    ]


def _method(card: dict[str, Any], found: dict[str, Any], learnt: list[Learnt]) -> list[str]:
    weights = ", ".join(f"{name} {value:.2f}" for name, value in card["fusion"]["weights"].items())
    attacks, benign = (sum(getattr(row, side) for row in learnt) for side in ("attacks", "benign"))
    return [
        "## How it is made",
        "",
        "- Base: multilingual-e5-small (Wang et al., 2024; MIT), 12 layers, of whose 250,002 word pieces those are kept that occur in the languages we have text of.",
        f"- Fine-tuned on {attacks:,} attacks and {benign:,} harmless texts: windows of 128 tokens that hold the attack, twins in one batch with a margin between them, word embeddings frozen.",
        "- Three heads: attack, request for harm, kind of attack. The origin of a text is not shown to it.",
        "- 8-bit products whose steps are smoothed by channel, 4-bit word embeddings as in the base.",
        f"- Read are texts to which the engine gives a confidence between {card['band'][0]} and {card['band'][1]}: {found['read']['benign']:.1%} of the harmless and {found['read']['attack']:.1%} of the attacks of the development set.",
        f"- Fused by a logistic combiner of few weights ({weights}), fitted on the development set, none of them below zero but that of the place a text came from; the weights of place and of briefness are set. Confidence 0.80 is one false alarm in a hundred harmless texts.",
        "",
    ]


def _results(found: dict[str, Any]) -> list[str]:
    titles = {
        "engine": "development set, engine alone",
        "cascade": "development set, cascade",
        "cascade_source_left_out": "the same, weights fitted without the source of the text",
        "cascade_in_place": "development set, cascade, system prompts in the system role",
    }
    rows = [(title, found["dev"][name]) for name, title in titles.items()]
    rows += [
        (f"written twins set apart, {name}", found["twins"][name])
        for name in ("engine", "encoder", "cascade")
    ]
    lines = [
        "## Results",
        "",
        "Every text as a user's, where not said otherwise; the thresholds are laid on these. System prompts of the development set do better where they were written for.",
        "",
        "| measured on | attacks | benign | AUC | recall at 5 % | at 1 % | at 0.2 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, part in rows:
        recall = " | ".join(f"{part['recall'][rate]:.3f}" for rate in RATES)
        lines.append(
            f"| {title} | {part['attacks']} | {part['benign']} | {part['auc']:.3f} | {recall} |"
        )
    return [*lines, ""]


def _sources(found: dict[str, Any]) -> list[str]:
    lines = [
        "By source of the development set, at confidence 0.80:",
        "",
        "| source | attacks | recall | benign | false positives |",
        "|---|---|---|---|---|",
    ]
    for row in found["by_source"]:
        cells = ["" if row[name] is None else f"{row[name]:.3f}" for name in ("recall", "fpr")]
        lines.append(
            f"| {row['group']} | {row['attacks']} | {cells[0]} | {row['benign']} | {cells[1]} |"
        )
    return [*lines, ""]


def _limits(found: dict[str, Any]) -> list[str]:
    twins = found["twins"]
    return [
        "## Limits",
        "",
        f"- At the balanced threshold {twins['recall_at_limit']:.0%} of written attacks are found and {twins['fpr_at_limit']:.0%} of their harmless twins flagged; the twins share nearly all words with the attacks.",
        "- What the engine is sure is harmless is never read.",
        "- Weakest on orders hidden in long documents that name no reader, on attacks of a few words, and where the operator's rules decide what is allowed.",
        "- A system prompt handed in as a user's text is flagged more often than in its place.",
        "",
    ]


def _learnt(learnt: list[Learnt]) -> list[str]:
    lines = [
        "## What it learnt from",
        "",
        "| source | licence | attacks | benign |",
        "|---|---|---|---|",
        *(f"| {row.source} | {row.licence} | {row.attacks} | {row.benign} |" for row in learnt),
        "",
        "Attribution asked for by licences (CC-BY, CC-BY-SA); texts were used to fit numeric weights and are not contained in the files:",
        "",
    ]
    named = {row.source for row in learnt} | {"xquad", "sgd"}
    lines += [f"- {name}: {whom}" for name, whom in ATTRIBUTION.items() if name in named]
    return lines
