"""The written corpus: texts written one by one, each attack beside its harmless twin.

A file under `training/corpus/` is plain text that a person can read and review:

    # anything behind a hash before the first entry is a note
    === de document indirect_injection mail-from-a-landlord
    +++
    the attack, as many lines as it takes
    ---
    the twin: same scene, same words, no attack

An entry opens with `===`, the language (ISO 639-1), the origin, the category of the attack and the
name of its scene, which no other entry has. `+++` opens the attack, `---` the twin; either may
stand alone. A line of a text that would look like one of these is written with a backslash before
it.

`python -m training.written [FILES…]` checks files and prints what they hold.
"""

from __future__ import annotations

import math
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from training import data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

CORPUS = data.REPOSITORY / "training" / "corpus"
HELD_OUT = CORPUS / "held_out"
# Plain requests, harmless all of them; the other files hold pairs.
EVERYDAY = ("everyday.txt", "plain.txt")
ORIGINS = ("user", "assistant", "system", "document", "tool_result", "tool_definition")
LICENCE = "Apache-2.0"
ESCAPED = ("\\===", "\\+++", "\\---")
SCENE = re.compile(r"^[a-z0-9][a-z0-9-]{2,60}$")
LANGUAGE = re.compile(r"^[a-z]{2,3}$")


class WrittenError(ValueError):
    """A file of the corpus is not what it should be; the message starts with file and line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A scene: an attack, its twin, or one of them."""

    lang: str
    origin: str
    category: str
    scene: str
    attack: str | None
    benign: str | None
    place: str


def read(path: Path) -> list[Entry]:
    """The entries of one file.

    Raises:
        WrittenError: with file and line, where the format is broken.

    """
    found: list[Entry] = []
    head: tuple[str, str, str, str, int] | None = None
    halves: dict[str, list[str]] = {}
    half: list[str] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("==="):
            if head:
                found.append(_entry(path, head, halves))
            head, halves, half = (*_head(path, number, line), number), {}, None
        elif line.rstrip() in ("+++", "---"):
            marker = line.rstrip()
            if head is None or marker in halves:
                raise WrittenError(f"{path}:{number}: '{marker}' out of place")
            half = halves[marker] = []
        elif half is not None:
            half.append(line[1:] if line.startswith(ESCAPED) else line)
        elif line.strip() and not (head is None and line.startswith("#")):
            raise WrittenError(f"{path}:{number}: text before '+++' or '---'")
    if head:
        found.append(_entry(path, head, halves))
    return found


def _head(path: Path, number: int, line: str) -> tuple[str, str, str, str]:
    parts = line[3:].split()
    if len(parts) != 4:
        raise WrittenError(f"{path}:{number}: expected '=== language origin category scene'")
    lang, origin, category, scene = parts
    if not LANGUAGE.match(lang):
        raise WrittenError(f"{path}:{number}: '{lang}' is no language code")
    if origin not in ORIGINS:
        raise WrittenError(f"{path}:{number}: origin '{origin}' is none of {', '.join(ORIGINS)}")
    if category not in data.CATEGORIES:
        raise WrittenError(
            f"{path}:{number}: category '{category}' is none of {', '.join(data.CATEGORIES)}"
        )
    if not SCENE.match(scene):
        raise WrittenError(f"{path}:{number}: scene '{scene}' is not lower-case-words-with-hyphens")
    return lang, origin, category, scene


def _entry(path: Path, head: tuple[str, str, str, str, int], halves: dict[str, list[str]]) -> Entry:
    lang, origin, category, scene, number = head
    texts = {marker: "\n".join(lines).strip() for marker, lines in halves.items()}
    if not texts or not all(texts.values()):
        raise WrittenError(f"{path}:{number}: scene '{scene}' has an empty half or none")
    return Entry(
        lang, origin, category, scene, texts.get("+++"), texts.get("---"), f"{path.name}:{number}"
    )


