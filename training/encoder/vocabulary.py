"""The tokenizer, and which of its pieces we keep: two of three occur in no text we care for."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer

    from training.encoder.base import Base

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
BEGIN, PAD, END, UNKNOWN = range(4)
SPACE = "\u2581"
CHARACTERS_MAX = 20_000
BATCH = 2000
# A piece of a small language is rarer than one of English but as dear to its texts.
LANGUAGE_POWER = 0.3
# This share goes to pieces that our texts hold; the rest to what is common in their scripts.
SEEN_SHARE = 0.9
SCRIPTS = (
    *("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "BENGALI", "TAMIL"),
    *("TELUGU", "THAI", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "GEORGIAN", "ARMENIAN"),
    *("MALAYALAM", "KANNADA", "GUJARATI", "GURMUKHI", "LAO", "ETHIOPIC", "KHMER", "MYANMAR"),
    "SINHALA",
)


def tokenizer(pieces: Sequence[str], scores: Sequence[float]) -> Tokenizer:
    """A unigram tokenizer that puts a text between `<s>` and `</s>`."""
    from tokenizers import (  # noqa: PLC0415 - tier 1 is trained without it
        Regex,
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    made = Tokenizer(
        models.Unigram([(p, float(s)) for p, s in zip(pieces, scores, strict=True)], UNKNOWN)
    )
    made.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " ")]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(SPACE)
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", BEGIN), ("</s>", END)]
    )
    return made


def usable(text: str) -> str:
    """A text as the tokenizer takes it: of a bounded length and without lone surrogates."""
    return text[:CHARACTERS_MAX].encode("utf-8", "replace").decode()


def tokens(made: Tokenizer, texts: Iterable[str]) -> list[list[int]]:
    """The ids of each text, without the marks at its ends."""
    found: list[list[int]] = []
    held = [usable(text) for text in texts]
    for at in range(0, len(held), BATCH):
        batch = made.encode_batch_fast(held[at : at + BATCH], add_special_tokens=False)
        found += [encoding.ids for encoding in batch]
    return found


def choose(base: Base, counts: dict[str, Counter[int]], size: int) -> list[int]:
    """Ids of the pieces to keep, in their old order."""
    importance: defaultdict[int, float] = defaultdict(float)
    for counted in counts.values():
        weight = counted.total() ** (LANGUAGE_POWER - 1)
        for piece, count in counted.items():
            importance[piece] += weight * count
    kept = set(range(len(SPECIALS)))
    kept |= {at for at, piece in enumerate(base.pieces) if len(piece.lstrip(SPACE)) <= 1}
    seen = sorted(set(importance) - kept, key=lambda piece: (-importance[piece], piece))
    kept |= set(seen[: max(0, int(size * SEEN_SHARE) - len(kept))])
    common = sorted(
        (at for at, piece in enumerate(base.pieces) if at not in kept and _readable(piece)),
        key=lambda at: (-base.scores[at], at),
    )
    kept |= set(common[: size - len(kept)])
    return sorted(kept)


def _readable(piece: str) -> bool:
    return all(_script(letter) in SCRIPTS for letter in piece.lstrip(SPACE) if letter.isalpha())


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0].split("-")[0]


def count(made: Tokenizer, texts: Sequence[str], langs: Sequence[str]) -> dict[str, Counter[int]]:
    """How often each piece occurs in the texts of each language."""
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for at in range(0, len(texts), BATCH):
        for ids, lang in zip(
            tokens(made, texts[at : at + BATCH]), langs[at : at + BATCH], strict=True
        ):
            counts[lang].update(ids)
    return dict(counts)


def save(path: Path, base: Base, kept: Sequence[int]) -> None:
    """Writes the small tokenizer; its ids are places in `kept`."""
    small = tokenizer([base.pieces[at] for at in kept], [float(base.scores[at]) for at in kept])
    small.save(str(path / "tokenizer.json"), pretty=False)
    np.save(path / "kept.npy", np.array(kept, np.int64))


def load(path: Path) -> tuple[Tokenizer, list[int]]:
    """The small tokenizer and the places of its pieces in the whole vocabulary."""
    from tokenizers import Tokenizer  # noqa: PLC0415 - tier 1 is trained without it

    return Tokenizer.from_file(str(path / "tokenizer.json")), np.load(path / "kept.npy").tolist()


def per_word(
    whole: Tokenizer, small: Tokenizer, texts: Sequence[str], langs: Sequence[str]
) -> list[dict[str, object]]:
    """Tokens per word (per character where words have no spaces) before and after, by language."""
    table: list[dict[str, object]] = []
    for lang in sorted(set(langs)):
        mine = [text for text, other in zip(texts, langs, strict=True) if other == lang]
        before, after = tokens(whole, mine), tokens(small, mine)
        spaced = lang not in ("zh", "ja", "th", "lo", "km", "my")
        words = sum(len(usable(text).split() if spaced else usable(text)) for text in mine)
        table.append(
            {
                "lang": lang,
                "texts": len(mine),
                "before": round(sum(map(len, before)) / max(1, words), 3),
                "after": round(sum(map(len, after)) / max(1, words), 3),
                "unknown": sum(ids.count(UNKNOWN) for ids in after)
                - sum(ids.count(UNKNOWN) for ids in before),
            }
        )
    return table


def write_report(path: Path, table: list[dict[str, object]]) -> None:
    """The table of tokens per word as JSON."""
    (path / "tokens_per_word.json").write_text(json.dumps(table, indent=1))
