"""Put values back in the place of their tokens: in texts, in JSON, and in streams."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from aidefence.domain.errors import ContentError
from aidefence.domain.rewrite import ChangeKind, Edit, Rewrite, rewrite
from aidefence.respond.jsontext import is_json, rewrite_json
from aidefence.respond.tokens import Seen, TokenPattern

# Values by entity and code, for those of the places that are really tokens. A value that was a
# number comes back as one.
Lookup = Callable[[Sequence[Seen]], Mapping[tuple[str, str], "str | int | float"]]

_REASON = "token of this session"


def restore(text: str, pattern: TokenPattern, lookup: Lookup) -> Rewrite:
    """Put values back in one text; in a text that is JSON, so that it stays JSON."""
    seen = list(pattern.find(text))
    if not seen:
        return Rewrite(text)
    if is_json(text):
        return rewrite_json(
            text, ChangeKind.RESTORE, lambda value, *_: restore_string(value, pattern, lookup)
        )
    return rewrite(text, _edits(seen, lookup(seen)))


def restore_string(text: str, pattern: TokenPattern, lookup: Lookup) -> str | int | float:
    """Put values back in a string; where it was nothing but a number's token, give the number."""
    seen = list(pattern.find(text))
    if not seen:
        return text
    values = lookup(seen)
    if len(seen) == 1 and (seen[0].start, seen[0].end) == (0, len(text)):
        return values.get((seen[0].entity, seen[0].code), text)
    return rewrite(text, _edits(seen, values)).text


def _edits(
    seen: Sequence[Seen], values: Mapping[tuple[str, str], str | int | float]
) -> Iterator[Edit]:
    for it in seen:
        value = values.get((it.entity, it.code))
        if value is not None:
            yield Edit(it.start, it.end, str(value), ChangeKind.RESTORE, _REASON, it.entity)


class Restorer:
    """Puts values back in an answer while it comes in, however it is cut.

    It holds back only what may still become a token. One stream each; not shared between threads.
    """

    __slots__ = ("_before", "_buffer", "_decode", "_done", "_escape", "_lookup", "_pattern")

    def __init__(self, pattern: TokenPattern, lookup: Lookup, *, in_json: bool = False) -> None:
        """`in_json` says that the stream stands inside a JSON string: values are escaped for it."""
        self._pattern = pattern
        self._lookup = lookup
        self._escape = in_json
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._buffer = ""
        # How much of the buffer has left already: its last letter says where a word begins.
        self._before = 0
        self._done = False

    @property
    def held(self) -> int:
        """How many code points are held back."""
        return len(self._buffer) - self._before

    def feed(self, chunk: str | bytes) -> str:
        """Take the next piece; gives what is settled by now."""
        if self._done:
            raise ContentError("the stream has ended: a new one needs a new restorer")
        self._buffer += chunk if isinstance(chunk, str) else self._decode.decode(chunk)
        seen, upto = self._pattern.settled(self._buffer, self._before)
        told = self._told(seen, upto)
        kept = max(0, upto - 1)
        self._buffer, self._before = self._buffer[kept:], upto - kept
        return told

    def finish(self) -> str:
        """Give what was held back; nothing can follow."""
        if self._done:
            return ""
        self._buffer += self._decode.decode(b"", final=True)
        self._done = True
        told = self._told(list(self._pattern.find(self._buffer, self._before)), len(self._buffer))
        self._buffer, self._before = "", 0
        return told

    def _told(self, seen: Sequence[Seen], upto: int) -> str:
        if not seen:
            return self._buffer[self._before : upto]
        values = self._lookup(seen)
        pieces: list[str] = []
        at = self._before
        for it in seen:
            value = values.get((it.entity, it.code))
            if value is not None:
                new = json.dumps(str(value), ensure_ascii=False)[1:-1] if self._escape else value
                pieces += (self._buffer[at : it.start], str(new))
                at = it.end
        return "".join((*pieces, self._buffer[at:upto]))
