"""Reads the text of a policy into a tree."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from aidefence.policy.cursor import RESERVED
from aidefence.policy.expressions import Expressions
from aidefence.policy.image import PRIORITY_MAX
from aidefence.policy.lexing import Remark, Sort, Token, Tokens, cut
from aidefence.policy.tree import (
    Argument,
    AtMost,
    Claim,
    Comment,
    Default,
    Define,
    Expression,
    Header,
    Include,
    Item,
    OnError,
    Parameter,
    Prove,
    Rule,
    Source,
    Timezone,
    Unit,
    Use,
    Value,
)

ITEMS_MAX = 20_000
_DEFAULTS = ("allow", "flag", "redact", "review", "block", "profile")


def parse(text: str, *, file: str = "policy.pdl") -> Source:
    """Read the text of a policy into a tree.

    Raises:
        PolicyError: it is none; says where and what was expected.

    """
    return _Parser(cut(text, file)).source()


def parse_condition(text: str, *, file: str = "condition") -> Expression:
    """Read one condition or formula.

    Raises:
        PolicyError: it is none; says where and what was expected.

    """
    parser = _Parser(cut(text, file))
    found = parser.expression()
    parser.expect(Sort.END, "the end of the condition")
    return found


def parse_value(text: str, *, file: str = "value") -> Value:
    """Read one value with its unit.

    Raises:
        PolicyError: it is none; says where and what was expected.

    """
    parser = _Parser(cut(text, file))
    found = parser.value()
    parser.expect(Sort.END, "the end of the value")
    return found


class _Parser(Expressions):
    def __init__(self, tokens: Tokens) -> None:
        super().__init__(tokens)
        self._remarks = tokens.remarks
        self._lines: list[int] = []
        self._items: dict[str, Callable[[Token], Item]] = {
            "timezone": self._timezone,
            "default": self._default,
            "on": self._on_error,
            "include": self._include,
            "use": self._use,
            "parameter": self._parameter,
            "define": self._define,
            "rule": self._rule,
            "prove": self._prove,
        }
        # One that begins with the words of another stands before it.
        self._claims: dict[Claim, Callable[[Prove], Prove]] = {
            Claim.ALWAYS: self._decides,
            Claim.NEVER: self._decides,
            Claim.POSSIBLE: self._of_expression,
            Claim.ALL_LIVE: _complete,
            Claim.LIVE: self._of_rule,
            Claim.NO_CONFLICT: _complete,
            Claim.COMPLETE: _complete,
            Claim.MONOTONE: self._of_feature,
            Claim.AT_MOST: self._of_rate,
            Claim.TRACE: self._of_expression,
            Claim.REFINES: self._of_other,
            Claim.EQUIVALENT: self._of_other,
        }

    def source(self) -> Source:
        header = self._header() if self.is_word("policy") or self.is_word("template") else None
        items: list[Item] = []
        while self.token.sort is not Sort.END:
            items.append(self._item())
            if len(items) > ITEMS_MAX:
                raise self.error(f"the file says more than {ITEMS_MAX} things")
        comments = _comments(self._remarks, self._lines, self.index)
        return Source(header, tuple(items), self.file, comments)

    def _begin(self) -> None:
        """Remember that a formatted file begins a line here."""
        self._lines.append(self.index)

    def _header(self) -> Header:
        self._begin()
        first = self.take()
        name = self.id("the name of the policy").text
        version = 1
        if first.text == "policy" and self.took_word("version"):
            version = self._counted("the version, a whole number from 1", 1)
        return Header(name, version, first.text == "template", first.at)

    def _item(self) -> Item:
        read = self._items.get(self.token.text) if self.token.sort is Sort.WORD else None
        if read is None:
            known = [f"`{it}`" for it in self._items]
            raise self.unexpected(f"{', '.join(known[:-1])} or {known[-1]}", self._items)
        self._begin()
        return read(self.take())

    def id(self, expected: str) -> Token:
        """Read the name of a rule, a policy or a claim: one word, or a text in quotes."""
        if self.token.sort is Sort.TEXT and self.token.text:
            return self.take()
        return self.expect(Sort.WORD, expected)

    def _counted(self, expected: str, least: int, most: int = 2**31 - 1) -> int:
        found = self.value(expected)
        if found.unit is not Unit.WHOLE or not least <= found.number <= most:
            raise self.error("this is no such number", expected, at=found.at)
        return found.number

    # --- settings --------------------------------------------------------------------------------

    def _timezone(self, first: Token) -> Timezone:
        if self.took_word("UTC"):
            return Timezone("+00:00", first.at)
        return Timezone(self.expect(Sort.OFFSET, "`UTC` or an offset as `+02:00`").text, first.at)

    def _default(self, first: Token) -> Default:
        if self.took_word("profile"):
            return Default(None, first.at)
        if self.token.text not in _DEFAULTS:
            raise self.unexpected(f"{', '.join(_DEFAULTS[:-1])} or profile", _DEFAULTS)
        return Default(self.action(), first.at)

    def _on_error(self, first: Token) -> OnError:
        self.expect_word("error")
        return OnError(self.action(), first.at)

    def _include(self, first: Token) -> Include:
        return Include(self.expect(Sort.TEXT, "the file's name in quotes").text, first.at)

    def _use(self, first: Token) -> Use:
        template = self.id("the name of a template").text
        prefix = self.id("a name to put before its rules").text if self.took_word("as") else ""
        arguments: list[Argument] = []
        if self.took_word("with"):
            arguments.append(self._argument_of_use())
            while self.took_symbol(","):
                arguments.append(self._argument_of_use())
        return Use(template, prefix, tuple(arguments), first.at)

    def _argument_of_use(self) -> Argument:
        name = self.expect(Sort.WORD, "the name of a parameter")
        self.expect_symbol("=")
        is_list = self.is_symbol("(")
        values = self.values() if is_list else (self.value(),)
        return Argument(name.text, values, is_list, name.at)

    def _parameter(self, first: Token) -> Parameter:
        name = self.expect(Sort.WORD, "the name of the parameter").text
        self.expect_symbol("=")
        is_list = self.is_symbol("(")
        values = self.values() if is_list else (self.value(),)
        return Parameter(name, values, is_list, first.at)

    def _define(self, first: Token) -> Define:
        words: list[str] = []
        while not self.is_word("as"):
            if self.token.sort is Sort.WORD and self.token.text in RESERVED:
                message = f"{self.token.shown()} is a word of the language"
                raise self.error(message, "a name of other words, then `as`")
            words.append(self.expect(Sort.WORD, "a name, then `as`").text)
        if not words:
            raise self.unexpected("a name, then `as`")
        self.expect_word("as")
        return Define(" ".join(words), self.expression(), first.at)

    # --- rules and claims ------------------------------------------------------------------------

    def _rule(self, first: Token) -> Rule:
        name = self.id("the name of the rule").text
        priority = None
        if self.took_word("priority"):
            expected = f"a priority, a whole number from 1 to {PRIORITY_MAX}"
            priority = self._counted(expected, 1, PRIORITY_MAX)
        self.expect_symbol(":")
        self._begin()
        action = self.action()
        when = breaks = None
        if self.took_word("what", "breaks"):
            breaks = self.expression()
        elif self.took_word("when"):
            when = self.expression()
        elif not self.took_word("always"):
            raise self.unexpected("`when`, `always` or `what breaks`", ["when", "always", "what"])
        if breaks is not None and not isinstance(breaks, AtMost) and priority is not None:
            message = "a rule on what breaks a formula has no priority: it always counts"
            raise self.error(message, "no `priority`", at=first.at)
        is_plain = breaks is None or isinstance(breaks, AtMost)
        unless = self._exceptions(in_lines=True) if is_plain else ()
        because = ""
        if self.is_word("because"):
            self._begin()
            self.take()
            because = self.expect(Sort.TEXT, "the reason in quotes").text
        return Rule(name, action, when, unless, breaks, because, priority, first.at)

    def _exceptions(self, *, in_lines: bool) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while self.is_word("unless"):
            if in_lines:
                self._begin()
            self.take()
            found.append(self.expression())
        return tuple(found)

    def _prove(self, first: Token) -> Prove:
        name = ""
        if self.token.sort in {Sort.WORD, Sort.TEXT} and self.ahead().text == ":":
            name = self.take().text
            self.take()
        for claim, read in self._claims.items():
            if self.took_word(*claim.value.split()):
                return read(Prove(claim, name, at=first.at))
        claims = [it.value for it in Claim]
        raise self.unexpected(
            f"a claim: {', '.join(f'`{it}`' for it in claims)}", [it.split()[0] for it in claims]
        )

    def _of_expression(self, begun: Prove) -> Prove:
        return replace(begun, when=self.expression())

    def _of_rate(self, begun: Prove) -> Prove:
        self.index -= len(Claim.AT_MOST.value.split())
        return replace(begun, when=self.at_most())

    def _of_rule(self, begun: Prove) -> Prove:
        rule = self.id("the name of a rule").text
        self.expect_word("can", "fire")
        return replace(begun, rule=rule)

    def _of_feature(self, begun: Prove) -> Prove:
        return replace(begun, feature=self.ask("a feature"))

    def _of_other(self, begun: Prove) -> Prove:
        return replace(begun, than=self.expect(Sort.TEXT, "the other policy, in quotes").text)

    def _decides(self, begun: Prove) -> Prove:
        actions = [self.action()]
        while self.took_word("or"):
            actions.append(self.action())
        when = self.expression() if self.took_word("when") else None
        unless = self._exceptions(in_lines=False)
        return replace(begun, actions=tuple(actions), when=when, unless=unless)


def _complete(begun: Prove) -> Prove:
    return begun


def _comments(remarks: Sequence[Remark], lines: list[int], end: int) -> tuple[Comment, ...]:
    """Say to which line of a formatted file each comment belongs.

    One in the middle of a line goes before it; so do all but the last that trail it.
    """
    found: list[Comment] = []
    taken: set[int] = set()
    for remark in reversed(remarks):
        begins = bisect_right(lines, remark.token) - 1
        if remark.trails and lines:
            line = max(0, bisect_right(lines, remark.token - 1) - 1)
            found.append(Comment(remark.text, line, trails=line not in taken))
            taken.add(line)
        elif remark.token == end or not lines:
            found.append(Comment(remark.text, len(lines)))
        else:
            found.append(Comment(remark.text, max(0, begins)))
    return tuple(reversed(found))
