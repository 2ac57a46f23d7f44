"""Measures how varied the generated texts are, by side, language and family.

`python -m training.generator.diversity` prints the numbers and some samples.
"""

from __future__ import annotations

import argparse
import random
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.generator.pairs import Pair, generate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SAMPLE = 100
# A word whose share of texts differs most between the sides gives a side away.
TELLS = 12


@dataclass(frozen=True, slots=True)
class Side:
    """How varied the texts of one side are."""

    texts: int
    distinct: int
    mean_characters: float
    # Different words, and for scripts without spaces different pairs of letters.
    vocabulary: int
    # To the most similar other text of the same language in a sample; 1 means a copy.
    nearest: float
    # Between two texts of the same language drawn at random.
    similarity: float


@dataclass(frozen=True, slots=True)
class Group:
    """Both sides of some pairs."""

    attack: Side
    benign: Side


def measure(pairs: Sequence[Pair]) -> dict[str, dict[str, Group]]:
    """The numbers of all pairs, and those of each language and family."""
    return {
        "all": _grouped(pairs, lambda _: "all"),
        "language": _grouped(pairs, lambda pair: pair.lang),
        "family": _grouped(pairs, lambda pair: pair.family),
    }


def _grouped(pairs: Iterable[Pair], key: Callable[[Pair], str]) -> dict[str, Group]:
    cells: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        cells[key(pair)].append(pair)
    return {
        name: Group(
            _side([(pair.lang, pair.attack) for pair in cell]),
            _side([(pair.lang, pair.benign) for pair in cell]),
        )
        for name, cell in sorted(cells.items())
    }


def _side(texts: Sequence[tuple[str, str]]) -> Side:
    dice = random.Random(11)
    plain = [(lang, _plain(text)) for lang, text in texts]
    words = {(lang, word) for lang, text in plain for word in _words(text)}
    by_lang: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
    for lang, text in dice.sample(plain, min(len(plain), 10 * SAMPLE)):
        if len(by_lang[lang]) < SAMPLE:
            by_lang[lang].append(_trigrams(text))
    compared = [cell for cell in by_lang.values() if len(cell) > 1]
    nearest, every = 0.0, 0.0
    total = sum(len(cell) for cell in compared)
    for cell in compared:
        for at, left in enumerate(cell):
            shares = [_overlap(left, right) for to, right in enumerate(cell) if to != at]
            nearest += max(shares) / total
            every += sum(shares) / len(shares) / total
    return Side(
        texts=len(texts),
        distinct=len(set(plain)),
        mean_characters=round(sum(len(text) for _, text in texts) / max(1, len(texts)), 1),
        vocabulary=len(words),
        nearest=round(nearest, 3),
        similarity=round(every, 4),
    )


def tells(pairs: Sequence[Pair]) -> list[tuple[str, int, int]]:
    """Words that stand in far more texts of one side, with the texts of each side they stand in."""
    attack = Counter(word for pair in pairs for word in set(_words(_plain(pair.attack))))
    benign = Counter(word for pair in pairs for word in set(_words(_plain(pair.benign))))
    gap = {word: abs(attack[word] - benign[word]) for word in attack.keys() | benign.keys()}
    most = sorted(gap, key=lambda word: (-gap[word], word))[:TELLS]
    return [(word, attack[word], benign[word]) for word in most]


def _plain(text: str) -> str:
    # Vowel signs of Indic and Thai scripts are marks, not letters.
    kept = (
        sign if sign.isalpha() or unicodedata.category(sign)[0] == "M" else " " for sign in text
    )
    return " ".join("".join(kept).lower().split())


def _words(text: str) -> list[str]:
    spaced = text.split()
    if len(spaced) * 12 > len(text) or text.isascii():
        return spaced
    letters = text.replace(" ", "")
    return [letters[at : at + 2] for at in range(len(letters) - 1)]


def _trigrams(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 3] for at in range(max(1, len(text) - 2)))


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)


def table(groups: dict[str, Group]) -> list[str]:
    """The numbers as rows of Markdown: attack / benign."""
    rows = [
        "| | texts | distinct | characters | vocabulary | nearest | similarity |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, group in groups.items():
        left, right = group.attack, group.benign
        cells = (
            f"{left.texts} / {right.texts}",
            f"{left.distinct} / {right.distinct}",
            f"{left.mean_characters} / {right.mean_characters}",
            f"{left.vocabulary} / {right.vocabulary}",
            f"{left.nearest} / {right.nearest}",
            f"{left.similarity} / {right.similarity}",
        )
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return rows


def samples(pairs: Sequence[Pair], count: int, seed: int = 1) -> list[Pair]:
    """Some pairs, each of another family where there are enough."""
    dice = random.Random(seed)
    cells: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        cells[pair.family].append(pair)
    drawn = [dice.choice(cells[family]) for family in sorted(cells)]
    dice.shuffle(drawn)
    return drawn[:count]


def main() -> None:
    """Prints tables and samples."""
    parser = argparse.ArgumentParser(prog="diversity", description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000, help="pairs of each language")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--samples", type=int, default=12)
    parser.add_argument("--lang", help="show samples of this language only")
    given = parser.parse_args()
    pairs = list(generate(given.seed, given.pairs))
    for name, groups in measure(pairs).items():
        print("\n".join(["", f"by {name}", "", *table(groups)]))
    for lang in sorted({pair.lang for pair in pairs}):
        words = tells([pair for pair in pairs if pair.lang == lang])
        print(lang, ", ".join(f"{word} {left}/{right}" for word, left, right in words))
    shown = [pair for pair in pairs if given.lang in (None, pair.lang)]
    for pair in samples(shown, given.samples):
        print(f"\n--- {pair.lang} {pair.family} {pair.category}\n{pair.attack}\n~~~\n{pair.benign}")


if __name__ == "__main__":
    main()
