"""What is wrong with a policy is told with its place, what was expected, and what it may mean."""

import pytest

from aidefence import PolicyError
from aidefence.policy.compiling import compile_source

HEAD = "policy p version 1\ndefault allow\non error block\n"
WRONG = {
    "": "1:1: this is not a policy, expected `policy NAME version N` in its first line",
    "policy p": "1:1: the policy does not say its `default`, expected a line such as "
    "`default profile`",
    "policy p version 0": "1:18: this is no such number, expected the version, a whole number "
    "from 1",
    "policy p\ndefault block\ndefault block": "3:1: this is said already, expected it once",
    "polcy p": "1:1: `polcy` is unexpected here, expected `timezone`, `default`, `on`, `include`, "
    "`use`, `parameter`, `define`, `rule` or `prove`",
}
WRONG_RULES = {
    "rule r block": "4:8: `block` is unexpected here, expected `:`",
    "rule r: blok always": "4:9: `blok` is unexpected here, expected an action: allow, flag, "
    "redact, review, block; did you mean `block`?",
    "rule r: block whn approved": "4:15: `whn` is unexpected here, expected `when`, `always` or "
    "`what breaks`; did you mean `when`?",
    "rule r: block when approoved": "4:20: `approoved` is neither a feature nor defined here; "
    "did you mean `approved`?",
    "rule r: block when confidence(promt_injection) > 1%": "4:20: `promt_injection` is no "
    "category, expected `confidence(CATEGORY)`; did you mean `prompt_injection`?",
    "rule r: block when found(pii.ibn)": "4:20: `pii.ibn` is no data class, expected "
    "`found(DATA)`; did you mean `pii.iban`?",
    "rule r: block when matched": "4:20: `matched` lacks its quoted text, expected "
    '`matched("NAME")`',
    "rule r: block when approved(x)": "4:20: `approved` takes nothing in parentheses, expected "
    "`approved`",
    "rule r: block when confidence >= 80": "4:34: `80` is a whole number, expected a percentage "
    "such as `80%`",
    "rule r: block when confidence >= 800%": "4:34: `800%` is more than it can be, expected at "
    "most 100%",
    "rule r: block when confidence >= 80.001%": "4:34: `80.001%` is too exact, expected two "
    "decimals at most",
    "rule r: block when confidence": "4:20: `confidence` is a score and must be compared, "
    "expected a comparison such as `confidence >= 80%`",
    "rule r: block when approved is x": "4:20: `approved` is a flag and compared with nothing, "
    "expected `approved` or `not approved`",
    "rule r: block when severity >= hgh": "4:32: `hgh` is no severity, expected none, low, "
    "medium, high or critical; did you mean `high`?",
    "rule r: block when origin is retreival": "4:30: `retreival` is no origin, expected none, "
    "system, user, assistant, tool, retrieval or memory; did you mean `retrieval`?",
    "rule r: block when origin >= tool": "4:20: `origin` has no order, expected `is`, `is not`, "
    "`in` or `not in`",
    "rule r: block when role is admin": "4:28: `admin` is no text in quotes, expected a text in "
    'quotes; did you mean `"admin"`?',
    'rule r: block when role > "a"': "4:20: `role` is a text and has no order, expected `is`, "
    "`in`, `matches` or `contains`",
    "rule r: block when session.age > 5": "4:34: `5` is a whole number, expected a duration such "
    "as `10 min`",
    "rule r: block when session.spend > 5 EUR and user.spend > $5": "4:59: `USD` beside `EUR`: a "
    "policy knows no exchange rate, expected amounts in EUR",
    "rule r: block when time.of_day > 24:00": "4:34: `24:00` is no time of day, expected 00:00 "
    "to 23:59",
    "rule r: block when session.risk between 9% and 8%": "4:20: the first value is the larger "
    "one, expected the smaller",
    "rule r: block when approved until degraded": "4:29: `approved until degraded` looks ahead, "
    "which no condition can, expected a formula only behind `what breaks` or `on every trace`",
    "rule r: block when count(approved in 5 min)": "4:44: the end of the file is unexpected here, "
    "expected a comparison such as `>= 5`",
    "rule r: block when count(approved in 32 d) > 1": "4:38: `32 d` is no window, expected at "
    "most 31 d, and not nothing",
    "rule r: block when count(approved in 5) > 1": "4:38: this is no duration, expected one such "
    "as `10 min`",
    "rule r: block when once approved per team": "4:38: `team` is unexpected here, expected "
    "`session`, `user`, `tenant`; did you mean `tenant`?",
    "rule r: block what breaks every approved is followed by degraded within 26 events": "4:73: "
    "this is no such length, expected 1 to 25 events, or a duration",
    "rule r priority 5: block what breaks never approved": "4:1: a rule on what breaks a formula "
    "has no priority: it always counts, expected no `priority`",
    "rule r: block always\nrule r: flag always": "5:1: a rule is called `r` already, expected "
    "another name, or `as NAME` behind `use`",
    "rule profile-block: block always": "4:1: `profile-block` stands for the profile, expected "
    "another name",
    "define approved as degraded": "4:1: `approved` is the name of a feature, expected another "
    "name",
    "define x as degraded\ndefine x as approved": "5:1: `x` is defined already, expected another "
    "name",
    "define x as y\ndefine y as x\nrule r: block when x": "5:13: `x` is defined by itself, "
    "expected another name",
    "define no mail as approved": "4:8: `no` is a word of the language, expected a name of other "
    "words, then `as`",
    "parameter x = 5": "4:1: only a template has parameters, expected `define`",
    "rule r: block when confidence > $x": "4:33: there is no parameter `$x`",
    "use unheard-of": "4:1: no template is called `unheard-of`",
    'include "other.pdl"': "4:1: no files can be included here, so not `other.pdl`",
    "prove rule x can fire": "4:1: no rule is called `x`",
    "prove alwys block": "4:7: `alwys` is unexpected here, expected a claim: `always`, `never`, "
    "`possible`, `rule`, `every rule can fire`, `no conflict`, `complete`, `monotone in`, `at "
    "most`, `on every trace`, `allows no more than`, `decides the same as`; did you mean `always`?",
    "prove monotone in role": "4:19: `role` has no order, expected a feature that is a number or "
    "a flag",
    "prove a: complete\nprove a: complete": "5:1: a claim is called `a` already, expected "
    "another name",
    'rule r: block when role is "admin': "4:28: the text in quotes does not end in its line, "
    'expected a closing `"`; a `"` inside is written `\\"`',
    "rule r: block when approved & degraded": "4:29: the sign '&' means nothing here, expected "
    "words, numbers or signs",
    "rule r: block when (approved": "4:29: the end of the file is unexpected here, expected `)`",
}


