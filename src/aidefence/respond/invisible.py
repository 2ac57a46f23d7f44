"""Take out what nobody sees: controls, terminal escapes, invisible and direction characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aidefence.domain.rewrite import ChangeKind, Edit, Rewrite, rewrite

# What a terminal obeys. Strings end at BEL or ST; one that never ends loses only its opening.
_ANSI = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_TAGS = r"[\U000e0000-\U000e007f]"
# England, Scotland and Wales: the only flags that are spelled with tags.
_NATIONS = "|".join(
    "".join(chr(0xE0000 + ord(letter)) for letter in name) for name in ("eng", "sct", "wls")
)
_FLAG = f"\U0001f3f4\U000e0067\U000e0062(?:{_NATIONS})\U000e007f"
_SELECTORS = "[\ufe00-\ufe0f\U000e0100-\U000e01ef\u180b-\u180d\u180f]"
_BIDI = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_JOINERS = "[\u200c\u200d]"
_UNSEEN = (
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u2800\u3164\ufeff"
    "\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
_LINE_ENDS = "\r\n|\r|[\u2028\u2029\x85]"
_CONTROLS = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
_SURROGATES = "[\ud800-\udfff]"

_SEARCH = re.compile(
    f"(?P<ansi>{_ANSI})|(?P<flag>{_FLAG})|(?P<tags>{_TAGS}+)|(?P<selector>{_SELECTORS})"
    f"|(?P<bidi>{_BIDI}+)|(?P<joiner>{_JOINERS})|(?P<unseen>{_UNSEEN}+)|(?P<line>{_LINE_ENDS})"
    f"|(?P<control>{_CONTROLS}+)|(?P<surrogate>{_SURROGATES})"
)
_REASONS = {
    "ansi": "terminal escape",
    "tags": "Unicode tags",
    "selector": "variation selector outside an emoji",
    "bidi": "direction control",
    "joiner": "joiner where nothing is joined",
    "unseen": "invisible character",
    "line": "unusual line end",
    "control": "control character",
    "surrogate": "half of a surrogate pair",
}
_INSTEAD = {"line": "\n", "surrogate": "\ufffd"}
_EMOJI = re.compile(
    "[#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe"
    "\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
# Scripts in which a joiner changes how a word reads: Arabic, Indic and those like them.
_JOINING = re.compile(
    "[\u0620-\u065f\u066e-\u06d3\u06d5\u06fa-\u06ff\u0710-\u074f\u0750-\u077f\u08a0-\u08ff"
    "\u0900-\u0dff\u0f40-\u0fbc\u1000-\u109f\u1780-\u17b3\u17b6-\u17d3\u1820-\u18aa]"
)
_SELECTS_STYLE = frozenset("\ufe0e\ufe0f")
_JOINER = "\u200d"


def strip_invisible(text: str) -> Rewrite:
    """Take out what nobody sees; emoji and scripts that need a joiner keep theirs."""
    return rewrite(text, _edits(text))


def _edits(text: str) -> Iterator[Edit]:
    # The last position of what was taken out: a character beside it has lost its neighbour.
    gone = -1
    for match in _SEARCH.finditer(text):
        what = str(match.lastgroup)
        start, end = match.span()
        if _belongs(what, text, start, lost=gone == start):
            continue
        instead = _INSTEAD.get(what, "")
        if match[0] == "\r\n":
            continue
        if not instead:
            gone = end
        yield Edit(start, end, instead, ChangeKind.STRIP, _REASONS[what])


def _belongs(what: str, text: str, at: int, *, lost: bool) -> bool:
    if what == "flag":
        return True
    if lost or at == 0 or what not in {"selector", "joiner"}:
        return False
    before, after = text[at - 1], text[at + 1 : at + 2]
    if what == "selector":
        return text[at] in _SELECTS_STYLE and _EMOJI.match(before) is not None
    if _JOINING.match(before):
        return _JOINING.match(after) is not None
    drawn = before in _SELECTS_STYLE or _EMOJI.match(before) is not None
    return text[at] == _JOINER and drawn and _EMOJI.match(after) is not None
