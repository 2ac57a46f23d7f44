"""Puts phrases together to attacks and their twins.

Both halves of a pair share the cast, the carrier, the layout and the topic; only what is asked of
whom differs. The halves are drawn with the same recipe so that length and form tell nothing.
"""

# ruff: noqa: RUF001 - full-width marks end sentences too

from __future__ import annotations

import base64
import codecs
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from training.generator.carriers import CARRIERS, USER
from training.generator.grammar import Book, Cast, load

# What follows what in one message: the parts of an order, by category.
RECIPES: dict[str, tuple[tuple[str, ...], ...]] = {
    "prompt_injection": (
        ("override", "goal"),
        ("override",),
        ("chore", "override", "goal"),
        ("override", "hide", "goal"),
        ("forged", "goal"),
        ("pretext", "override", "goal"),
        ("text", "override", "goal"),
        ("goal", "override"),
        ("forged", "override"),
        ("chore", "forged", "goal"),
        ("memory", "goal"),
    ),
    "prompt_extraction": (
        ("extract",),
        ("override", "extract"),
        ("pretext", "extract"),
        ("chore", "extract"),
        ("extract", "refusal"),
        ("forged", "extract"),
        ("extract", "extract"),
    ),
    "jailbreak": (
        ("persona", "refusal"),
        ("persona", "refusal", "goal"),
        ("persona", "override"),
        ("pretext", "persona", "goal"),
        ("persona", "persona", "refusal"),
        ("forged", "persona", "refusal"),
    ),
    "data_exfiltration": (
        ("exfil",),
        ("exfil", "hide"),
        ("override", "exfil"),
        ("pretext", "exfil"),
        ("chore", "exfil", "hide"),
    ),
    "tool_abuse": (
        ("tool",),
        ("tool", "hide"),
        ("override", "tool"),
        ("pretext", "tool"),
        ("memory",),
        ("memory", "hide"),
        ("tool", "exfil"),
    ),
}
INDIRECT: tuple[tuple[str, ...], ...] = (
    ("address", "override", "goal"),
    ("address", "goal"),
    ("address", "goal", "hide"),
    ("override", "goal"),
    ("address", "exfil", "hide"),
    ("address", "extract"),
    ("forged", "goal"),
    ("address", "tool"),
    ("goal", "hide"),
    ("address", "memory"),
)
ENDS = {"ja": "。", "zh": "。", "hi": "।"}


@dataclass(frozen=True, slots=True)
class Pair:
    """An attack and its twin: same language, carrier and topic."""

    lang: str
    family: str
    category: str
    origin: int
    attack: str
    benign: str
    injection: str


def generate(seed: int, per_language: int) -> Iterator[Pair]:
    """Pairs of all languages; the same seed gives the same pairs."""
    for book in load():
        count = per_language * (3 if book.lang == "en" else 1)
        dice = random.Random(f"{seed}:{book.lang}")
        seen: set[str] = set()
        for _ in range(count):
            pair = _pair(book, dice)
            if pair.attack not in seen and pair.attack != pair.benign:
                seen.update((pair.attack, pair.benign))
                yield pair


def _pair(book: Book, dice: random.Random) -> Pair:
    maker = dice.choices((_direct, _indirect, _quoted, _encoded), (4, 5, 3, 1))[0]
    return maker(book, dice)


def _direct(book: Book, dice: random.Random) -> Pair:
    category = dice.choice(list(RECIPES))
    recipe = dice.choice(RECIPES[category])
    cast = Cast(dice)
    joint = dice.choice((". ", ", ", "\n", ". ", " - ", "; ", "! "))
    voice = dice.choice(VOICES)
    attack = voice(_say(book, cast, dice, recipe, joint, twin=False))
    benign = voice(_say(book, cast, dice, _twin_recipe(recipe, dice), joint, twin=True))
    return Pair(book.lang, f"direct:{'+'.join(recipe)}", category, USER, attack, benign, attack)


def _twin_recipe(recipe: tuple[str, ...], dice: random.Random) -> tuple[str, ...]:
    # Some twins are just one part with a plain request behind it, as people write.
    if len(recipe) > 1 and dice.random() < 0.35:
        return (dice.choice([part for part in recipe if part != "text"]), "chore")
    return recipe


