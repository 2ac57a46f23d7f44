"""Has a language model propose a rule for a phrase, and believes nothing before it is checked.

What it proposes goes through the parser and the compiler like any policy; where that fails, the
model is told why and tries again, within a budget. Whoever asked sees the rule and its paraphrase.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from aidefence.domain.enums import Action
from aidefence.domain.errors import PolicyError
from aidefence.policy.catalog import SPECS
from aidefence.policy.compiling import compile_tree
from aidefence.policy.parsing import parse
from aidefence.policy.phrases.reading import RULE_ID, Outcome, Reading, Refused, Understood
from aidefence.policy.phrases.words import PHRASE_LEN_MAX
from aidefence.policy.tree import Default, Header, OnError, Rule, Source
from aidefence.ports.proposing import Proposer, Said, Speaker

_FENCED = re.compile(r"```[a-z]*\n(.*?)```", re.DOTALL)
_PROPOSED_LEN_MAX = 4_000
_NOTE = "proposed by a language model: see that the paraphrase is what you meant"


@dataclass(frozen=True, slots=True)
class ProposalBudget:
    """What a proposal may cost."""

    tries: int = 3
    tokens_max: int = 10_000


def propose(
    phrase: str,
    proposer: Proposer,
    *,
    budget: ProposalBudget | None = None,
    rule_id: str = RULE_ID,
) -> Outcome:
    """Ask the model for a rule that says what the phrase says.

    Raises:
        UnavailableError: the model does not answer, or not so that it can be read.
        DeadlineError: it did not answer in time.

    """
    if not 0 < len(phrase) <= PHRASE_LEN_MAX:
        return Refused(f"a phrase has 1 to {PHRASE_LEN_MAX} characters")
    limits = budget or ProposalBudget()
    said = [Said(Speaker.SYSTEM, _instructions()), Said(Speaker.USER, phrase)]
    spent, problem = 0, "no attempt was made"
    for _ in range(limits.tries):
        answered = proposer.answer(said)
        spent += answered.tokens
        try:
            return Understood(Reading(_checked(answered.text, rule_id), (_NOTE,)))
        except PolicyError as error:
            problem = str(error)
        if spent >= limits.tokens_max:
            return Refused(f"the model used up its {limits.tokens_max} tokens: {problem}")
        said += [
            Said(Speaker.ASSISTANT, answered.text[:_PROPOSED_LEN_MAX]),
            Said(Speaker.USER, f"This is no such rule: {problem}. Answer with the mended rule."),
        ]
    return Refused(f"the model proposed no rule that makes sense: {problem}")


def _checked(text: str, rule_id: str) -> Rule:
    """Read the one rule that was proposed, and see that it makes sense by itself."""
    if len(text) > _PROPOSED_LEN_MAX:
        raise PolicyError("proposal", 1, 1, "it is too long", "one rule")
    fenced = _FENCED.search(text)
    source = parse(fenced[1] if fenced else text, file="proposal")
    rules = [it for it in source.items if isinstance(it, Rule)]
    if source.header is not None or len(rules) != 1 or len(source.items) != 1:
        raise PolicyError("proposal", 1, 1, "it is more or less than one rule", "one `rule`")
    rule = replace(rules[0], id=rule_id)
    around = (Default(Action.ALLOW), OnError(Action.BLOCK))
    compile_tree(Source(Header("proposal"), (*around, rule), "proposal"))
    return rule


def _instructions() -> str:
    names = "\n".join(f"- {it.pattern}: {it.meaning}" for it in SPECS)
    return _INSTRUCTIONS.format(actions=", ".join(Action), names=names)


_INSTRUCTIONS = """\
You translate what a person says into one rule of a policy language. Answer with the rule alone.

    rule NAME:
        ACTION when CONDITION
        unless CONDITION

ACTION is one of {actions}. A rule may say `ACTION what breaks at most 5 CONDITION in 1 h per user`
or `ACTION what breaks never CONDITION after CONDITION until CONDITION` in place of `when`.
Conditions are joined with `and`, `or`, `not` and parentheses, and compare with is, is not, in (..),
>=, >, <=, <, between .. and .., matches "..", starts with "..", ends with "..", contains "..".
Percentages are written 80%, money 5.00 USD, durations 10 min, times 09:30. `once X` looks back.

What a condition can ask about:
{names}

Say exactly what the person says. If it cannot be said with these names, answer with the word none.
"""
