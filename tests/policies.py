"""Random policies of the language: trees as a parser may give them, and texts near to it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from aidefence import Action
from aidefence.domain.policies import Scope
from aidefence.policy import tree
from aidefence.policy.catalog import SPECS, Parameter, arguments, quoted
from aidefence.policy.cursor import RESERVED
from aidefence.policy.tree import Operator, Unit, Value

_WORD = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}([.-][A-Za-z0-9_]{1,3})?", fullmatch=True).filter(
    lambda it: it not in RESERVED
)
_TEXT = st.text(max_size=12)
_NAME = _WORD | st.text(min_size=1, max_size=8)
_ACTION = st.sampled_from(Action)
_COUNTS = st.integers(0, 2**31 - 1)
_DURATION = st.integers(0, 2**31 - 1).map(lambda it: Value(Unit.DURATION, it))
_PARAMETER = st.from_regex(r"[a-z_][a-z0-9_-]{0,5}", fullmatch=True).map(
    lambda it: Value(Unit.PARAMETER, text=it)
)
_VALUE = st.one_of(
    _COUNTS.map(lambda it: Value(Unit.WHOLE, it)),
    _COUNTS.map(lambda it: Value(Unit.PERCENT, it)),
    st.builds(
        lambda n, c: Value(Unit.MONEY, n, c), _COUNTS, st.sampled_from(["EUR", "USD", "CHF"])
    ),
    _DURATION,
    st.integers(0, 1439).map(lambda it: Value(Unit.CLOCK, it)),
    _TEXT.map(lambda it: Value(Unit.TEXT, text=it)),
    _WORD.map(lambda it: Value(Unit.WORD, text=it)),
    _PARAMETER,
)
_MEMORY = st.builds(tree.Memory, st.sampled_from(Scope), st.booleans())


@st.composite
def _asks(draw: st.DrawFn) -> tree.Ask:
    if draw(st.booleans()):
        return tree.Ask(" ".join(draw(st.lists(_WORD, min_size=1, max_size=3))))
    spec = draw(st.sampled_from([it for it in SPECS if it.parameter is not Parameter.NONE]))
    if spec.parameter is Parameter.QUOTED:
        return tree.Ask(spec.name, quoted(draw(_TEXT)))
    if spec.parameter is Parameter.OFFSET:
        return tree.Ask(spec.name, draw(st.sampled_from(["+02:00", "-03:30"])))
    return tree.Ask(spec.name, draw(st.sampled_from(arguments(spec.parameter))))


_ONE = [
    *(Operator.IS, Operator.IS_NOT, Operator.AT_LEAST, Operator.ABOVE),
    *(Operator.AT_MOST, Operator.BELOW),
]
_MANY = [
    *(Operator.IN, Operator.NOT_IN, Operator.MATCHES),
    *(Operator.STARTS, Operator.ENDS, Operator.CONTAINS),
]


def _compares(subjects: st.SearchStrategy[tree.Ask | tree.CountOf]) -> st.SearchStrategy[Any]:
    lists = st.lists(_VALUE, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(tree.Compare, subjects, st.sampled_from(_ONE), st.tuples(_VALUE)),
        st.builds(tree.Compare, subjects, st.just(Operator.BETWEEN), st.tuples(_VALUE, _VALUE)),
        st.builds(tree.Compare, subjects, st.sampled_from(_MANY), lists),
        st.builds(tree.Compare, subjects, st.sampled_from([Operator.PRESENT, Operator.ABSENT])),
    )


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    back = st.sampled_from([tree.Past.EARLIER, tree.Past.PREVIOUSLY])
    return st.one_of(
        st.builds(tree.Not, inner),
        st.builds(tree.And, parts),
        st.builds(tree.Or, parts),
        st.builds(tree.Implies, inner, inner),
        st.builds(
            tree.Back, st.just(tree.Past.ONCE), inner, st.none() | _DURATION | _PARAMETER, _MEMORY
        ),
        st.builds(tree.Back, back, inner, st.none(), _MEMORY),
        st.builds(tree.Since, inner, inner, _MEMORY),
        st.builds(tree.Ahead, st.sampled_from(tree.Future), inner),
        st.builds(tree.Until, inner, inner),
        st.builds(tree.Release, inner, inner),
        st.builds(tree.Never, inner, inner, st.none() | inner),
        st.builds(lambda a, b: tree.Never(a, before=b), inner, inner),
        st.builds(tree.Follows, inner, inner, _DURATION | _PARAMETER, _MEMORY),
        st.builds(tree.Follows, inner, inner, _COUNTS.map(lambda it: Value(Unit.WHOLE, it))),
        st.builds(
            tree.AtMost, _COUNTS.map(lambda it: Value(Unit.WHOLE, it)), inner, _DURATION, _MEMORY
        ),
        _compares(st.builds(tree.CountOf, inner, _DURATION, _MEMORY)),
    )


EXPRESSIONS: st.SearchStrategy[tree.Expression] = st.recursive(
    st.one_of(
        st.builds(tree.Truth, st.booleans()), st.just(tree.Last()), _asks(), _compares(_asks())
    ),
    _larger,
    max_leaves=8,
)
"""Any condition or formula that can be written."""

_SETTINGS = st.one_of(
    st.builds(tree.Argument, _WORD, st.tuples(_VALUE)),
    st.builds(
        tree.Argument, _WORD, st.lists(_VALUE, min_size=1, max_size=3).map(tuple), st.just(True)
    ),
)
_EXCEPTIONS = st.lists(EXPRESSIONS, max_size=2).map(tuple)
_CLAIMS = st.one_of(
    st.builds(
        tree.Prove,
        st.sampled_from([tree.Claim.ALWAYS, tree.Claim.NEVER]),
        st.just("") | _NAME,
        st.lists(_ACTION, min_size=1, max_size=2).map(tuple),
        st.none() | EXPRESSIONS,
        _EXCEPTIONS,
    ),
    st.builds(
        tree.Prove,
        st.sampled_from([tree.Claim.POSSIBLE, tree.Claim.TRACE]),
        st.just("") | _NAME,
        when=EXPRESSIONS,
    ),
    st.builds(
        tree.Prove,
        st.sampled_from([tree.Claim.ALL_LIVE, tree.Claim.NO_CONFLICT, tree.Claim.COMPLETE]),
        st.just("") | _NAME,
    ),
    st.builds(lambda name, rule: tree.Prove(tree.Claim.LIVE, name, rule=rule), _NAME, _NAME),
    st.builds(lambda it: tree.Prove(tree.Claim.MONOTONE, feature=it), _asks()),
    st.builds(
        lambda claim, than: tree.Prove(claim, than=than),
        st.sampled_from([tree.Claim.REFINES, tree.Claim.EQUIVALENT]),
        _TEXT,
    ),
)
_PRIORITY = st.none() | st.integers(1, 1_000_000)
_ITEMS = st.one_of(
    st.builds(tree.Timezone, st.sampled_from(["+00:00", "+05:45", "-11:00"])),
    st.builds(tree.Default, st.none() | _ACTION),
    st.builds(tree.OnError, _ACTION),
    st.builds(tree.Include, _TEXT),
    st.builds(tree.Use, _NAME, st.just("") | _NAME, st.lists(_SETTINGS, max_size=3).map(tuple)),
    _SETTINGS.map(lambda it: tree.Parameter(it.name, it.values, it.is_list)),
    st.builds(tree.Define, st.lists(_WORD, min_size=1, max_size=3).map(" ".join), EXPRESSIONS),
    st.builds(
        tree.Rule,
        _NAME,
        _ACTION,
        st.none() | EXPRESSIONS,
        _EXCEPTIONS,
        because=_TEXT,
        priority=_PRIORITY,
    ),
    st.builds(
        lambda n, a, f, b: tree.Rule(n, a, breaks=f, because=b), _NAME, _ACTION, EXPRESSIONS, _TEXT
    ),
    _CLAIMS,
)
SOURCES: st.SearchStrategy[tree.Source] = st.builds(
    tree.Source,
    st.none()
    | st.builds(tree.Header, _NAME, st.integers(1, 2**31 - 1))
    | _NAME.map(lambda it: tree.Header(it, is_template=True)),
    st.lists(_ITEMS, max_size=5).map(tuple),
)
"""Any file that can be written, whether it makes sense or not."""

_PIECES = [
    *sorted(RESERVED),
    *("(", ")", ",", ":", ".", ">=", "=", "80%", "5 min", "$12.50", "22:00", "+02:00", '"text"'),
    *("approved", "confidence", "tool.can", "shell", "rule x:", "block", "\n", "# said\n", "$p"),
    *("found(pii)", "every", "followed", "by", "counting", "attempts", "per user", "5", "events"),
]
NEARLY: st.SearchStrategy[str] = st.lists(st.sampled_from(_PIECES), max_size=40).map(" ".join)
"""Texts made of the language's own words in any order."""