def read_all(paths: Iterable[Path]) -> list[Entry]:
    """The entries of many files.

    Raises:
        WrittenError: where a file is broken, or two entries share a scene or a text.

    """
    entries = [entry for path in sorted(paths) for entry in read(path)]
    seen: dict[str, str] = {}
    for entry in entries:
        for key in (f"scene {entry.scene}", entry.attack, entry.benign):
            if key is None:
                continue
            other = seen.setdefault(" ".join(key.lower().split()), entry.place)
            if other != entry.place or (key == entry.benign and entry.attack == entry.benign):
                raise WrittenError(f"{entry.place}: the same as in {other}: {key[:60]!r}")
    return entries


def records(paths: Iterable[Path]) -> Iterator[data.Record]:
    """Both halves of every entry as training records; a file is a source of its own."""
    for entry in read_all(paths):
        source = "corpus_" + entry.place.split(":")[0].removesuffix(".txt").replace("-", "_")
        for attack, text in ((True, entry.attack), (False, entry.benign)):
            if text is not None:
                yield data.Record(
                    id=f"{entry.scene}-{'a' if attack else 'b'}",
                    text=text,
                    attack=attack,
                    category=entry.category if attack else "benign_hard",
                    source=source,
                    lang=entry.lang,
                    licence=LICENCE,
                    origin=data.ORIGIN_OF_ROLE[entry.origin],
                    injection=None,
                    pair=entry.scene if entry.attack and entry.benign else None,
                )


def tells(entries: Sequence[Entry], limit: int = 12) -> dict[str, list[tuple[str, int, int]]]:
    """Words that give a side away: those in far more attacks than twins, and the other way round.

    Each comes with the number of attacks and of twins that hold it, sorted by the log of the odds.
    """
    attacks: Counter[str] = Counter()
    twins: Counter[str] = Counter()
    for entry in entries:
        if entry.attack and entry.benign:
            attacks.update(_words(entry.attack))
            twins.update(_words(entry.benign))
    words = [word for word in attacks | twins if attacks[word] + twins[word] >= 8]
    odds = {word: math.log((attacks[word] + 1) / (twins[word] + 1)) for word in words}
    ranked = sorted(words, key=lambda word: (odds[word], word))
    counted = [(word, attacks[word], twins[word]) for word in ranked]
    return {"attack": counted[::-1][:limit], "benign": counted[:limit]}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _links(texts: Iterable[str]) -> int:
    return sum("http" in text or "](" in text for text in texts)


def _main(paths: list[Path]) -> int:
    try:
        entries = read_all(paths or [*CORPUS.glob("*.txt"), *HELD_OUT.glob("*.txt")])
    except (OSError, UnicodeDecodeError, WrittenError) as error:
        print(error, file=sys.stderr)
        return 2
    pairs = [(entry.attack, entry.benign) for entry in entries if entry.attack and entry.benign]
    attacks = sum(entry.attack is not None for entry in entries)
    print(
        f"{len(entries)} scenes, {len(pairs)} pairs, {attacks} attacks, "
        f"{sum(entry.benign is not None for entry in entries)} harmless texts"
    )
    for name in ("lang", "origin", "category"):
        counted = Counter(str(getattr(entry, name)) for entry in entries)
        print(f"{name}: " + ", ".join(f"{key} {count}" for key, count in counted.most_common()))
    if pairs:
        ratio = math.exp(sum(math.log(len(a) / len(b)) for a, b in pairs) / len(pairs))
        print(
            f"attack is {ratio:.2f} times as long as its twin (geometric mean); "
            f"links {_links(a for a, _ in pairs)} : {_links(b for _, b in pairs)}"
        )
        for side, words in tells(entries).items():
            print(f"tells of {side}: " + ", ".join(f"{word} {a}:{b}" for word, a, b in words))
    return 0


if __name__ == "__main__":
    sys.exit(_main([Path(given) for given in sys.argv[1:]]))
