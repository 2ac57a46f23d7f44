"""The pieces that a normalised text is cut into, their scores, and what they stood for in the base.

The pieces of the base know case and accents; the engine's texts have neither any more. Pieces that
become the same when normalised are one piece here. Whole words that the base splits and our texts
use often become pieces too.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aidefence.engine import normalize
from training.encoder import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from training.encoder.base import Base

UNKNOWN = 0
UNKNOWN_NAME = "<unk>"
# The penalty of a character that no piece knows, below the least score of all.
UNKNOWN_PENALTY = 10.0
SPACE = vocabulary.SPACE
# Characters of a word, with the mark before it, that are looked at in one go.
CHUNK = 48
# What Unicode calls white space, and the mark itself, which would pass for a beginning.
WHITE = re.compile(r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2581]+")
BYTES_MAX = 64
WORD = re.compile(r"[^\W\d_]{3,24}")
VARIANTS_MAX = 3


@dataclass(slots=True)
class Piece:
    """How likely a piece is, and the texts of the base that it stands for, likeliest first."""

    chance: float = 0.0
    surfaces: list[tuple[str, float]] = field(default_factory=list)


def prepare(text: str) -> str:
    """A text as it is cut: normalised, with one space between words."""
    return WHITE.sub(" ", normalize(vocabulary.usable(text))).strip(" ")


def fits(name: str) -> bool:
    """Whether the engine takes a piece of this length."""
    return len(name.encode()) <= BYTES_MAX and len(name) <= CHUNK


def fold(base: Base) -> dict[str, Piece]:
    """All pieces of the base as the engine's texts have them."""
    found: dict[str, Piece] = {}
    for name, score in zip(base.pieces, base.scores.tolist(), strict=True):
        if name in vocabulary.SPECIALS:
            continue
        mark, body = (SPACE, name[1:]) if name.startswith(SPACE) else ("", name)
        folded = normalize(body) if body else ""
        if (body and not folded) or WHITE.search(folded) or not fits(mark + folded):
            continue
        piece = found.setdefault(mark + folded, Piece())
        piece.chance += math.exp(score)
        piece.surfaces.append((name, math.exp(score)))
    for piece in found.values():
        piece.surfaces = sorted(piece.surfaces, key=lambda it: -it[1])[:VARIANTS_MAX]
    return found


def add_words(
    found: dict[str, Piece], cut: Tokenizer, texts: Sequence[str], sources: Sequence[str], most: int
) -> None:
    """Adds words that several sources use and that are cut to parts otherwise."""
    counts: Counter[str] = Counter()
    users: defaultdict[str, set[str]] = defaultdict(set)
    for text, source in zip(texts, sources, strict=True):
        for word in set(WORD.findall(text)):
            counts[word] += 1
            users[word].add(source)
    total = sum(counts.values())
    common = [w for w, n in counts.items() if n >= 12 and len(users[w]) >= 3 and fits(SPACE + w)]
    parts = cut.encode_batch_fast(common)
    split = [w for w, it in zip(common, parts, strict=True) if len(it.ids) > 1]
    for word in sorted(split, key=lambda w: (-counts[w], w))[:most]:
        found.setdefault(SPACE + word, Piece(counts[word] / total, [(SPACE + word, 1.0)]))


def tokenizer(found: dict[str, Piece]) -> Tokenizer:
    """Cuts prepared texts; ids are places in `found`, after the unknown."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers  # noqa: PLC0415 - optional

    scores = [math.log(piece.chance) for piece in found.values()]
    # The library gives the unknown its penalty itself; the score here only must not be the least.
    # No text holds the mark inside a word, so the unknown is never found by its name.
    entries = [(UNKNOWN_NAME + SPACE, 0.0), *zip(found, scores, strict=True)]
    made = Tokenizer(models.Unigram(entries, UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(SPACE),
            pre_tokenizers.Split(Regex(f".{{1,{CHUNK}}}"), "isolated"),
        ]
    )
    return made


def cut(made: Tokenizer, prepared: Sequence[str]) -> list[list[int]]:
    """The ids of prepared texts."""
    found: list[list[int]] = []
    for at in range(0, len(prepared), vocabulary.BATCH):
        batch = made.encode_batch_fast(prepared[at : at + vocabulary.BATCH])
        found += [encoding.ids for encoding in batch]
    return found


def count(
    made: Tokenizer, prepared: Sequence[str], langs: Sequence[str]
) -> dict[str, Counter[int]]:
    """How often each piece occurs in the texts of each language."""
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for at in range(0, len(prepared), vocabulary.BATCH):
        part = slice(at, at + vocabulary.BATCH)
        for row, lang in zip(cut(made, prepared[part]), langs[part], strict=True):
            counts[lang].update(row)
    return dict(counts)


def ids(made: Tokenizer, texts: Iterable[str]) -> list[list[int]]:
    """The ids of each text as it was written."""
    return cut(made, [prepare(text) for text in texts])


def choose(found: dict[str, Piece], counts: dict[str, Counter[int]], size: int) -> dict[str, Piece]:
    """The pieces that are kept: single characters, then what our texts hold, then the commonest."""
    names = list(found)
    importance: defaultdict[str, float] = defaultdict(float)
    for counted in counts.values():
        weight = counted.total() ** (vocabulary.LANGUAGE_POWER - 1)
        for piece, count in counted.items():
            if piece != UNKNOWN:
                importance[names[piece - 1]] += weight * count
    kept = {name for name in names if len(name.lstrip(SPACE)) <= 1}
    room = size - 1
    seen = sorted(set(importance) - kept, key=lambda name: (-importance[name], name))
    kept |= set(seen[: max(0, int(room * vocabulary.SEEN_SHARE) - len(kept))])
    common = sorted(set(names) - kept, key=lambda name: (-found[name].chance, name))
    kept |= set([n for n in common if _readable(n)][: max(0, room - len(kept))])
    return {name: found[name] for name in names if name in kept}


def _readable(name: str) -> bool:
    return all(
        unicodedata.name(letter, "?").split()[0].split("-")[0] in vocabulary.SCRIPTS
        for letter in name.lstrip(SPACE)
        if letter.isalpha()
    )


def save(path: Path, found: dict[str, Piece]) -> None:
    """Pieces as JSON lines, in the order of their ids."""
    with (path / "pieces.jsonl").open("w", encoding="utf-8") as lines:
        for name, piece in found.items():
            row = [name, piece.chance, piece.surfaces]
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def load(path: Path) -> dict[str, Piece]:
    """What `save` wrote."""
    found: dict[str, Piece] = {}
    with (path / "pieces.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            name, chance, surfaces = json.loads(line)
            found[name] = Piece(chance, [(text, weight) for text, weight in surfaces])
    return found
