"""Changes of exports: in a term, of a declaration, among declarations, in the text.

A change need not make a thing false: another name for a binder or an unused definition left out
says the same. So what a changed export is worth has to be asked of a second judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from bench.export_text import PARTS, Declaration, Node, Numbers, Pool

_STOP = 0.15
_NEAR = 60


@dataclass(frozen=True, slots=True)
class Changed:
    """An export with one change, and which kind of change it is."""

    kind: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Material:
    """What is changed, and what may be spoken of instead of what is there."""

    pool: Pool
    declarations: Sequence[Declaration]
    base: Numbers | None = None
    others: Sequence[Declaration] = ()
    """Declarations of the theory that it builds on."""

    def constant(self, dice: Random) -> Node:
        """Some constant, with the levels that it wants by number if not by meaning."""
        declared = dice.choice([*self.declarations, *dice.sample(self.others, min(9, self._most))])
        head = dice.choice(declared.heads)
        return ("const", head["name"], (self.pool.zero,) * len(head["levelParams"]))

    @property
    def _most(self) -> int:
        return len(self.others)


def change(material: Material, dice: Random) -> Changed | None:
    """Change one thing; none where what was drawn does not fit, or changes nothing."""
    kind, work = dice.choices(
        (("term", _in_term), ("declaration", _of_declaration), ("order", _among), ("text", _text)),
        weights=(6, 2, 1, 1),
    )[0]
    done = work(material, dice)
    return None if done is None else Changed(f"{kind}: {done[0]}", done[1])


_Done = tuple[str, bytes]


# --- in a term ---


def _in_term(material: Material, dice: Random) -> _Done | None:
    at = dice.randrange(len(material.declarations))
    declaration = material.declarations[at].copy()
    head, key = dice.choice(list(declaration.terms()))
    parts = material.pool.subterms(head[key], _NEAR)
    replacer = _Replacer(material, dice, parts)
    head[key] = replacer.descend(head[key])
    if not replacer.kind:
        return None
    return _written(replacer.kind, material, at, [declaration])


class _Replacer:
    """Walks down a term and changes it somewhere."""

    def __init__(self, material: Material, dice: Random, near: list[int]) -> None:
        self._material, self._pool, self._dice = material, material.pool, dice
        self._near = near
        self.kind = ""

    def descend(self, term: int) -> int:
        path, at = list[tuple[Node, int]](), term
        while True:
            node = self._pool.node(at)
            parts = PARTS.get(node[0], ())
            if not parts or self._dice.random() < _STOP:
                break
            part = self._dice.choice(parts)
            path.append((node, part))
            at = node[part]
        made = self._instead(at, self._pool.node(at))
        for node, part in reversed(path):
            made = self._pool.term(*node[:part], made, *node[part + 1 :])
        if made == term:
            self.kind = ""
        return made

    def _instead(self, term: int, node: Node) -> int:
        own = _AT.get(node[0], ())
        self.kind, work = self._dice.choice((*own, *own, *_ANYWHERE))
        made = work(self, node)
        return term if made is None else self._pool.term(*made)

    # --- instead of a node ---

    def near(self, _: Node) -> Node | None:
        return self._pool.node(self._dice.choice(self._near))

    def constant(self, _: Node) -> Node | None:
        return self._material.constant(self._dice)

    def wrapped(self, node: Node) -> Node | None:
        inner = self._pool.term(*node)
        return ("app", inner, self._dice.choice(self._near))

    def swapped(self, node: Node) -> Node | None:
        return ("app", node[2], node[1])

    def function(self, node: Node) -> Node | None:
        return self._pool.node(node[1])

    def argument(self, node: Node) -> Node | None:
        return ("app", node[1], self._dice.choice(self._near))

    def renamed(self, node: Node) -> Node | None:
        other = self._material.constant(self._dice)
        return ("const", other[1], node[2])

    def leveled(self, node: Node) -> Node | None:
        levels = list(node[2])
        if not levels or self._dice.random() < 0.2:
            levels.append(self._pool.zero)
        else:
            at = self._dice.randrange(len(levels))
            levels[at] = self._other_level(levels[at])
        return ("const", node[1], tuple(levels))

    def shifted(self, node: Node) -> Node | None:
        return ("bvar", max(0, node[1] + self._dice.choice((-1, 1))))

    def binder(self, node: Node) -> Node | None:
        return ("forallE" if node[0] == "lam" else "lam", *node[1:])

    def hint_of_binder(self, node: Node) -> Node | None:
        return (*node[:4], "implicit" if node[4] == "default" else "default")

    def body(self, node: Node) -> Node | None:
        return self._pool.node(node[3])

    def domain(self, node: Node) -> Node | None:
        return (node[0], node[1], self._dice.choice(self._near), *node[3:])

    def sort(self, node: Node) -> Node | None:
        return ("sort", self._other_level(node[1]))

    def let_value(self, node: Node) -> Node | None:
        return (*node[:3], self._dice.choice(self._near), *node[4:])

    def let_as_call(self, node: Node) -> Node | None:
        function = self._pool.term("lam", node[1], node[2], node[4], "default")
        return ("app", function, node[3])

    def let_gone(self, node: Node) -> Node | None:
        return self._pool.node(node[4])

    def field(self, node: Node) -> Node | None:
        return ("proj", node[1], max(0, node[2] + self._dice.choice((-1, 1))), node[3])

    def of_another(self, node: Node) -> Node | None:
        return ("proj", self._material.constant(self._dice)[1], *node[2:])

    def number(self, node: Node) -> Node | None:
        value = int(node[1])
        choices = (value + 1, max(0, value - 1), 0, 2**64, 10**40)
        return ("natVal", str(self._dice.choice(choices)))

    def successor(self, node: Node) -> Node | None:
        nat = self._pool.name("str", self._pool.root, "Nat")
        if node[1] == "0":
            return ("const", self._pool.name("str", nat, "zero"), ())
        less = self._pool.term("natVal", str(int(node[1]) - 1))
        return ("app", self._pool.term("const", self._pool.name("str", nat, "succ"), ()), less)

    def _other_level(self, level: int) -> int:
        choices = [
            self._pool.zero,
            self._pool.level("succ", level),
            self._pool.level("succ", self._pool.zero),
            self._pool.level("imax", level, self._pool.zero),
            self._pool.level("max", level, level),
            self._pool.level("param", self._pool.name("str", self._pool.root, "u")),
        ]
        return self._dice.choice(choices)


_Work = Callable[[_Replacer, Node], Node | None]
_ANYWHERE: tuple[tuple[str, _Work], ...] = (
    ("another part of the same term", _Replacer.near),
    ("some constant", _Replacer.constant),
    ("applied to something", _Replacer.wrapped),
)
_BINDERS: tuple[tuple[str, _Work], ...] = (
    ("binder of the other kind", _Replacer.binder),
    ("hint of a binder", _Replacer.hint_of_binder),
    ("body without its binder", _Replacer.body),
    ("type of a binder", _Replacer.domain),
)
_AT: dict[str, tuple[tuple[str, _Work], ...]] = {
    "app": (
        ("function and argument swapped", _Replacer.swapped),
        ("argument dropped", _Replacer.function),
        ("argument changed", _Replacer.argument),
    ),
    "const": (("constant renamed", _Replacer.renamed), ("levels changed", _Replacer.leveled)),
    "bvar": (("variable shifted", _Replacer.shifted),),
    "lam": _BINDERS,
    "forallE": _BINDERS,
    "sort": (("universe changed", _Replacer.sort),),
    "letE": (
        ("value of a let", _Replacer.let_value),
        ("let as a call", _Replacer.let_as_call),
        ("let dropped", _Replacer.let_gone),
    ),
    "proj": (("another field", _Replacer.field), ("field of another type", _Replacer.of_another)),
    "natVal": (
        ("number changed", _Replacer.number),
        ("number as a successor", _Replacer.successor),
    ),
}


# --- of a declaration ---


def _of_declaration(material: Material, dice: Random) -> _Done | None:
    at = dice.randrange(len(material.declarations))
    declaration = material.declarations[at].copy()
    works = _OF_TYPES if declaration.kind == "inductive" else _OF_VALUES
    kind, work = dice.choice(works)
    made = work(material, declaration, dice)
    if made is None or made == material.declarations[at]:
        return None
    return _written(kind, material, at, [made])


def _peer(material: Material, dice: Random) -> Declaration:
    return dice.choice(material.declarations)


def _retargeted(material: Material, it: Declaration, dice: Random) -> Declaration | None:
    it.said["type"] = dice.choice(_peer(material, dice).heads)["type"]
    return it


def _proved_by_another(material: Material, it: Declaration, dice: Random) -> Declaration | None:
    other = _peer(material, dice)
    if "value" not in it.said or "value" not in other.said:
        return None
    it.said["value"] = other.said["value"]
    return it


def _of_another_kind(_: Material, it: Declaration, dice: Random) -> Declaration | None:
    kind = dice.choice(("def", "thm", "opaque", "axiom"))
    if kind == it.kind:
        return None
    said = {key: it.said[key] for key in ("name", "levelParams", "type")}
    value = {"value": it.said.get("value", it.said["type"])}
    if kind == "def":
        said |= {**value, "hints": {"regular": 1}, "safety": "safe", "all": []}
    elif kind == "thm":
        said |= {**value, "all": []}
    elif kind == "opaque":
        said |= {**value, "isUnsafe": False, "all": []}
    else:
        said |= {"isUnsafe": False}
    return Declaration(kind, said)


def _level_params(material: Material, it: Declaration, dice: Random) -> Declaration | None:
    head = dice.choice(it.heads)
    params = head["levelParams"]
    name = material.pool.name("str", material.pool.root, "w")
    head["levelParams"] = dice.choice(
        (params[1:], [*params, name], [*params, *params[:1]], params[::-1])
    )
    return it


def _hints(_: Material, it: Declaration, dice: Random) -> Declaration | None:
    if "hints" not in it.said:
        return None
    it.said["hints"] = dice.choice(("opaque", "abbrev", {"regular": dice.randrange(90)}))
    return it


def _name_of_another(material: Material, it: Declaration, dice: Random) -> Declaration | None:
    dice.choice(it.heads)["name"] = dice.choice(_peer(material, dice).heads)["name"]
    return it


def _new_name(material: Material, it: Declaration, dice: Random) -> Declaration | None:
    head = dice.choice(it.heads)
    head["name"] = material.pool.name("str", head["name"], "other")
    return it


def _unsafe(_: Material, it: Declaration, dice: Random) -> Declaration | None:
    head = dice.choice(it.heads)
    if "safety" in head:
        head["safety"] = dice.choice(("unsafe", "partial"))
    elif "isUnsafe" in head:
        head["isUnsafe"] = True
    return it


def _counts(_: Material, it: Declaration, dice: Random) -> Declaration | None:
    head = dice.choice(it.heads)
    keys = [key for key, said in head.items() if isinstance(said, int) and key not in _IDS]
    key = dice.choice(keys)
    flagged = isinstance(head[key], bool)
    head[key] = not head[key] if flagged else max(0, head[key] + dice.choice((-1, 1, 3)))
    return it


_IDS = frozenset({"name", "type", "induct"})


def _constructors(_: Material, it: Declaration, dice: Random) -> Declaration | None:
    family = dice.choice(it.said["types"])
    return it if _disordered(dice, family["ctors"], it.said["ctors"]) else None


def _recursors(_: Material, it: Declaration, dice: Random) -> Declaration | None:
    if not it.said["recs"]:
        return None
    return it if _disordered(dice, dice.choice(it.said["recs"])["rules"], it.said["recs"]) else None


def _rules_swapped(_: Material, it: Declaration, dice: Random) -> Declaration | None:
    rules = dice.choice(it.said["recs"])["rules"] if it.said["recs"] else []
    if len(rules) < 2:
        return None
    a, b = dice.sample(rules, 2)
    a["rhs"], b["rhs"] = b["rhs"], a["rhs"]
    return it


def _disordered(dice: Random, *lists: list[Any]) -> bool:
    chosen = [it for it in dice.choice((lists[:1], lists[1:], lists)) if it]
    for it in chosen:
        dice.choice((list[Any].pop, list[Any].reverse, lambda all_: all_.append(all_[0])))(it)
    return bool(chosen)


_OfOne = Callable[[Material, Declaration, Random], Declaration | None]
_HEADS: tuple[tuple[str, _OfOne], ...] = (
    ("level parameters", _level_params),
    ("the name of another", _name_of_another),
    ("a new name", _new_name),
    ("unsafe", _unsafe),
)
_OF_VALUES: tuple[tuple[str, _OfOne], ...] = (
    *_HEADS,
    ("the type of another", _retargeted),
    ("the proof of another", _proved_by_another),
    ("another kind of declaration", _of_another_kind),
    ("hints", _hints),
)
_OF_TYPES: tuple[tuple[str, _OfOne], ...] = (
    *_HEADS,
    ("counts and flags", _counts),
    ("counts and flags", _counts),
    ("constructors", _constructors),
    ("recursors", _recursors),
    ("rules swapped", _rules_swapped),
)


# --- among declarations, and in the text ---


def _among(material: Material, dice: Random) -> _Done | None:
    declarations = list(material.declarations)
    at = dice.randrange(len(declarations))
    kind = dice.choice(("dropped", "twice", "earlier"))
    if kind == "dropped":
        del declarations[at]
    elif kind == "twice":
        declarations.insert(dice.randrange(at, len(declarations)) + 1, declarations[at])
    elif at:
        declarations.insert(dice.randrange(at), declarations.pop(at))
    else:
        return None
    return kind, material.pool.write(declarations, material.base)


def _text(material: Material, dice: Random) -> _Done | None:
    """Change the text itself: whatever its lines then say or do not say."""
    data = material.pool.write(material.declarations, material.base)
    lines = data.decode("utf-8").splitlines()
    at = dice.randrange(len(lines))
    line, kind = lines[at], dice.choice(("line dropped", "line twice", "digit", "word", "cut"))
    digits = [place for place, it in enumerate(line) if it.isdigit()]
    if kind == "line dropped":
        lines[at : at + 1] = []
    elif kind == "line twice":
        lines.insert(dice.randrange(len(lines)), line)
    elif kind == "cut":
        lines[at:] = [line[: dice.randrange(len(line))]]
    elif kind == "digit" and digits:
        place = dice.choice(digits)
        lines[at] = f"{line[:place]}{dice.randrange(10)}{line[place + 1 :]}"
    else:
        here, there = dice.sample(_WORDS, 2)
        lines[at] = line.replace(here, there)
    made = "".join(f"{it}\n" for it in lines).encode("utf-8")
    return None if made == data else (kind, made)


_WORDS = ("app", "lam", "forallE", "def", "thm", "succ", "max", "imax", "default", "true", "false")


def _written(kind: str, material: Material, at: int, made: list[Declaration]) -> _Done | None:
    declarations = [*material.declarations[:at], *made, *material.declarations[at + 1 :]]
    return kind, material.pool.write(declarations, material.base)
