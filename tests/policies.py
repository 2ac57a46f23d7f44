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

_FLAG = [
    *("approved", "degraded", "found(pii)", "found(secret.jwt)", "taint.untrusted"),
    *("tool.can(shell)", "any_origin(tool)", 'fact("minor")', 'degraded("tier3")'),
]
_COMPARISON = [
    *("confidence >= 80%", "confidence(jailbreak from tool) between 10% and 20.5%"),
    *("severity is not none", "origin in (tool, memory)", "time.of_day between 22:00 and 06:00"),
    *("time.weekday between friday and monday", "session.spend > 12.50 EUR", "session.age <= 2 h"),
    *('role is "admin"', 'role in ("admin", "guest")', 'role matches ("a*", "?b")'),
    *('tool.argument("n") > 5', 'tool.argument("n") is absent', 'tool.argument("n") contains "x"'),
    *("profile.action < block", "text.length >= 10_000", "category is none"),
]


def _sensible(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    part = inner.map(lambda it: f"({it})")
    memory = st.sampled_from(["", " per user", " per tenant counting attempts"])
    back = st.sampled_from(["once", "earlier", "previously", "not"])
    return st.one_of(
        st.builds(lambda a, b, c: f"{a} and {b} and {c}", part, part, part),
        st.builds(lambda a, b: f"{a} or {b}", part, part),
        st.builds(lambda a, b: f"{a} implies {b}", part, part),
        st.builds(lambda a, b, m: f"{a} since {b}{m}", part, part, memory),
        st.builds(lambda how, a: f"{how} {a}", back, part),
        st.builds(lambda a, m: f"once {a} within 10 s{m}", part, memory),
        st.builds(
            lambda a, m, n: f"count({a} in 1 min{m}) >= {n}", part, memory, st.integers(0, 9)
        ),
    )


CONDITIONS: st.SearchStrategy[str] = st.recursive(
    st.sampled_from([*_FLAG, *_COMPARISON]),
    _sensible,
    max_leaves=5,
)
"""Conditions that make sense."""

_FORMULAS = st.one_of(
    st.builds(lambda a: f"never ({a})", CONDITIONS),
    st.builds(lambda a, b: f"never ({a}) after ({b})", CONDITIONS, CONDITIONS),
    st.builds(
        lambda a, b, c: f"never ({a}) after ({b}) until ({c})", CONDITIONS, CONDITIONS, CONDITIONS
    ),
    st.builds(lambda a, b: f"never ({a}) before ({b})", CONDITIONS, CONDITIONS),
    st.builds(
        lambda a, b, n: f"every ({a}) is followed by ({b}) within {n}",
        CONDITIONS,
        CONDITIONS,
        st.sampled_from(["1 event", "3 events", "10 s", "2 min per user"]),
    ),
    st.builds(lambda a, n: f"at most {n} ({a}) in 10 s per user", CONDITIONS, st.integers(1, 5)),
    st.builds(lambda a, b: f"always (({a}) implies weak next ({b}))", CONDITIONS, CONDITIONS),
    st.builds(lambda a, b: f"({a}) until ({b})", CONDITIONS, CONDITIONS),
)
_ACTIONS = st.sampled_from([it.value for it in Action])


@st.composite
def policies(draw: st.DrawFn) -> str:
    """Write a policy that makes sense, with rules and claims of every kind."""
    default = draw(st.sampled_from(["profile", "allow", "review"]))
    said = [f"policy p version {draw(st.integers(1, 9))}", f"default {default}", "on error block"]
    said += [f"define thing {n} as {draw(CONDITIONS)}" for n in ("a", "b")]
    for number in range(draw(st.integers(0, 5))):
        action = draw(_ACTIONS)
        if draw(st.booleans()):
            priority = draw(st.integers(1, 3))
            unless = draw(st.sampled_from(["", " unless thing a", " unless approved"]))
            said.append(
                f"rule r{number} priority {priority}: {action} when {draw(CONDITIONS)}{unless}"
            )
        else:
            said.append(f"rule r{number}: {action} what breaks {draw(_FORMULAS)}")
    said.append(f"prove always {draw(_ACTIONS)} when thing b and {draw(CONDITIONS)}")
    said.append(f"prove on every trace {draw(_FORMULAS)}")
    return "\n".join(said)
