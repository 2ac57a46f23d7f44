"""Puts phrases together to attacks and their twins.

Both halves of a pair share the cast, the carrier, the layout and the topic; only what is asked of
whom differs. The halves are drawn with the same lots so that length and form tell nothing.
"""

# ruff: noqa: RUF001 - full-width marks end sentences too

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from training.generator.carriers import CARRIERS, USER
from training.generator.grammar import Book, Cast, draw, load
from training.generator.obfuscation import BARE, CODECS, LATIN_ONLY
from training.generator.recipes import FAMILIES, Family, Recipe

# Text that is foreign to Latin-letter codecs comes out as it went in.
LATIN_SHARE = 0.7
QUOTED_SHARE = 0.16
SHORT_TWIN_SHARE = 0.12
CARRIED_SHARE = 0.6
ENDS = {"ja": "。", "zh": "。", "hi": "।", "bn": "।", "th": ""}
JOINTS = {
    "ja": ("。", "、", "\n", "。", "！"),
    "zh": ("。", "，", "\n", "。", "；", "！"),
    "th": (" ", "\n", " ", " "),
    "hi": ("। ", ", ", "\n", "। ", " - "),
    "bn": ("। ", ", ", "\n", "। ", " - "),
    "ar": (". ", "، ", "\n", ". ", "؛ "),
    "fa": (". ", "، ", "\n", ". ", "؛ "),
}
JOINTS_ELSE = (". ", ", ", "\n", ". ", " - ", "; ", "! ", "... ")
CLOSED = ".:?!,。：，、；！？…>؟،؛।;"
UNSPACED = {"ja", "zh"}

Halves = tuple[str, str]


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
        families = told(book)
        shares = [family.share for family in families.values()]
        seen: set[str] = set()
        for name in dice.choices(list(families), shares, k=count):
            pair = MAKERS[families[name].maker](name, families[name], Teller(book, dice))
            if pair.attack not in seen and pair.benign not in seen and pair.attack != pair.benign:
                seen.update((pair.attack, pair.benign))
                yield pair


def told(book: Book) -> dict[str, Family]:
    """The families that a book has words for."""
    families: dict[str, Family] = {}
    for name, family in FAMILIES.items():
        recipes = tuple(recipe for recipe in family.recipes if book.has(*recipe, *family.sections))
        if recipes:
            families[name] = replace(family, recipes=recipes)
    return families


class Teller:
    """Says both halves of one scene with the same lots."""

    def __init__(self, book: Book, dice: random.Random) -> None:
        self.book = book
        self.dice = dice
        self.cast = Cast(book, dice)

    def part(self, section: str) -> Halves:
        """A phrase of a section and its twin; what is said on both sides alike is its own twin."""
        if section in self.book.plain:
            line = self.cast.fill(self.dice.choice(self.book.plain[section]), draw(self.dice))
            return line, line
        phrase = self.dice.choice(self.book.paired[section])
        lots, twin = draw(self.dice), self.dice.choice(phrase.twins)
        return self.cast.fill(phrase.order, lots), self.cast.fill(twin, lots)

    def say(self, recipe: Recipe) -> Halves:
        """The parts of a recipe in a row."""
        parts = [self.part(section) for section in recipe]
        joint = self.dice.choice(JOINTS.get(self.book.lang, JOINTS_ELSE))
        end = ENDS.get(self.book.lang, ".") if self.dice.random() < 0.75 else ""
        attack, benign = (self._join([part[side] for part in parts], joint, end) for side in (0, 1))
        # Some twins are just one part with a plain request behind it, as people write.
        if len(recipe) == 2 and self.dice.random() < SHORT_TWIN_SHARE:
            parts = [self.dice.choice(parts), self.part("chore")]
            benign = self._join([part[1] for part in parts], joint, end)
        return attack, benign

    def quote(self, recipe: Recipe) -> Halves:
        """One side gives an order for real; the other tells, teaches or asks about one like it."""
        order = self.say(recipe)[0]
        if self.book.has("frame") and self.dice.random() < 0.5:
            live, asked = self.part("frame")
            return live.replace("{q}", order), asked.replace("{q}", order)
        other = self.say(recipe)[0]
        quoted = self.part(self.dice.choice(("report", "teach", "fiction")))[0]
        lead = self.part(self.dice.choice(("chore", "text")))[0]
        gap = self.dice.choice((" ", "\n", "\n\n"))
        return f"{lead}{gap}{order}", quoted.replace("{q}", other.rstrip(".。।"))

    def halves(self, recipe: Recipe) -> Halves:
        """Both halves, now and then as a quotation."""
        return self.quote(recipe) if self.dice.random() < QUOTED_SHARE else self.say(recipe)

    def _join(self, parts: list[str], joint: str, end: str) -> str:
        joined = parts[0]
        for part in parts[1:]:
            if joined[-1:] in CLOSED:
                joined += ("" if self.book.lang in UNSPACED else " ") + part
            else:
                joined += joint + (_upper(part) if joint[:1] in ".!\n" else part)
        return _upper(joined) + ("" if joined[-1:] in CLOSED else end)


