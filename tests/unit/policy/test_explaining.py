"""An explanation shows every rule at work, by requests that the real evaluator decided."""

from aidefence import Action
from aidefence.policy.compiling import compile_source
from aidefence.policy.explaining import explain
from aidefence.policy.facts import values_of_facts
from aidefence.policy.seeking import Search
from aidefence.policy.trials import Judge

HEAD = "policy p version 1\ndefault allow\non error block\n"


def test_every_rule_is_shown_with_a_request_nearly_like_it() -> None:
    compiled = compile_source(
        HEAD + "define sure as confidence >= 80%\n"
        'rule a: block when sure and role is "guest"\n'
        "rule b: review when previously approved\n"
        "rule c: flag what breaks at most 2 degraded in 1 min\n"
        "rule d priority 5: block when sure and not sure\n"
        "rule e priority 7: flag when once approved"
    )
    found = explain(compiled)
    shown = [(dict(it.facts), it.action.value, it.rules, it.times) for it in found.examples]
    assert shown == [
        ({}, "allow", ("default",), 1),
        ({"confidence": "80%", "role": "guest"}, "block", ("a",), 1),
        ({"confidence": "79.99%", "role": "guest"}, "allow", ("default",), 1),
        ({"approved": "yes"}, "review", ("b",), 2),
        ({"degraded": "yes"}, "flag", ("c",), 3),
        ({"approved": "yes"}, "flag", ("e",), 1),
    ]
    assert found.unshown == ("d",)
    assert [it.id for it in found.told] == ["p", "", "", "sure", "a", "b", "c", "d", "e"]
    assert [it.kind for it in found.asks] == [
        *("score", "text", "flag", "memory", "flag", "memory", "memory")
    ]


def test_a_rule_behind_another_is_shown_where_that_does_not_decide() -> None:
    compiled = compile_source(
        HEAD + "rule first priority 900: allow when found(pii) or approved\n"
        "rule second: block when found(pii) or degraded"
    )
    by = {it.rules[0]: it for it in explain(compiled).examples if it.action is Action.BLOCK}
    assert dict(by["second"].facts) == {"degraded": "yes"}


def test_what_is_shown_is_what_the_evaluator_says() -> None:
    compiled = compile_source(HEAD + "rule a: block when severity >= high unless approved")
    judge = Judge(compiled.image)
    for example in explain(compiled).examples:
        facts = {it: {"yes": True}.get(value, value) for it, value in example.facts.items()}
        values = values_of_facts(compiled.image.features, facts)
        assert judge.ruled(values, None, 0)[0].action is example.action


def test_the_search_gives_up_in_time() -> None:
    hard = " and ".join(
        f'(fact("a{at}") or fact("b{at}")) and (not fact("a{at}") or not fact("b{at}"))'
        for at in range(60)
    )
    image = compile_source(f"{HEAD}rule a: block when {hard} and degraded and not degraded").image
    assert Search(image.features).request([(image.rules[0].when, True)]) is None
