"""Orders that guard themselves, and those who break in with the same words.

An assistant that is told never to reveal its orders sounds, word for word, much like somebody who
asks for them. Public data holds many of the second and hardly any of the first.
"""

# ruff: noqa: RUF001 - other scripts and full-width marks

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from training import data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.data import Record

GUARDS = "guards"
PLAN = Path(__file__).with_name("guards.txt")
OPENING_MAX, TEXT_MAX = 220, 430
PHRASE_MAX = 110
REQUEST_MAX = 160
QUOTED = ("prompt_extraction", "prompt_injection", "jailbreak")
# How often a text has a known configuration before it, and how often somebody speaks after it.
OPENED, FOLLOWED = 0.6, 0.4
SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s|\n")
NAMES = ("Juno", "Captain Brask", "Tilda", "Mr Ames", "Orrin", "the Librarian", "Kiki", "Sable")
TURNS = ("\n\nUser: ", "\n\n", "\n---\n", "\n\n### Input\n", "\n\nCustomer: ", "\n")
REPLIES = {
    "en": ("Not that one, sorry.", "Let's stay on topic!", "I can't help with that.", "Nice try."),
    "de": ("Das bleibt hier.", "Zurück zum Thema!"),
    "fr": ("Cela reste entre nous.", "Revenons au sujet."),
    "es": ("Eso no, lo siento.", "Volvamos al tema."),
    "pt": ("Isso não, desculpe.", "Voltemos ao assunto."),
    "it": ("Questo no, mi dispiace.",),
    "nl": ("Dat blijft hier.",),
    "pl": ("Tego nie zdradzę.",),
    "ru": ("Об этом нельзя.",),
    "tr": ("Bunu söyleyemem.",),
    "ar": ("هذا لا أستطيع.",),
    "zh": ("这个不能说。",),
    "ja": ("それは言えません。",),
    "ko": ("그건 말할 수 없어요.",),
    "hi": ("यह नहीं बता सकता।",),
    "id": ("Itu rahasia.",),
    "vi": ("Điều đó thì không.",),
}


@dataclass(frozen=True, slots=True)
class Guard:
    """A sentence that guards, and one that breaks in."""

    lang: str
    keeps: str
    breaks: str


def read(path: Path = PLAN) -> list[Guard]:
    """The plan: lines `lang + sentence` and `lang - sentence` in turn."""
    lines = [
        line.split(" ", 2)
        for line in path.read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    found = []
    for (lang, plus, keeps), (other, minus, breaks) in zip(lines[::2], lines[1::2], strict=True):
        if (lang, plus, minus) != (other, "+", "-"):
            raise ValueError(f"`{keeps}` and `{breaks}` are no pair")
        found.append(Guard(lang, keeps, breaks))
    return found


def pairs(records: Sequence[Record], count: int, dice: random.Random) -> list[Record]:
    """`count` pairs, attack first; languages as often as they have sentences."""
    plan: defaultdict[str, list[Guard]] = defaultdict(list)
    for guard in read():
        plan[guard.lang].append(guard)
    around = _Around(records)
    langs = [lang for lang, guards in sorted(plan.items()) for _ in guards]
    made: list[Record] = []
    for number in range(count):
        lang = dice.choice(langs)
        made += _pair(number, lang, plan[lang], around, dice)
    return made


class _Around:
    """What stands around the sentences: openings, quoted attacks, plain requests, by language."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.openings: defaultdict[str, list[Record]] = defaultdict(list)
        self.phrases: defaultdict[str, list[Record]] = defaultdict(list)
        self.requests: defaultdict[str, list[Record]] = defaultdict(list)
        for record in records:
            if record.attack and record.category in QUOTED and len(record.text) <= PHRASE_MAX:
                self.phrases[record.lang].append(record)
            elif not record.attack and record.origin == data.SYSTEM_ORIGIN:
                self.openings[record.lang].append(record)
            elif not record.attack and len(record.text) <= REQUEST_MAX:
                self.requests[record.lang].append(record)

    def pick(self, cells: dict[str, list[Record]], lang: str, dice: random.Random) -> Record | None:
        cell = cells.get(lang) or cells.get("en")
        return dice.choice(cell) if cell else None


def _pair(
    number: int, lang: str, guards: Sequence[Guard], around: _Around, dice: random.Random
) -> list[Record]:
    opening = around.pick(around.openings, lang, dice) if dice.random() < OPENED else None
    phrase = around.pick(around.phrases, lang, dice)
    request = around.pick(around.requests, lang, dice)
    chosen = dice.sample(guards, min(len(guards), dice.randint(1, 4)))
    filled = [_fill(guard, around, dice) for guard in chosen]
    glue = dice.choice((" ", "\n", "\n- ", "\n\n"))
    head = _opening(opening.text) + dice.choice((" ", "\n", "\n\n")) if opening else ""
    if phrase and request and dice.random() < FOLLOWED:
        turn = dice.choice(TURNS)
        kept = _joined(head, [guard.keeps for guard in filled[:2]], glue)
        sides = (f"{kept}{turn}{phrase.text.strip()}", f"{kept}{turn}{request.text.strip()}")
        injection = phrase.text.strip()
    else:
        sides = (
            _joined(head, [guard.breaks for guard in filled], glue),
            _joined(head, [guard.keeps for guard in filled], glue),
        )
        injection = filled[0].breaks
    licence = opening.licence if opening else "Apache-2.0"
    name = f"{GUARDS}-{number:06}"
    return [
        data.Record(
            id=f"{name}-{'a' if attack else 'b'}",
            text=text,
            attack=attack,
            category="prompt_extraction" if attack else "benign_hard",
            source=GUARDS,
            lang=lang,
            licence=licence,
            origin=data.USER_ORIGIN,
            injection=injection if attack else None,
            pair=name,
        )
        for attack, text in zip((True, False), sides, strict=True)
    ]


def _fill(guard: Guard, around: _Around, dice: random.Random) -> Guard:
    """The same reply, names and quoted attacks on both sides."""
    keeps, breaks = guard.keeps, guard.breaks
    values = {
        "{r}": dice.choice(REPLIES.get(guard.lang, REPLIES["en"])),
        "{n}": dice.choice(NAMES),
    }
    for mark, value in values.items():
        keeps, breaks = keeps.replace(mark, value), breaks.replace(mark, value)
    for _ in range(keeps.count("{q}")):
        quoted = around.pick(around.phrases, guard.lang, dice)
        words = " ".join(quoted.text.split()) if quoted else ""
        keeps, breaks = keeps.replace("{q}", words, 1), breaks.replace("{q}", words, 1)
    return Guard(guard.lang, keeps, breaks)


def _opening(text: str) -> str:
    """The first sentences of a configuration."""
    ends = [found.start() for found in SENTENCE_END.finditer(text) if found.start() <= OPENING_MAX]
    return text[: ends[-1] if ends else OPENING_MAX].strip()


def _joined(head: str, sentences: Sequence[str], glue: str) -> str:
    """As many sentences as a window of the encoder takes, at least one."""
    text = head + sentences[0]
    for sentence in sentences[1:]:
        if len(text) + len(sentence) > TEXT_MAX:
            break
        text += glue + sentence
    return text.strip()