def _direct(name: str, family: Family, teller: Teller) -> Pair:
    halves = teller.halves(teller.dice.choice(family.recipes))
    voice = teller.dice.choice(VOICES)
    hello = teller.dice.choice(teller.book.lists["hello"]) if teller.dice.random() < 0.15 else ""
    attack, benign = (voice(f"{hello} {half}".strip()) for half in halves)
    return Pair(teller.book.lang, name, family.category, USER, attack, benign, attack)


def _carried(name: str, family: Family, teller: Teller) -> Pair:
    recipe = teller.dice.choice(family.recipes)
    order, harmless = teller.halves(recipe)
    carrier, origin = CARRIERS[teller.dice.choice(family.carriers)]
    state = teller.dice.getrandbits(64)
    attack, benign = (
        carrier(teller.book, teller.cast, random.Random(state), line) for line in (order, harmless)
    )
    category = family.category
    if category == "indirect_injection":
        kinds = {part.split("_", 1)[0] for part in recipe}
        category = (
            "tool_abuse"
            if kinds & {"tool", "memory"}
            else "data_exfiltration"
            if "exfil" in kinds
            else category
        )
    return Pair(teller.book.lang, name, category, origin, attack, benign, order)


def _anywhere(name: str, family: Family, teller: Teller) -> Pair:
    maker = _carried if teller.dice.random() < CARRIED_SHARE else _direct
    return maker(name, family, teller)


def _dialogue(name: str, family: Family, teller: Teller) -> Pair:
    turns = [teller.part(section) for section in teller.dice.choice(family.recipes)]
    if teller.dice.random() < 0.5:
        turns = [teller.part("chore"), teller.part("text"), *turns]
    layout = teller.dice.choice(DIALOGUES)
    roles = teller.book.lists["roles"]
    attack, benign = (layout([_upper(turn[side]) for turn in turns], roles) for side in (0, 1))
    return Pair(teller.book.lang, name, family.category, USER, attack, benign, attack)


def _shots(name: str, family: Family, teller: Teller, least: int = 2, most: int = 4) -> Pair:
    dice = teller.dice
    ask, answer = dice.choice(family.recipes)
    mark, reply = dice.choice((("Q:", "A:"), ("1>", "2>"), ("-", "=>"), ("in:", "out:"), ("#", "")))
    if dice.random() < 0.4:
        mark, reply = (f"{role}:" for role in teller.book.lists["roles"][:2])
    # An example of the wanted answer, again and again; the last question waits for one.
    rows = [
        (teller.part(ask), teller.part(answer if dice.random() < 0.8 else "text"))
        for _ in range(dice.randint(least, most))
    ]
    last = teller.part(ask)
    attack, benign = (
        "\n".join(
            [f"{mark} {_upper(q[side])}\n{reply} {_upper(a[side])}".strip() for q, a in rows]
            + [f"{mark} {_upper(last[side])}\n{reply}".strip()]
        )
        for side in (0, 1)
    )
    return Pair(teller.book.lang, name, family.category, USER, attack, benign, attack)


def _many_shots(name: str, family: Family, teller: Teller) -> Pair:
    return _shots(name, family, teller, 8, 14)


def _framed(name: str, family: Family, teller: Teller) -> Pair:
    order, harmless = teller.say(teller.dice.choice(family.recipes))
    live, plain = teller.part(family.sections[0])
    attack, benign = live.replace("{q}", order), plain.replace("{q}", harmless)
    return Pair(teller.book.lang, name, family.category, USER, attack, benign, order)


