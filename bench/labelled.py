"""Reads labelled texts from plain files that a person can review.

    # a note
    == attack indirect_injection retrieval
    - one text, on one line
    - another one
      that goes on
      over more lines
    == benign everyday user
    - What does {{base64:see you at the lake}} mean?

A heading gives the label, the kind (of an attack its category) and the origin of the texts below
it. `{{base64:…}}` stands for the text in that disguise. In files that are read with slots,
`{a|b|c}` stands for one of several wordings, and each text for as many as its longest slot has.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aidefence import Category, Origin

_HEADING = re.compile(r"== (attack|benign) ([a-z_]+) ([a-z]+)")
_DISGUISE = re.compile(r"\{\{([a-z0-9]+):(.*?)\}\}", re.DOTALL)
_SLOT = re.compile(r"\{([^{}|\n]*(?:\|[^{}|\n]*)+)\}")
_LEET = str.maketrans("aeiost", "431057")
_CYRILLIC = str.maketrans("aceopxyi", "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456")

DISGUISES: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "reversed": lambda text: text[::-1],
    "spaced": " ".join,
    "leet": lambda text: text.translate(_LEET),
    "cyrillic": lambda text: text.translate(_CYRILLIC),
    # Tag characters, which no screen shows.
    "invisible": lambda text: "".join(chr(0xE0000 + ord(it)) for it in text),
    "zerowidth": "\u200b".join,
}


class LabelledError(ValueError):
    """A file is not what it should be; the message starts with file and line."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text of which we know what it is."""

    text: str
    attack: bool
    kind: str
    lang: str
    origin: Origin

    @property
    def id(self) -> str:
        """A name that stays the same as long as the text does."""
        digest = hashlib.blake2b(self.text.encode(), digest_size=4).hexdigest()
        return f"{self.lang}-{self.kind}-{digest}"


def read_folder(folder: Path, *, slots: bool = False) -> list[Labelled]:
    """Read all files of a folder; the name of each is its language.

    Raises:
        LabelledError: a file is broken, or a text is there twice.

    """
    found = [it for path in sorted(folder.glob("*.txt")) for it in read(path, slots=slots)]
    seen: set[str] = set()
    for one in found:
        key = " ".join(one.text.casefold().split())
        if key in seen:
            raise LabelledError(f"{folder}/{one.lang}.txt: twice: {one.text[:60]!r}")
        seen.add(key)
    return found


def read(path: Path, *, slots: bool = False) -> Iterator[Labelled]:
    """Read one file.

    Raises:
        LabelledError: with file and line, where the format is broken.

    """
    for heading, text, place in _items(path):
        label, kind, origin = heading
        if label == "attack" and kind not in list(Category):
            raise LabelledError(f"{place}: `{kind}` is no category")
        if origin not in list(Origin):
            raise LabelledError(f"{place}: `{origin}` is no origin")
        for version in _versions(text) if slots else [text]:
            plain = _disguised(version, place)
            yield Labelled(plain, label == "attack", kind, path.stem, Origin(origin))


def _items(path: Path) -> Iterator[tuple[tuple[str, str, str], str, str]]:
    heading: tuple[str, str, str] | None = None
    lines: list[str] = []
    place = ""
    for number, line in enumerate([*path.read_text("utf-8").splitlines(), "== end"], 1):
        if lines and line.startswith(("- ", "== ", "#")):
            assert heading is not None
            yield heading, "\n".join(lines).rstrip(), place
            lines = []
        if line.startswith("== ") and line != "== end":
            matched = _HEADING.fullmatch(line)
            if matched is None:
                raise LabelledError(f"{path}:{number}: expected `== attack|benign kind origin`")
            heading = (matched[1], matched[2], matched[3])
        elif line.startswith("- ") and heading is not None:
            lines, place = [line[2:]], f"{path}:{number}"
        elif lines and (line.startswith("  ") or not line):
            lines.append(line[2:])
        elif line and line != "== end" and not line.startswith("#"):
            raise LabelledError(f"{path}:{number}: neither heading, text nor note")


def _versions(text: str) -> list[str]:
    slots = list(dict.fromkeys(_SLOT.findall(text)))
    count = max((slot.count("|") + 1 for slot in slots), default=1)
    return [_version(text, slots, at) for at in range(count)]


def _version(text: str, slots: list[str], number: int) -> str:
    return _SLOT.sub(lambda it: _chosen(slots, it[1], number), text)


def _chosen(slots: list[str], slot: str, number: int) -> str:
    # Each slot starts one further on, so that equal lengths do not always meet the same way; a slot
    # that comes back says the same again.
    options = slot.split("|")
    return options[(number + slots.index(slot)) % len(options)]


def _disguised(text: str, place: str) -> str:
    unknown = {name for name, _ in _DISGUISE.findall(text)} - set(DISGUISES)
    if unknown:
        raise LabelledError(f"{place}: `{min(unknown)}` is no disguise: {', '.join(DISGUISES)}")
    return _DISGUISE.sub(lambda it: DISGUISES[it[1]](it[2]), text)
