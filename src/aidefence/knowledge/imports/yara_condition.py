"""Read the condition of a YARA rule into a tree."""

from __future__ import annotations

from aidefence.knowledge.imports.words import Place
from aidefence.knowledge.imports.yara_cursor import Cursor
from aidefence.knowledge.imports.yara_tokens import Kind, Token
from aidefence.knowledge.imports.yara_tree import (
    Binary,
    Boolean,
    FileSize,
    Loop,
    Member,
    Name,
    Node,
    Number,
    Of,
    Opaque,
    Quantity,
    Range,
    StringAt,
    StringCount,
    StringLength,
    StringOffset,
    Unary,
)

_DEPTH_MAX = 32
# From the loosest to the tightest.
_TEXTS = (
    *("contains", "icontains", "startswith", "istartswith", "endswith", "iendswith"),
    *("iequals", "matches"),
)
_LEVELS = (
    ("==", "!=", *_TEXTS),
    ("<", "<=", ">", ">="),
    ("|",),
    ("^",),
    ("&",),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "\\", "%"),
)


class ConditionReader:
    """Reads one condition from where the cursor stands."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._depth = 0

    def read(self) -> Node:
        """Read up to what cannot belong to it."""
        self._enter()
        node = self._joined("or")
        self._depth -= 1
        return node

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._cursor.wrong(f"at most {_DEPTH_MAX} parentheses inside one another")

    def _joined(self, word: str) -> Node:
        inner = self._negated if word == "and" else lambda: self._joined("and")
        node = inner()
        while self._cursor.token.text == word and self._cursor.token.kind is Kind.WORD:
            place = self._cursor.token.place
            self._cursor.step()
            node = Binary(place, word, node, inner())
        return node

    def _negated(self) -> Node:
        token = self._cursor.token
        if token.kind is Kind.WORD and token.text in ("not", "defined"):
            self._cursor.step()
            self._enter()
            part = self._negated()
            self._depth -= 1
            return Unary(token.place, token.text, part)
        return self._level(0)

    def _level(self, least: int) -> Node:
        """Everything that binds at least so tightly."""
        node = self._unary()
        while (level := self._operator()) >= least:
            token = self._cursor.token
            self._cursor.step()
            node = Binary(token.place, token.text, node, self._level(level + 1))
        return node

    def _operator(self) -> int:
        """How tightly the operator that stands here binds; -1 if none does."""
        token = self._cursor.token
        if token.kind not in (Kind.SIGN, Kind.WORD):
            return -1
        return next((at for at, signs in enumerate(_LEVELS) if token.text in signs), -1)

    def _unary(self, *, begins_of: bool = True) -> Node:
        token = self._cursor.token
        if token.kind is Kind.SIGN and token.text in ("-", "~"):
            self._cursor.step()
            self._enter()
            part = self._unary()
            self._depth -= 1
            return Unary(token.place, token.text, part)
        node = self._primary()
        return self._perhaps_of(node, token) if begins_of else node

    def _primary(self) -> Node:  # noqa: PLR0911 -- one a kind of token
        cursor, token = self._cursor, self._cursor.token
        match token.kind:
            case Kind.NUMBER:
                cursor.step()
                return Number(token.place, token.value)
            case Kind.FLOAT:
                cursor.step()
                return Opaque(token.place, token.text, "fractions are not translated")
            case Kind.TEXT | Kind.REGEX:
                cursor.step()
                return Opaque(token.place, token.text, "texts are compared in modules only")
            case Kind.STRING_ID:
                return self._string(token)
            case Kind.COUNT_ID:
                cursor.step()
                within = self._range() if cursor.skip_word("in") else None
                return StringCount(token.place, token.text[1:], within)
            case Kind.OFFSET_ID:
                cursor.step()
                return StringOffset(token.place, token.text[1:], self._index())
            case Kind.LENGTH_ID:
                cursor.step()
                self._index()
                return StringLength(token.place, token.text[1:])
            case Kind.WORD:
                return self._named(token)
            case _ if cursor.skip("("):
                node = self.read()
                cursor.want(")")
                return node
            case _:
                raise cursor.wrong("a part of a condition")

    def _string(self, token: Token) -> Node:
        cursor = self._cursor
        if token.text.endswith("*"):
            raise cursor.wrong("the name of one string")
        cursor.step()
        name = token.text[1:]
        if cursor.skip_word("at"):
            return StringAt(token.place, name, at=self._level(2))
        if cursor.skip_word("in"):
            return StringAt(token.place, name, within=self._range())
        return StringAt(token.place, name)

    def _named(self, token: Token) -> Node:
        cursor = self._cursor
        if token.text in ("true", "false"):
            cursor.step()
            return Boolean(token.place, token.text == "true")
        if token.text == "filesize":
            cursor.step()
            return FileSize(token.place)
        if token.text == "entrypoint":
            cursor.step()
            return Opaque(token.place, token.text, "texts have no entry point")
        if token.text in ("all", "any", "none"):
            cursor.step()
            return self._of(Quantity(token.place, token.text))
        if token.text == "for":
            cursor.step()
            return self._for(token.place)
        return self._identifier(token)

    def _identifier(self, token: Token) -> Node:
        cursor = self._cursor
        cursor.word("a part of a condition")
        what, is_plain = token.text, True
        while (opening := cursor.token).kind is Kind.SIGN and opening.text in (".", "[", "("):
            is_plain = False
            sign = cursor.token.text
            cursor.step()
            if sign == ".":
                what += f".{cursor.word('a name').text}"
                continue
            closing = "]" if sign == "[" else ")"
            start = cursor.token.at
            while not (cursor.token.kind is Kind.SIGN and cursor.token.text == closing):
                self.read()
                if not cursor.skip(","):
                    break
            what += sign + cursor.source.text[start : cursor.token.at].strip() + closing
            cursor.want(closing)
        if is_plain:
            return Name(token.place, token.text)
        return Opaque(token.place, what, "modules and functions are not translated")

    def _perhaps_of(self, node: Node, token: Token) -> Node:
        """A number may begin `2 of them` or `50% of them`."""
        cursor = self._cursor
        if cursor.token.text == "of" and cursor.token.kind is Kind.WORD:
            return self._of(Quantity(token.place, "", node))
        if cursor.token.text == "%":
            ahead = cursor.source.text[cursor.token.at + 1 :].lstrip()
            if ahead.startswith("of") and not ahead[2:3].isalnum():
                cursor.step()
                return self._of(Quantity(token.place, "", node, percent=True))
        return node

    def _of(self, quantity: Quantity) -> Node:
        cursor = self._cursor
        cursor.want("of")
        members = self._members()
        if cursor.skip_word("at"):
            return Of(quantity.place, quantity, members, at=self._level(2))
        if cursor.skip_word("in"):
            return Of(quantity.place, quantity, members, within=self._range())
        return Of(quantity.place, quantity, members)

    def _members(self) -> tuple[Member, ...] | None:
        cursor = self._cursor
        if cursor.skip_word("them"):
            return None
        cursor.want("(")
        members = [self._member()]
        while cursor.skip(","):
            members.append(self._member())
        cursor.want(")")
        return tuple(members)

    def _member(self) -> Member:
        cursor, token = self._cursor, self._cursor.token
        if token.kind is Kind.STRING_ID:
            cursor.step()
            name = token.text[1:]
            return Member(token.place, name.rstrip("*"), name.endswith("*"), is_string=True)
        word = cursor.word("a string or a rule")
        return Member(word.place, word.text, cursor.skip("*"), is_string=False)

    def _for(self, place: Place) -> Node:
        cursor, token = self._cursor, self._cursor.token
        if token.text in ("all", "any", "none"):
            cursor.step()
            quantity = Quantity(token.place, token.text)
        else:
            number = self._unary(begins_of=False)
            quantity = Quantity(token.place, "", number, percent=cursor.skip("%"))
        if cursor.skip_word("of"):
            members = self._members()
            return Of(place, quantity, members, body=self._body())
        variable = cursor.word("a variable").text
        while cursor.skip(","):
            variable += f",{cursor.word('a variable').text}"
        cursor.want("in")
        items = self._items()
        return Loop(place, quantity, variable, items, self._body())

    def _items(self) -> tuple[Node, ...] | Range | None:
        cursor = self._cursor
        if not cursor.skip("("):
            self._level(2)
            return None
        first = self._level(2)
        if cursor.skip(".."):
            last = self._level(2)
            cursor.want(")")
            return Range(first, last)
        items = [first]
        while cursor.skip(","):
            items.append(self._level(2))
        cursor.want(")")
        return tuple(items)

    def _body(self) -> Node:
        self._cursor.want(":")
        self._cursor.want("(")
        node = self.read()
        self._cursor.want(")")
        return node

    def _range(self) -> Range:
        self._cursor.want("(")
        first = self._level(2)
        self._cursor.want("..")
        last = self._level(2)
        self._cursor.want(")")
        return Range(first, last)

    def _index(self) -> Node | None:
        if not self._cursor.skip("["):
            return None
        node = self._level(2)
        self._cursor.want("]")
        return node