def _split(name: str, family: Family, teller: Teller) -> Pair:
    halves = teller.say(teller.dice.choice(family.recipes))
    frames = teller.part(family.sections[0])
    at = teller.dice.uniform(0.3, 0.7)
    attack, benign = (
        frame.replace("{a}", text[: int(len(text) * at)]).replace(
            "{b}", text[int(len(text) * at) :]
        )
        for frame, text in zip(frames, halves, strict=True)
    )
    return Pair(teller.book.lang, name, family.category, USER, attack, benign, attack)


def _coded(name: str, family: Family, teller: Teller) -> Pair:
    """Encoding is no crime: the twin holds encoded text as well."""
    dice = teller.dice
    order, harmless = teller.say(dice.choice(family.recipes))
    letters = sum(letter.isascii() for letter in order) / len(order)
    codec, encode = dice.choice(
        [row for row in CODECS if letters > LATIN_SHARE or row[0] not in LATIN_ONLY]
    )
    frames = teller.part(family.sections[0])
    if dice.random() < 0.3:
        bare = dice.choice(BARE)
        frames = bare, bare
    attack, benign = (
        frame.replace("{codec}", codec).replace("{q}", encode(text))
        for frame, text in zip(frames, (order, harmless), strict=True)
    )
    return Pair(teller.book.lang, name, family.category, USER, attack, benign, encode(order))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _typos(text: str) -> str:
    # Two neighbours change places at fixed steps: typing is careless on both sides.
    letters = list(text)
    for at in range(11, len(letters) - 2, 29):
        if letters[at].isalpha() and letters[at + 1].isalpha():
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def _dropped(text: str) -> str:
    # Letters that a hurried thumb leaves out.
    return "".join(letter for at, letter in enumerate(text) if at % 37 != 23 or letter == " ")


def _plainly(turns: list[str], roles: tuple[str, ...]) -> str:
    return "\n".join(f"{roles[at % 2]}: {turn}" for at, turn in enumerate(turns))


def _bold(turns: list[str], roles: tuple[str, ...]) -> str:
    return "\n\n".join(f"**{roles[at % 2]}**\n{turn}" for at, turn in enumerate(turns))


def _tokens(turns: list[str], _roles: tuple[str, ...]) -> str:
    sides = ("user", "assistant")
    return "\n".join(
        f"<|im_start|>{sides[at % 2]}\n{turn}<|im_end|>" for at, turn in enumerate(turns)
    )


def _messages(turns: list[str], _roles: tuple[str, ...]) -> str:
    sides = ("user", "assistant")
    rows = [{"role": sides[at % 2], "content": turn} for at, turn in enumerate(turns)]
    return json.dumps(rows, ensure_ascii=False)


def _export(turns: list[str], roles: tuple[str, ...]) -> str:
    return "\n".join(f"[10:{at + 11}] {roles[at % 2]} > {turn}" for at, turn in enumerate(turns))


DIALOGUES: tuple[Callable[[list[str], tuple[str, ...]], str], ...] = (
    *(_plainly, _plainly, _bold),
    *(_tokens, _messages, _export),
)
VOICES: tuple[Callable[[str], str], ...] = (
    *(str,) * 8,
    *(str.lower,) * 2,
    str.upper,
    _typos,
    _dropped,
    lambda text: f"{text} 🙏",
    lambda text: f"{text} 😅😅",
    lambda text: f"{text}!!!",
    lambda text: f"{text} thx",
    lambda text: f"<b>{text}</b>",
    lambda text: f"**{text}**",
    lambda text: f"> {text}",
    lambda text: f"```\n{text}\n```",
    lambda text: f"1) {text}",
    lambda text: f'"{text}"',
    lambda text: json.dumps({"message": text}, ensure_ascii=False),
)
MAKERS: dict[str, Callable[[str, Family, Teller], Pair]] = {
    "direct": _direct,
    "carried": _carried,
    "anywhere": _anywhere,
    "dialogue": _dialogue,
    "shots": _shots,
    "many_shots": _many_shots,
    "framed": _framed,
    "split": _split,
    "coded": _coded,
}
