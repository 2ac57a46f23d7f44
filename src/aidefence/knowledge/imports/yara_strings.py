"""Strings of YARA with their modifiers, as patterns of ours."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from aidefence.domain.errors import RuleError
from aidefence.knowledge.imports import pieces
from aidefence.knowledge.imports.pieces import ALNUM, Either, One, Piece, Row, Times
from aidefence.knowledge.imports.words import Pattern, Untranslated
from aidefence.knowledge.imports.yara_cursor import unescaped
from aidefence.knowledge.imports.yara_regex import HexReader, PieceError, RegexReader
from aidefence.knowledge.imports.yara_tokens import Source
from aidefence.knowledge.imports.yara_tree import Modifier, YaraString

_SAMPLES = 3
# Behind a jump of more bytes, YARA looks for the parts one by one.
_JUMP_MAX = 200
# Of fewer bytes too little is left that does not depend on what stands around.
_BASE64_MIN = 3
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


@dataclass(frozen=True, slots=True)
class _Forms:
    """A string in all the forms that are looked for."""

    narrow: tuple[Piece, ...]
    wide: tuple[Piece, ...]
    nocase: bool = False
    whole: bool = False


class StringTranslator:
    """Says the strings of one file in our format."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def translate(self, string: YaraString, name: str) -> Pattern | Untranslated:
        """A pattern with this name, or what of the string cannot be said."""
        try:
            forms = self._forms(string)
        except PieceError as error:
            # A regex begins behind its slash.
            at = string.at + error.at + (1 if string.kind == "regex" else 0)
            place = self._source.place(at)
            return Untranslated(place, f"${string.name}: {error.what}", error.why)
        if isinstance(forms, Untranslated):
            return forms
        every = (*forms.narrow, *forms.wide)
        if any(pieces.lengths(piece)[0] == 0 for piece in every):
            return Untranslated(string.place, f"${string.name}", "it matches where nothing is")
        samples = [pieces.sample(piece, turn) for turn in range(_SAMPLES) for piece in every[:4]]
        return Pattern(
            name=name,
            narrow=tuple(pieces.write(piece, nocase=forms.nocase) for piece in forms.narrow),
            wide=tuple(pieces.write(piece, nocase=forms.nocase) for piece in forms.wide),
            whole=forms.whole,
            samples=tuple(dict.fromkeys(samples)),
        )

    def _forms(self, string: YaraString) -> _Forms | Untranslated:
        given = {modifier.name: modifier for modifier in string.modifiers}
        for modifier in string.modifiers:
            if string.kind != "text" and modifier.name in ("xor", "base64", "base64wide"):
                return _refused(string, modifier, "for texts only")
        if string.kind == "hex":
            return self._hex(string)
        nocase = "nocase" in given
        if string.kind == "regex":
            body, _, flags = string.source[1:].rpartition("/")
            nocase = nocase or "i" in flags
            piece = RegexReader(body, nocase=nocase, dotall="s" in flags).read()
            return _regex_forms(string, piece, given, nocase=nocase)
        data = unescaped(self._source, string.source, string.at)
        if not data:
            raise self._source.wrong(string.at, "an empty text", "a text")
        if "xor" in given or "base64" in given or "base64wide" in given:
            return _disguised(string, data, given)
        return _both(pieces.literal(data, nocase=nocase), given, nocase=nocase)

    def _hex(self, string: YaraString) -> _Forms | Untranslated:
        piece = HexReader(string.source).read()
        for modifier in string.modifiers:
            if modifier.name != "private":
                place = modifier.place
                raise RuleError(
                    self._source.path,
                    place.line,
                    place.column,
                    "`private` or nothing",
                    f"`{modifier.name}` behind a hex string",
                )
        long = [it for it in pieces.repeats(piece) if (it.most or it.least) > _JUMP_MAX]
        if long:
            why = f"jumps over more than {_JUMP_MAX} bytes are matched part by part there"
            return Untranslated(string.place, f"${string.name}", why)
        return _Forms((piece,), ())


def _both(piece: Piece, given: dict[str, Modifier], *, nocase: bool) -> _Forms:
    wide = (pieces.widened(piece),) if "wide" in given else ()
    narrow = (piece,) if "ascii" in given or not wide else ()
    return _Forms(narrow, wide, nocase=nocase, whole="fullword" in given)