@pytest.mark.parametrize(
    ("text", "told"),
    [*WRONG.items(), *((HEAD + text, told) for text, told in WRONG_RULES.items())],
)
def test_errors_are_told_in_these_words(text: str, told: str) -> None:
    with pytest.raises(PolicyError) as refused:
        compile_source(text)
    assert str(refused.value) == f"policy.pdl:{told}"


def test_what_grows_by_definitions_is_refused_before_it_is_built() -> None:
    doubled = "define d0 as approved and degraded\n" + "".join(
        f"define d{at} as d{at - 1} and not d{at - 1}\n" for at in range(1, 40)
    )
    with pytest.raises(PolicyError, match=r"are more than 200000|are more than 64"):
        compile_source(f"{HEAD}{doubled}rule r: block when d39")


def test_long_chains_of_definitions_are_refused() -> None:
    chain = "define d0 as approved\n" + "".join(
        f"define d{at} as not (d{at - 1} or degraded)\n" for at in range(1, 5_000)
    )
    with pytest.raises(PolicyError, match="too deep"):
        compile_source(f"{HEAD}{chain}rule r: block when d4999")


def test_errors_in_a_template_name_its_file() -> None:
    class Only:
        def include(self, path: str) -> str:
            raise LookupError(path)

        def template(self, name: str) -> str:
            assert name == "t"
            return "template t\nrule r: block when aproved"

        def templates(self) -> tuple[str, ...]:
            return ("t",)

    with pytest.raises(PolicyError, match=r"^t\.pdl:2:20: `aproved` is neither"):
        compile_source(f"{HEAD}use t", sources=Only())
    with pytest.raises(PolicyError, match=r"^policy\.pdl:4:12: `t` has no parameter `x`"):
        compile_source(f"{HEAD}use t with x = 5", sources=Only())
