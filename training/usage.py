"""`python -m training.usage`: how common words are, for the engine to plan its rules by.

A rule waits for its rarest word. Which word that is, the engine looks up in a list made here from
the harmless half of the written corpus: the words of ordinary people, in many languages.
"""

from __future__ import annotations

import re
from collections import Counter

from aidefence.engine import _native
from aidefence.service.ordinary_texts import ORDINARY_TEXTS
from training import data, written

LIST = data.REPOSITORY / "crates" / "engine" / "src" / "rules" / "usage.txt"
COUNT_MIN = 4
# One character of a script without spaces is a token of its own.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


def main() -> None:
    """Writes the list: a word and how often it stands among a million, the commonest first."""
    texts = [entry.benign for entry in written.read_all(written.CORPUS.glob("*.txt"))]
    counts: Counter[str] = Counter()
    for text in [*filter(None, texts), *ORDINARY_TEXTS]:
        counts.update(TOKEN.findall(_native.normalize(text).replace("_", " ")))
    total = counts.total()
    lines = [
        f"{word} {round(count * 1e6 / total)}"
        for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if count >= COUNT_MIN
    ]
    LIST.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{LIST.name}: {len(lines)} of {len(counts)} words, {total} in all")


if __name__ == "__main__":
    main()
