"""Change the strings inside a text that is JSON, and leave everything else of it as it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from aidefence.domain.rewrite import ChangeKind, Edit, Rewrite, rewrite

# Gets a string or number as written, the key it stands under and whether it is a number; gives
# what takes its place, or none to leave it.
Visit = Callable[[str, str, bool], "str | int | float | None"]

DEPTH_MAX = 4
_CODE_POINTS_MAX = 16 << 20
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?')
_KEY = re.compile(r"\s*:")


def is_json(text: str) -> bool:
    """Whether a text is a JSON object or list as a whole."""
    stripped = text.strip()
    if stripped[:1] + stripped[-1:] not in {"{}", "[]"} or len(text) > _CODE_POINTS_MAX:
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def rewrite_json(text: str, kind: ChangeKind, visit: Visit, *, numbers: bool = False) -> Rewrite:
    """Show every string of a JSON text to `visit`, also those of JSON inside JSON."""
    return rewrite(text, _edits(text, kind, visit, numbers=numbers, depth=DEPTH_MAX))


def _edits(
    text: str, kind: ChangeKind, visit: Visit, *, numbers: bool, depth: int
) -> Iterator[Edit]:
    key = ""
    for match in _LITERAL.finditer(text):
        literal = match[0]
        if not literal.startswith('"'):
            new = visit(literal, key, True) if numbers else None
            if new is not None and new != literal:
                yield _edit(match, new, kind)
            continue
        value: str = json.loads(literal, strict=False)
        if depth > 1 and is_json(value):
            edits = _edits(value, kind, visit, numbers=numbers, depth=depth - 1)
            inner = rewrite(value, edits)
            told: str | int | float | None = inner.text if inner.changed else None
        else:
            told = visit(value, key, False)
        if _KEY.match(text, match.end()):
            key = value
        if told is not None and told != value:
            yield _edit(match, told, kind)


def _edit(match: re.Match[str], new: str | float, kind: ChangeKind) -> Edit:
    # As it was written: a literal with escapes keeps them.
    text = json.dumps(new, ensure_ascii="\\u" in match[0])
    return Edit(match.start(), match.end(), text, kind, "inside JSON")
