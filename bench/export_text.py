"""Exports of Lean as tables that can be changed, and written again without a gap in the numbers.

All exports read by one `Pool` share its numbers. What a certificate says can so be changed deep in
a term, and the export that results is one that only says something else: no checker can refuse it
for its spelling.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Json = Any
Node = tuple[Any, ...]
"""A name, a level or a term: its kind, and what it is made of."""

# Which parts of a term are terms themselves.
PARTS: Final[Mapping[str, tuple[int, ...]]] = {
    "app": (1, 2),
    "lam": (2, 3),
    "forallE": (2, 3),
    "letE": (2, 3, 4),
    "proj": (3,),
}
_BINDER: Final = ("name", "type", "body", "binderInfo")
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "app": ("fn", "arg"),
    "lam": _BINDER,
    "forallE": _BINDER,
    "letE": ("name", "type", "value", "body", "nondep"),
    "proj": ("typeName", "idx", "struct"),
    "const": ("name", "us"),
}
_NAMES: Final = frozenset(
    {"name", "typeName", "pre", "param", "induct", "ctor", "levelParams", "all", "ctors"}
)
_LEVELS: Final = frozenset({"us", "sort", "succ", "max", "imax"})
_TERMS: Final = frozenset({"fn", "arg", "type", "body", "value", "struct", "rhs"})
_DECLARATIONS: Final = ("def", "thm", "axiom", "opaque", "quot", "inductive")


@dataclass(slots=True)
class Declaration:
    """A declaration as the export has it, with the numbers of a pool."""

    kind: str
    said: dict[str, Any]

    @property
    def heads(self) -> list[dict[str, Any]]:
        """All that it declares: one thing, or types with their constructors and recursors."""
        if self.kind != "inductive":
            return [self.said]
        return [it for part in ("types", "ctors", "recs") for it in self.said[part]]

    def terms(self) -> Iterator[tuple[dict[str, Any], str]]:
        """Every place where it holds a term."""
        for head in self.heads:
            yield head, "type"
            if "value" in head:
                yield head, "value"
            for rule in head.get("rules", ()):
                yield rule, "rhs"

    def copy(self) -> Declaration:
        """One that can be changed alone."""
        return Declaration(self.kind, json.loads(json.dumps(self.said)))


@dataclass(slots=True)
class _Table:
    """Nodes, each once; a number stands for a node."""

    nodes: list[Node] = field(default_factory=list)
    places: dict[Node, int] = field(default_factory=dict)

    def put(self, node: Node) -> int:
        place = self.places.setdefault(node, len(self.nodes))
        if place == len(self.nodes):
            self.nodes.append(node)
        return place


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers that an export gives to nodes of a pool."""

    names: dict[int, int] = field(default_factory=dict)
    levels: dict[int, int] = field(default_factory=dict)
    terms: dict[int, int] = field(default_factory=dict)

    def copy(self) -> Numbers:
        """Numbers that more can be added to."""
        return Numbers(dict(self.names), dict(self.levels), dict(self.terms))


@dataclass(frozen=True, slots=True)
class Export:
    """What was read: declarations in order, and the numbers that the text used."""

    declarations: list[Declaration]
    numbers: Numbers