def _regex_forms(
    string: YaraString, piece: Piece, given: dict[str, Modifier], *, nocase: bool
) -> _Forms | Untranslated:
    if "wide" in given and any(sign.startswith("\\") for sign in pieces.edges(piece)):
        return _refused(string, given["wide"], "edges of words in wide text are not translated")
    if "fullword" in given and not _one_length_at_a_place(piece):
        why = "which of several lengths of a match is looked at cannot be said"
        return _refused(string, given["fullword"], why)
    lazy = {it.lazy for it in pieces.repeats(piece)}
    if len(lazy) > 1:
        return Untranslated(
            string.place, f"${string.name}", "greedy and lazy repetitions in one regex"
        )
    return _both(piece, given, nocase=nocase)


def _one_length_at_a_place(piece: Piece) -> bool:
    """Whether a match that ends at a word's edge is the only one there, or all end in one word."""
    low, high = pieces.lengths(piece)
    if low == high:
        return True
    if not isinstance(piece, Row) or not piece.parts:
        return False
    *before, last = piece.parts
    low, high = pieces.lengths(Row(tuple(before)))
    return (
        low == high
        and isinstance(last, Times)
        and not last.lazy
        and isinstance(last.part, One)
        and last.part.bytes <= ALNUM
    )


def _disguised(
    string: YaraString, data: bytes, given: dict[str, Modifier]
) -> _Forms | Untranslated:
    if "fullword" in given or "nocase" in given:
        other = given.get("xor") or given.get("base64") or given["base64wide"]
        return _refused(string, other, "together with `fullword` or `nocase`")
    if "xor" in given:
        arguments = [it for it in given["xor"].arguments if isinstance(it, int)]
        first, last = (arguments[0], arguments[-1]) if arguments else (0, 255)
        narrow, wide = [], []
        for key in range(first, min(last, 255) + 1):
            if "wide" in given:
                spread = b"".join(bytes((byte, 0)) for byte in data)
                wide.append(pieces.literal(bytes(byte ^ key for byte in spread)))
            if "ascii" in given or "wide" not in given:
                narrow.append(pieces.literal(bytes(byte ^ key for byte in data)))
        # A key may hide the zeros too, so these are bytes like all others.
        return _Forms((Either((*narrow, *wide)),), ())
    return _base64(string, data, given)


def _base64(string: YaraString, data: bytes, given: dict[str, Modifier]) -> _Forms | Untranslated:
    forms: list[Piece] = []
    spread = b"".join(bytes((byte, 0)) for byte in data)
    datas = [data] if "ascii" in given or "wide" not in given else []
    datas += [spread] if "wide" in given else []
    wide: list[Piece] = []
    for name, into in (("base64", forms), ("base64wide", wide)):
        if name not in given:
            continue
        alphabet = given[name].arguments[0] if given[name].arguments else _ALPHABET
        if (
            not isinstance(alphabet, str)
            or len(alphabet) != len(_ALPHABET)
            or not alphabet.isascii()
        ):
            return _refused(string, given[name], "an alphabet that has not 64 letters")
        for one in datas:
            if len(one) < _BASE64_MIN:
                return _refused(string, given[name], "of a text of fewer than 3 bytes")
            found = [pieces.literal(it) for it in _base64_forms(one, alphabet)]
            into.extend(found if name == "base64" else [pieces.widened(it) for it in found])
    return _Forms((Either((*forms, *wide)),), ())


def _base64_forms(data: bytes, alphabet: str) -> list[bytes]:
    """What of base64 does not depend on the bytes before and behind, for each of three places."""
    forms = []
    table = str.maketrans(_ALPHABET, alphabet)
    for before in range(3):
        whole = base64.b64encode(b"A" * before + data).decode("ascii")
        cut = whole.rstrip("=")
        if cut != whole:
            cut = cut[:-1]
        forms.append(cut[(0, 2, 3)[before] :].translate(table).encode("ascii"))
    return list(dict.fromkeys(forms))


def _refused(string: YaraString, modifier: Modifier, why: str) -> Untranslated:
    return Untranslated(modifier.place, f"`{modifier.name}` of ${string.name}", why)