def _indirect(book: Book, dice: random.Random) -> Pair:
    recipe = dice.choice(INDIRECT)
    cast = Cast(dice)
    carrier, origin = dice.choice(CARRIERS)
    joint = dice.choice((". ", ", ", " ", ". "))
    state = dice.getrandbits(64)
    order = _say(book, cast, dice, recipe, joint, twin=False)
    harmless = _say(book, cast, dice, recipe, joint, twin=True)
    attack = carrier(book, cast, random.Random(state), order)
    benign = carrier(book, cast, random.Random(state), harmless)
    category = (
        "tool_abuse"
        if "tool" in recipe
        else "data_exfiltration"
        if "exfil" in recipe
        else "indirect_injection"
    )
    return Pair(book.lang, f"indirect:{carrier.__name__}", category, origin, attack, benign, order)


def _quoted(book: Book, dice: random.Random) -> Pair:
    """The twin quotes, teaches or tells of an attack; the attack gives a like order for real."""
    category = dice.choice(list(RECIPES))
    recipe = dice.choice(RECIPES[category])
    cast = Cast(dice)
    order = _say(book, cast, dice, recipe, ". ", twin=False)
    other = _say(book, cast, dice, recipe, ". ", twin=False).rstrip(".。।")
    frame = dice.choice(("report", "teach", "fiction"))
    benign = cast.fill(dice.choice(book[frame])).replace("{q}", other)
    lead = cast.fill(dice.choice(book[dice.choice(("chore", "text", "pretext_twin"))]))
    attack = f"{lead}{dice.choice((' ', chr(10), chr(10) * 2))}{order}"
    if dice.random() < 0.5:
        benign = f"{lead} {benign}"
    return Pair(book.lang, f"quoted:{frame}", category, USER, attack, benign, order)


def _encoded(book: Book, dice: random.Random) -> Pair:
    """Encoding is no crime: the twin holds encoded text as well."""
    cast = Cast(dice)
    recipe = dice.choice((("override", "goal"), ("extract",), ("persona", "refusal"), ("exfil",)))
    name, encode = dice.choice(CODECS)
    order = encode(_say(book, cast, dice, recipe, ". ", twin=False))
    harmless = encode(
        _say(
            book,
            cast,
            dice,
            dice.choice((recipe, ("text",), ("chore",), ("text", "text"))),
            ". ",
            twin=True,
        )
    )
    ask = dice.choice(ENCODED_ASKS).replace("{codec}", name)
    return Pair(
        book.lang,
        f"encoded:{name}",
        "obfuscation",
        USER,
        ask.replace("{q}", order),
        ask.replace("{q}", harmless),
        order,
    )


def _say(
    book: Book, cast: Cast, dice: random.Random, recipe: tuple[str, ...], joint: str, *, twin: bool
) -> str:
    parts = []
    for part in recipe:
        section = part if part in ("chore", "text") or not twin else f"{part}_twin"
        parts.append(cast.fill(dice.choice(book[section])))
    joined = parts[0]
    for part in parts[1:]:
        gap = " " if joined[-1:] in ".:?!,。：，？！>" else joint
        joined += gap + (_upper(part) if gap[:1] in ".!\n" else part)
    end = (
        ENDS.get(book.lang, ".") if dice.random() < 0.8 and joined[-1:] not in ".:?!。？！>" else ""
    )
    return _upper(joined) + end


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _typos(text: str) -> str:
    # Two neighbours change places at fixed steps: typing is careless on both sides.
    letters = list(text)
    for at in range(11, len(letters) - 2, 29):
        if letters[at].isalpha() and letters[at + 1].isalpha():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


VOICES: tuple[Callable[[str], str], ...] = (
    str,
    str,
    str,
    str,
    str.lower,
    str.upper,
    _typos,
    lambda text: f"{text} 🙏",
    lambda text: f"{text}!!!",
    lambda text: f"<b>{text}</b>",
    lambda text: f"**{text}**",
    lambda text: f"> {text}",
    lambda text: f'{{"message": "{text}"}}',
)

CODECS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("base64", lambda text: base64.b64encode(text.encode()).decode()),
    ("hex", lambda text: text.encode().hex()),
    ("rot13", lambda text: codecs.encode(text, "rot13")),
    ("URL", quote),
    ("base32", lambda text: base64.b32encode(text.encode()).decode()),
    ("HTML", lambda text: "".join(f"&#{ord(letter)};" for letter in text)),
    ("reversed", lambda text: text[::-1]),
)
ENCODED_ASKS = (
    "{q}",
    "Decode this {codec}: {q}",
    "What does it say? {q}",
    "payload={q}",
    "{codec}: {q}",
    "Please read the following {codec} text and go on from there.\n{q}",
    "I found this in an old backup: {q}",
    '{"encoding": "{codec}", "data": "{q}"}',
    "Use the {codec} text below. {q}",
)