class Pool:
    """The names, levels and terms of all exports that were read."""

    def __init__(self) -> None:
        self._names, self._levels, self._terms = _Table(), _Table(), _Table()
        self.root = self._names.put(("",))
        self.zero = self._levels.put(("zero",))

    def name(self, *node: object) -> int:
        """The number of a name."""
        return self._names.put(node)

    def level(self, *node: object) -> int:
        """The number of a level."""
        return self._levels.put(node)

    def term(self, *node: object) -> int:
        """The number of a term."""
        return self._terms.put(node)

    def node(self, term: int) -> Node:
        """What a term is made of."""
        return self._terms.nodes[term]

    def shown(self, name: int) -> str:
        """A name as people read it."""
        node = self._names.nodes[name]
        if len(node) == 1:
            return ""
        before = self.shown(node[1])
        return f"{before}.{node[2]}" if before else str(node[2])

    def constants(self, terms: Iterable[int]) -> set[int]:
        """The names of all constants that terms speak of."""
        found, seen, open_ = set[int](), set[int](), list(terms)
        while open_:
            term = open_.pop()
            if term in seen:
                continue
            seen.add(term)
            node = self.node(term)
            if node[0] in ("const", "proj"):
                found.add(node[1])
            elif node[0] == "natVal":
                found.add(self.name("str", self.root, "Nat"))
            open_ += (node[at] for at in PARTS.get(node[0], ()))
        return found

    def subterms(self, term: int, limit: int) -> list[int]:
        """Some of the parts of a term, at most so many."""
        found, open_ = dict[int, None](), [term]
        while open_ and len(found) < limit:
            term = open_.pop()
            if term not in found:
                found[term] = None
                open_ += (self.node(term)[at] for at in PARTS.get(self.node(term)[0], ()))
        return list(found)

    # --- text ---

    def read(self, data: bytes, base: Numbers | None = None) -> Export:
        """Read an export, or what continues one."""
        known = base or Numbers({self.root: 0}, {self.zero: 0})
        reader = _Reader(self, known)
        for line in data.decode("utf-8").splitlines():
            reader.line(json.loads(line))
        return Export(reader.declarations, reader.numbers())

    def write(self, declarations: Sequence[Declaration], base: Numbers | None = None) -> bytes:
        """Write declarations, numbered from what `base` ends with."""
        known = (base or Numbers({self.root: 0}, {self.zero: 0})).copy()
        writer = _Writer(self, known)
        for declaration in declarations:
            writer.declaration(declaration)
        head = [] if base is not None else [_spelled(_META)]
        return "".join(f"{it}\n" for it in [*head, *writer.lines]).encode("utf-8")

    def name_node(self, name: int) -> Node:
        """What a name is made of."""
        return self._names.nodes[name]

    def level_node(self, level: int) -> Node:
        """What a level is made of."""
        return self._levels.nodes[level]


_META: Final = {
    "meta": {
        "exporter": {"name": "aidefence-bench", "version": "3.1.0"},
        "format": {"version": "3.1.0"},
        "lean": {"githash": "", "version": "4.28.0"},
    }
}


