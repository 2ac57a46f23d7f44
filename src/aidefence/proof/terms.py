"""Writes terms of the theory in the public export format, each expression once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aidefence.proof.theory import Theory

_ROOT = "AIDefence."


class Terms:
    """A continuation of a theory, line by line."""

    def __init__(self, theory: Theory) -> None:
        self._theory = theory
        self.lines: list[str] = []
        # What is used here; what the theory has keeps its number there.
        self._names: dict[str, int] = {}
        self._levels: dict[str, int] = {}
        self._expressions: dict[str, int] = {}
        self._next_name = max(theory.names.values()) + 1
        self._next_level = len(theory.levels) + 1
        self._next_expression = len(theory.expressions)
        self._concluded: dict[tuple[str, tuple[int, ...]], tuple[int, int]] = {}
        self.one = self._level('"succ":0')

    # --- expressions ---

    def constant(self, name: str, *levels: int) -> int:
        """A constant by its whole name."""
        shown = ",".join(map(str, levels))
        return self._expression(f'"const":{{"name":{self._name(name)},"us":[{shown}]}}')

    def ours(self, name: str) -> int:
        """A constant of our theory."""
        return self.constant(_ROOT + name)

    def apply(self, function: int, *arguments: int) -> int:
        """Apply a function to arguments."""
        for it in arguments:
            function = self._expression(f'"app":{{"fn":{function},"arg":{it}}}')
        return function

    def number(self, value: int) -> int:
        """A natural number."""
        return self._expression(f'"natVal":"{value}"')

    def truth(self, value: bool) -> int:  # noqa: FBT001 -- a value, not an option
        """A Boolean."""
        return self.constant("Bool.true" if value else "Bool.false")

    def list_of(self, kind: int, items: Sequence[int], rest: int | None = None) -> int:
        """A list of items of a type, before the rest of it."""
        cons = self.apply(self.constant("List.cons", 0), kind)
        written = self.apply(self.constant("List.nil", 0), kind) if rest is None else rest
        for it in reversed(items):
            written = self.apply(cons, it, written)
        return written

    def is_true(self, value: int) -> int:
        """The statement that a Boolean is true."""
        equal = self.constant("Eq", self.one)
        return self.apply(equal, self.constant("Bool"), value, self.truth(True))

    def by_computation(self) -> int:
        """The proof that a Boolean is true which the checker finds by computing it."""
        return self.apply(
            self.constant("Eq.refl", self.one), self.constant("Bool"), self.truth(True)
        )

    # --- declarations ---

    def define(self, name: str, kind: int, value: int) -> int:
        """Define a constant."""
        self.lines.append(
            f'{{"def":{{"name":{self._name(name)},"levelParams":[],"type":{kind},"value":{value},'
            '"hints":"abbrev","safety":"safe","all":[]}}'
        )
        return self.constant(name)

    def state(self, name: str, statement: int, proof: int) -> None:
        """State a theorem and give its proof."""
        self.lines.append(
            f'{{"thm":{{"name":{self._name(name)},"levelParams":[],"type":{statement},'
            f'"value":{proof},"all":[]}}}}'
        )

    def conclude(self, name: str, theorem: str, arguments: Sequence[int]) -> None:
        """State what a theorem of the theory says of these arguments, and prove it by it."""
        whole = _ROOT + theorem
        key = theorem, tuple(arguments)
        if key in self._concluded:
            self.state(name, *self._concluded[key])
            return
        conclusion = self._theory.type_of(whole)
        for _ in arguments:
            conclusion = self._theory.node(conclusion)["forallE"]["body"]
        statement = self._instantiated(conclusion, tuple(reversed(arguments)), 0, {})
        self.state(name, statement, self.apply(self.constant(whole), *arguments))
        # What is claimed twice is proved once.
        self._concluded[key] = statement, self.constant(name)

    def _instantiated(
        self, expression: int, values: Sequence[int], depth: int, known: dict[tuple[int, int], int]
    ) -> int:
        """Put closed values for the variables that a conclusion leaves open."""
        key = (expression, depth)
        if key in known:
            return known[key]
        node = self._theory.node(expression)
        [(kind, parts)] = node.items()
        result = expression
        if kind == "bvar":
            result = self._variable(parts, values, depth)
        elif kind == "app":
            function, argument = (
                self._instantiated(parts[it], values, depth, known) for it in ("fn", "arg")
            )
            result = self.apply(function, argument)
        elif kind in ("lam", "forallE"):
            changed = {
                **parts,
                "type": self._instantiated(parts["type"], values, depth, known),
                "body": self._instantiated(parts["body"], values, depth + 1, known),
            }
            result = self._expression(_written(kind, changed))
        elif kind == "proj":
            changed = {**parts, "struct": self._instantiated(parts["struct"], values, depth, known)}
            result = self._expression(_written(kind, changed))
        elif kind not in ("const", "sort", "natVal", "strVal"):
            raise ValueError(f"a conclusion with `{kind}` cannot be instantiated")
        known[key] = result
        return result

    def _variable(self, index: int, values: Sequence[int], depth: int) -> int:
        if index < depth:
            return self._expression(f'"bvar":{index}')
        if index - depth < len(values):
            return values[index - depth]
        raise ValueError("a conclusion speaks of a variable that is bound nowhere")

    # --- tables ---

    def _name(self, name: str) -> int:
        number = self._theory.names.get(name, self._names.get(name))
        if number is None:
            before, _, last = name.rpartition(".")
            prefix = self._name(before)
            number = self._names[name] = self._next_name
            self._next_name += 1
            shown = json.dumps(last, ensure_ascii=False)
            self.lines.append(f'{{"in":{number},"str":{{"pre":{prefix},"str":{shown}}}}}')
        return number

    def _level(self, body: str) -> int:
        number = self._theory.levels.get(body, self._levels.get(body))
        if number is None:
            number = self._levels[body] = self._next_level
            self._next_level += 1
            self.lines.append(f'{{"il":{number},{body}}}')
        return number

    def _expression(self, body: str) -> int:
        number = self._expressions.get(body)
        if number is None:
            number = self._theory.expressions.find(body)
            if number is None:
                number = self._next_expression
                self._next_expression += 1
                self.lines.append(f'{{"ie":{number},{body}}}')
            self._expressions[body] = number
        return number


def _written(kind: str, parts: dict[str, Any]) -> str:
    return f'"{kind}":' + json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
