"""Reads the phrase books: one file a language, sections of orders, each order above its twin.

A book is data in our own words. A line that begins with `~` is the harmless twin of the line above
it: the same words and topic, but nothing is ordered of a model against those it serves. `{a|b}`
offers a choice; when an order and its twin offer as many, both take the same one. `{word}` and the
like are filled with the cast of the scene.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "grammar"

# Sections of orders, each with twins.
PAIRED = (
    "override",
    "goal",
    "harm",
    "extract",
    "persona",
    "refusal",
    "comply",
    "forged",
    "authority",
    "hypothetical",
    "crescendo",
    "exfil_link",
    "exfil_image",
    "exfil_tool",
    "tool",
    "memory",
    "hide",
    "address",
    # What an order looks like that was written for one kind of carrier.
    "mail",
    "page",
    "ticket",
    "code",
    "record",
    "log",
    "resume",
    "calendar",
    "alt",
    # Frames around an order: the same frame orders, or asks and tells about it.
    "frame",
    "translation",
    "split",
    "encoded",
)
# Without these a book is none; a young one may lack others and goes without their families.
CORE = ("override", "goal", "extract", "hide", "address")
# Said on both sides alike, or around a quoted order.
PLAIN = ("report", "teach", "fiction", "chore", "text")
# One line, parted by bars.
LISTS = ("labels", "roles", "name", "place", "day", "word", "hello")
SLOTS = ("word", "name", "num", "url", "mail", "file", "place", "day", "time")
FILLED_LATER = ("q", "a", "b", "codec")
CHOICES_MAX = 16

_SLOT = re.compile(r"\{(" + "|".join(SLOTS) + r")\}")
_CHOICE = re.compile(r"\{((?:[^{}]|\{\w+\})*\|(?:[^{}]|\{\w+\})*)\}")
_SPACES = re.compile(r" {2,}")
_HOSTS = (
    *("harbor-desk", "quickparts", "greenmill", "northpost", "cloudbarn", "tealshop", "papermoon"),
    *("dataferry", "oakline", "mintlab", "rivertax", "bluekiln", "sundepot", "fernbank", "kitehub"),
    *(
        "slatehouse",
        "orchid-mail",
        "pinecall",
        "lumen-cdn",
        "stonebridge",
        "wavecrate",
        "hexgarden",
    ),
)
_ENDS = ("example", "test", "invalid", "example.org", "example.net", "example.com")
_PATHS = (
    *("", "/c", "/docs/start", "/log", "/v1/items", "/help", "/news/april", "/collect", "/img.png"),
    *("/t/9f2", "/p", "/track/open", "/hook", "/in", "/a/b", "/forms/12", "/pixel", "/s", "/kb/88"),
)
_BOXES = (
    *("ops", "info", "drop", "team", "kim", "archive", "sales", "m.berg", "office", "backup"),
    *("press", "j.alvarez", "billing", "audit", "inbox", "report", "desk7", "r.tanaka", "box"),
)
_FILES = (
    *(
        "~/.ssh/id_rsa",
        ".env",
        "secrets.yaml",
        "notes.txt",
        "config/app.toml",
        "~/.aws/credentials",
    ),
    *("users.csv", "wallet.json", "payroll.xlsx", "~/.netrc", "db.sqlite", "settings.ini"),
    *(
        "tokens.json",
        "contacts.vcf",
        "customers.parquet",
        "~/.kube/config",
        "id_ed25519",
        "keys.pem",
    ),
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """An order and the harmless lines that match it."""

    order: str
    twins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """The phrases of one language, by section."""

    lang: str
    paired: dict[str, tuple[Phrase, ...]]
    plain: dict[str, tuple[str, ...]]
    lists: dict[str, tuple[str, ...]]

    def has(self, *sections: str) -> bool:
        """Whether the book knows all of these sections of orders or of plain lines."""
        return all(section in self.paired or section in self.plain for section in sections)


def load() -> list[Book]:
    """All phrase books, in order of their names."""
    return [_read(path) for path in sorted(FOLDER.glob("*.txt"))]


def _read(path: Path) -> Book:
    book = Book(path.stem, {}, {}, {})
    section = ""
    found: dict[str, list[str]] = {}
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("# "):
            continue
        if re.fullmatch(r"\[\w+\]", line):
            section = line[1:-1]
            if section not in (*PAIRED, *PLAIN, *LISTS):
                raise ValueError(f"{path.name}:{number}: unknown section `{section}`")
            found.setdefault(section, [])
        else:
            _check(f"{path.name}:{number}", line)
            found[section].append(line)
    for name, lines in found.items():
        if name in LISTS:
            book.lists[name] = tuple(part.strip() for part in lines[0].split("|"))
        elif name in PLAIN:
            book.plain[name] = tuple(lines)
        else:
            book.paired[name] = _phrases(f"{path.name} [{name}]", lines)
    missing = sorted({*CORE, *PLAIN, *LISTS} - {name for name in found if found[name]})
    if missing:
        raise ValueError(f"{path.name}: missing or empty sections {missing}")
    return book


def _check(where: str, line: str) -> None:
    bare = _CHOICE.sub(lambda match: match.group(1), line)
    for name in (*SLOTS, *FILLED_LATER):
        bare = bare.replace("{" + name + "}", "")
    if "{" in bare or "}" in bare or len(_CHOICE.findall(line)) > CHOICES_MAX:
        raise ValueError(f"{where}: unknown slot or too many choices in `{line}`")


def _phrases(where: str, lines: list[str]) -> tuple[Phrase, ...]:
    phrases: list[Phrase] = []
    for line in lines:
        if not line.startswith("~"):
            phrases.append(Phrase(line, ()))
        elif phrases:
            last = phrases[-1]
            phrases[-1] = Phrase(last.order, (*last.twins, line[1:].strip()))
        else:
            raise ValueError(f"{where}: a twin without an order: `{line}`")
    alone = [phrase.order for phrase in phrases if not phrase.twins]
    if alone:
        raise ValueError(f"{where}: no twin for `{alone[0]}`")
    return tuple(phrases)


class Cast:
    """The people, places and words of one scene, the same on both sides of a pair."""

    def __init__(self, book: Book, dice: random.Random) -> None:
        site = dice.choice(_HOSTS)
        tail = dice.choice(("", "-" + str(dice.randrange(2, 99))))
        host = f"{site}{tail}.{dice.choice(_ENDS)}"
        self.slots = {
            "num": f"{dice.randrange(100, 999)} {dice.randrange(1000, 9999)}"
            if dice.random() < 0.6
            else str(dice.randrange(11, 9999)),
            "url": f"https://{host}{dice.choice(_PATHS)}",
            "mail": f"{dice.choice(_BOXES)}@{host}",
            "file": dice.choice(_FILES),
            "time": f"{dice.randrange(7, 21)}:{dice.choice(('00', '15', '30', '45'))}",
        }
        for name in ("word", "name", "place", "day"):
            self.slots[name] = dice.choice(book.lists[name])

    def fill(self, phrase: str, draws: list[float]) -> str:
        """Makes the choices of a phrase by the draws, and puts the cast into it."""
        at = iter(draws)

        def chosen(match: re.Match[str]) -> str:
            options = match.group(1).split("|")
            return options[int(next(at) * len(options))]

        made = _SLOT.sub(lambda match: self.slots[match.group(1)], _CHOICE.sub(chosen, phrase))
        return _SPACES.sub(" ", made).strip()


def draw(dice: random.Random) -> list[float]:
    """One lot for every choice that a phrase may offer."""
    return [dice.random() for _ in range(CHOICES_MAX)]