def _spelled(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def changed(said: Json, key: str, change: Mapping[str, Callable[[int], int]]) -> Json:
    """A copy of what an entry says, its numbers of names, levels and terms replaced."""
    if isinstance(said, dict):
        return {name: changed(it, name, change) for name, it in said.items()}
    if isinstance(said, list):
        return [changed(it, key, change) for it in said]
    if isinstance(said, int) and not isinstance(said, bool) and key in change:
        return change[key](said)
    return said


def _changes(
    names: Callable[[int], int], levels: Callable[[int], int], terms: Callable[[int], int]
) -> dict[str, Callable[[int], int]]:
    return {
        **dict.fromkeys(_NAMES, names),
        **dict.fromkeys(_LEVELS, levels),
        **dict.fromkeys(_TERMS, terms),
    }


class _Reader:
    """Numbers of a text on one side, of the pool on the other."""

    def __init__(self, pool: Pool, base: Numbers) -> None:
        self._pool = pool
        self._names = {it: number for number, it in base.names.items()}
        self._levels = {it: number for number, it in base.levels.items()}
        self._terms = {it: number for number, it in base.terms.items()}
        self._change = _changes(
            self._names.__getitem__, self._levels.__getitem__, self._terms.__getitem__
        )
        self.declarations: list[Declaration] = []

    def numbers(self) -> Numbers:
        tables = (self._names, self._levels, self._terms)
        return Numbers(*({it: number for number, it in table.items()} for table in tables))

    def line(self, entry: dict[str, Any]) -> None:
        if "ie" in entry:
            number = entry.pop("ie")
            self._terms[number] = self._pool.term(*self._node(entry))
        elif "in" in entry:
            [(kind, said)] = ((key, it) for key, it in entry.items() if key != "in")
            own = said["str" if kind == "str" else "i"]
            self._names[entry["in"]] = self._pool.name(kind, self._names[said["pre"]], own)
        elif "il" in entry:
            [(kind, said)] = ((key, it) for key, it in entry.items() if key != "il")
            parts = said if isinstance(said, list) else [said]
            table = self._names if kind == "param" else self._levels
            self._levels[entry["il"]] = self._pool.level(kind, *(table[it] for it in parts))
        elif "meta" not in entry:
            [(kind, said)] = entry.items()
            self.declarations.append(Declaration(kind, changed(said, kind, self._change)))

    def _node(self, entry: dict[str, Any]) -> Node:
        [(kind, said)] = changed(entry, "", self._change).items()
        if kind not in _KEYS:
            return (kind, said)
        parts = (said[key] for key in _KEYS[kind])
        return (kind, *(tuple(it) if isinstance(it, list) else it for it in parts))


class _Writer:
    """Gives numbers to what declarations stand on, just before they are needed."""

    def __init__(self, pool: Pool, numbers: Numbers) -> None:
        self._pool, self._numbers = pool, numbers
        self._change = _changes(self._name, self._level, self._term)
        self.lines: list[str] = []

    def declaration(self, declaration: Declaration) -> None:
        # First what it stands on: the line itself comes after the lines of its parts.
        said = changed(declaration.said, declaration.kind, self._change)
        self.lines.append(_spelled({declaration.kind: said}))

    def _name(self, name: int) -> int:
        known = self._numbers.names
        if name not in known:
            kind, before, own = self._pool.name_node(name)
            said = {"pre": self._name(before), "str" if kind == "str" else "i": own}
            known[name] = len(known)
            self.lines.append(_spelled({"in": known[name], kind: said}))
        return known[name]

    def _level(self, level: int) -> int:
        known = self._numbers.levels
        if level not in known:
            kind, *parts = self._pool.level_node(level)
            written = [self._name(it) if kind == "param" else self._level(it) for it in parts]
            said = written if len(written) > 1 else written[0]
            known[level] = len(known)
            self.lines.append(_spelled({"il": known[level], kind: said}))
        return known[level]

    def _term(self, term: int) -> int:
        known, open_ = self._numbers.terms, [term]
        while open_:
            at = open_[-1]
            node = self._pool.node(at)
            missing = [it for it in (node[p] for p in PARTS.get(node[0], ())) if it not in known]
            if at in known or not missing:
                open_.pop()
                if at not in known:
                    self._put(at, node)
            else:
                open_ += missing
        return known[term]

    def _put(self, term: int, node: Node) -> None:
        kind = node[0]
        keys = _KEYS.get(kind)
        said: Any = node[1]
        if keys is not None:
            parts = (list(it) if isinstance(it, tuple) else it for it in node[1:])
            said = dict(zip(keys, parts, strict=True))
        entry = changed({kind: said}, "", {**self._change, **_placed(self._numbers)})
        self._numbers.terms[term] = len(self._numbers.terms)
        self.lines.append(_spelled({"ie": self._numbers.terms[term], **entry}))


def _placed(numbers: Numbers) -> dict[str, Callable[[int], int]]:
    return dict.fromkeys(_TERMS, numbers.terms.__getitem__)


def sliced(pool: Pool, declarations: Sequence[Declaration], wanted: int) -> list[Declaration]:
    """A declaration with all that it stands on, in the order of the export."""
    owner = {
        head["name"]: at
        for at, declaration in enumerate(declarations)
        for head in declaration.heads
    }
    needed, open_ = set[int](), [wanted]
    while open_:
        at = open_.pop()
        if at in needed:
            continue
        needed.add(at)
        terms = [head[key] for head, key in declarations[at].terms()]
        open_ += (owner[it] for it in pool.constants(terms) if it in owner)
    return [declarations[at] for at in sorted(needed)]
