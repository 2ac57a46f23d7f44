"""What a conversation gives beyond its messages: attacks in pieces, and labelled conversations."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from aidefence import Action, ConversationDecision, ConversationStore, Guard, Origin
from aidefence.domain.enums import DeepMode
from aidefence.service.scoring import MODEL_ATTACKS
from bench import own_texts
from bench.own_texts import OwnText

_SEED = 20261123
_TEXTS_MAX = 400
_CHARACTERS = range(30, 281)
_NAMES = "kmpqrstu"
_FILES = ("multiturn.jsonl", "multiturn_written.jsonl")

Message = dict[str, str]


def in_pieces(guard: Guard) -> dict[str, Any]:
    """Cut attacks that are caught whole, and harmless texts, and say the pieces one by one."""
    attacks = _drawn(own_texts.attacks(), caught=True)
    harmless = _drawn((*own_texts.prompts(), *own_texts.twins()), caught=False)
    told: dict[str, Any] = {"cut_attacks": len(attacks), "cut_harmless": len(harmless)}
    for label, texts in (("attacks", attacks), ("harmless", harmless)):
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        dice = Random(_SEED)
        for text in texts:
            for name, messages in _cut(text, dice):
                count = counts[name]
                count[0] += 1
                count[1] += _is_flagged(guard, messages, assemble=False)
                count[2] += _is_flagged(guard, messages, assemble=True)
        told[f"{label}_in_pieces"] = {
            name: {"apart": round(apart / all_, 4), "put_together": round(together / all_, 4)}
            for name, (all_, apart, together) in counts.items()
        }
        whole = sum(count[0] for count in counts.values())
        for at, key in ((1, "apart"), (2, "put_together")):
            total = sum(count[at] for count in counts.values())
            told[f"{label}_{key}"] = round(total / whole, 4)
    return told


def by_source(guard: Guard, data: Path) -> dict[str, dict[str, float]]:
    """Count labelled conversations that are flagged: by their messages alone, and in all."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for name in _FILES:
        for line in (data / name).read_text("utf-8").splitlines():
            record = json.loads(line)
            turns = [{"role": it["role"], "content": it["content"]} for it in record["turns"]]
            talk = guard.conversation("read", store=ConversationStore())
            told = [talk.observe(message) for message in turns]
            alone = any(_by_itself(it) for it in told)
            count = counts[f"{record['source']} ({record['label']}, {record['split']})"]
            count[0] += 1
            count[1] += alone
            count[2] += alone or any(_by_context(it) for it in told)
            count[3] += any(it.assembled for it in told)
    return {
        name: {
            "conversations": all_,
            "flagged_alone": round(alone / all_, 4),
            "flagged": round(flagged / all_, 4),
            "assembled": round(assembled / all_, 4),
        }
        for name, (all_, alone, flagged, assembled) in sorted(counts.items())
    }


def _by_itself(seen: ConversationDecision) -> bool:
    decisions = (told.decision for told in seen.messages)
    return any(
        it is not None and it.action > Action.ALLOW and it.category in MODEL_ATTACKS
        for it in decisions
    )


def _by_context(seen: ConversationDecision) -> bool:
    return any(told.outcome.by_context for told in seen.messages)


def _is_flagged(guard: Guard, messages: Sequence[Message], *, assemble: bool) -> bool:
    talk = guard.conversation("cut", store=ConversationStore(), assemble=assemble)
    told = [talk.observe(message) for message in messages]
    return any(_by_itself(it) or _by_context(it) for it in told)


def _drawn(texts: Sequence[OwnText], *, caught: bool) -> list[str]:
    short = [it for it in texts if len(it.text) in _CHARACTERS and " " in it.text]
    kept = [
        it.text
        for it, found in zip(short, own_texts.caught(short, DeepMode.OFF), strict=True)
        if found is caught
    ]
    return Random(_SEED).sample(kept, min(_TEXTS_MAX, len(kept)))


def _cut(text: str, dice: Random) -> Iterator[tuple[str, list[Message]]]:
    count = dice.choice((2, 3, 4))
    by_word, by_character = _pieces(text, count, text.split()), _pieces(text, count, None)
    last = len(by_word)
    yield (
        "numbered parts",
        [_user(f"part {at} of {last}: {it}") for at, it in enumerate(by_word, 1)],
    )
    last = len(by_character)
    yield (
        "numbered cuts in words",
        [_user(f"({at}/{last}) {it}") for at, it in enumerate(by_character, 1)],
    )
    names = _NAMES[:last]
    assigned = [
        _user(f"{name} = {json.dumps(it, ensure_ascii=False)}")
        for name, it in zip(names, by_character, strict=True)
    ]
    yield "variables", [*assigned, _user(f"now join {' + '.join(names)}")]
    yield "turns", [_user(it) for it in by_word]
    yield "documents", [{"role": "document", "content": it} for it in by_word]


def _pieces(text: str, count: int, words: Sequence[str] | None) -> list[str]:
    things: Sequence[str] = text if words is None else words
    size = -(-len(things) // count)
    joint = "" if words is None else " "
    return [joint.join(things[at : at + size]) for at in range(0, len(things), size)]


def _user(text: str) -> Message:
    return {"role": Origin.USER.value, "content": text}
