"""A YARA file as a tree, before anything is translated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from aidefence.knowledge.imports.words import Place


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number."""

    place: Place
    value: int


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`."""

    place: Place
    value: bool


@dataclass(frozen=True, slots=True)
class FileSize:
    """`filesize`."""

    place: Place


@dataclass(frozen=True, slots=True)
class Name:
    """A rule or a variable of a loop."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something we read over: a module, an external variable, a function."""

    place: Place
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Unary:
    """`-`, `~`, `not` or `defined` in front of something."""

    place: Place
    sign: str
    part: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Two things with an operator between them."""

    place: Place
    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Range:
    """From one number to another."""

    first: Node
    last: Node


@dataclass(frozen=True, slots=True)
class StringAt:
    """`$a`, perhaps at a place or in a range of places."""

    place: Place
    name: str
    at: Node | None = None
    within: Range | None = None


@dataclass(frozen=True, slots=True)
class StringCount:
    """`#a`, perhaps in a range."""

    place: Place
    name: str
    within: Range | None = None


@dataclass(frozen=True, slots=True)
class StringOffset:
    """`@a`, perhaps of one match."""

    place: Place
    name: str
    index: Node | None = None


@dataclass(frozen=True, slots=True)
class StringLength:
    """`!a`."""

    place: Place
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """One part of a set: a name, or a beginning of names before `*`; of strings or of rules."""

    place: Place
    name: str
    is_prefix: bool
    is_string: bool


@dataclass(frozen=True, slots=True)
class Quantity:
    """How many: `all`, `any`, `none`, a number, or a number of percent."""

    place: Place
    word: str
    number: Node | None = None
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Of:
    """So many of a set, perhaps at a place or in a range; with `body`, of which that is true."""

    place: Place
    quantity: Quantity
    members: tuple[Member, ...] | None
    """None stands for `them`."""
    at: Node | None = None
    within: Range | None = None
    body: Node | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """`for … i in … : ( … )`; without `items` over something that we do not read."""

    place: Place
    quantity: Quantity
    variable: str
    items: tuple[Node, ...] | Range | None
    body: Node


Node: TypeAlias = (
    Number
    | Boolean
    | FileSize
    | Name
    | Opaque
    | Unary
    | Binary
    | StringAt
    | StringCount
    | StringOffset
    | StringLength
    | Of
    | Loop
)


@dataclass(frozen=True, slots=True)
class Modifier:
    """A word behind a string, with what stands in its parentheses."""

    place: Place
    name: str
    arguments: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class YaraString:
    """One string: a text, a regex or bytes, as written."""

    place: Place
    name: str
    kind: str
    source: str
    at: int
    """The character of the file at which `source` begins."""
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True, slots=True)
class YaraRule:
    """One rule."""

    place: Place
    name: str
    is_private: bool
    is_global: bool
    tags: tuple[str, ...]
    metas: tuple[tuple[str, str], ...]
    strings: tuple[YaraString, ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class YaraFile:
    """All of a file."""

    rules: tuple[YaraRule, ...]
    imports: tuple[tuple[Place, str], ...]
    includes: tuple[tuple[Place, str], ...]
