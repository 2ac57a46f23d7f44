"""Reads the phrase books: one file a language, sections of phrases, `_twin` sections harmless.

A book is data in our own words. What is written in a `_twin` section talks about the same thing
with the same words, but orders nothing of a model.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "grammar"

# Sections an attack is built of; each has a twin.
ORDERS = (
    "override",
    "goal",
    "extract",
    "persona",
    "exfil",
    "tool",
    "memory",
    "refusal",
    "forged",
    "hide",
)
PAIRED = (*ORDERS, "address", "pretext")
FRAMES = ("report", "teach", "fiction")
REQUIRED = {"labels", "chore", "text", *PAIRED, *(f"{name}_twin" for name in PAIRED), *FRAMES}

_SLOT = re.compile(r"\{(word|name|num|url|mail|file)\}")

_WORDS = (
    "PINEAPPLE",
    "granted",
    "Velvet",
    "OK42",
    "moonlight",
    "BANANA",
    "yes",
    "Kestrel",
    "done",
    "ZEBRA",
    "lemon",
    "open",
)
_NAMES = (
    "Mira",
    "Otto",
    "Yusuf",
    "Chen",
    "Rosa",
    "Ivo",
    "Naima",
    "Kofi",
    "Sven",
    "Lucia",
    "Aiko",
    "Daria",
    "Tomas",
    "Leila",
    "Bruno",
    "Hana",
)
_HOSTS = (
    "harbor-desk",
    "quickparts",
    "greenmill",
    "northpost",
    "cloudbarn",
    "tealshop",
    "papermoon",
    "dataferry",
    "oakline",
    "mintlab",
)
_ENDS = ("example", "test", "invalid", "example.org", "example.net")
_PATHS = (
    "",
    "/c",
    "/docs/start",
    "/log",
    "/v1/items",
    "/help",
    "/news/april",
    "/collect",
    "/img.png",
    "/t/9f2",
)
_BOXES = ("ops", "info", "drop", "team", "kim", "archive", "sales", "m.berg", "office")
_FILES = (
    "~/.ssh/id_rsa",
    ".env",
    "secrets.yaml",
    "notes.txt",
    "config/app.toml",
    "~/.aws/credentials",
    "users.csv",
    "wallet.json",
)


@dataclass(frozen=True, slots=True)
class Book:
    """The phrases of one language, by section."""

    lang: str
    sections: dict[str, tuple[str, ...]]

    def __getitem__(self, section: str) -> tuple[str, ...]:
        return self.sections[section]


def load() -> list[Book]:
    """All phrase books, in order of their names."""
    return [_read(path) for path in sorted(FOLDER.glob("*.txt"))]


def _read(path: Path) -> Book:
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("# "):
            continue
        if re.fullmatch(r"\[\w+\]", line):
            current = sections.setdefault(line[1:-1], [])
        elif line.count("{") != len(_SLOT.findall(line)) + line.count("{q}"):
            raise ValueError(f"{path.name}:{number}: unknown slot in `{line}`")
        else:
            current.append(line)
    missing = REQUIRED - sections.keys()
    if missing:
        raise ValueError(f"{path.name}: missing sections {sorted(missing)}")
    labels = tuple(part.strip() for part in sections["labels"][0].split("|"))
    return Book(
        path.stem, {name: tuple(lines) for name, lines in sections.items()} | {"labels": labels}
    )


class Cast:
    """The people, places and words of one scene, the same on both sides of a pair."""

    def __init__(self, dice: random.Random) -> None:
        site = dice.choice(_HOSTS)
        tail = dice.choice(("", "-" + str(dice.randrange(2, 99))))
        host = f"{site}{tail}.{dice.choice(_ENDS)}"
        self.slots = {
            "word": dice.choice(_WORDS),
            "name": dice.choice(_NAMES),
            "num": f"{dice.randrange(100, 999)} {dice.randrange(1000, 9999)}"
            if dice.random() < 0.6
            else str(dice.randrange(11, 9999)),
            "url": f"https://{host}{dice.choice(_PATHS)}",
            "mail": f"{dice.choice(_BOXES)}@{host}",
            "file": dice.choice(_FILES),
        }

    def fill(self, phrase: str) -> str:
        """Puts the cast into a phrase."""
        return _SLOT.sub(lambda match: self.slots[match.group(1)], phrase)
