from __future__ import annotations

import threading

import pytest

from aidefence.domain.errors import ConfigError
from aidefence.engine import Theory, check_proof

THEORY = b"""\
{"meta":{"exporter":{"name":"test","version":"3.1.0"},"format":{"version":"3.1.0"},\
"lean":{"githash":"0","version":"4.28.0"}}}
{"in":1,"str":{"pre":0,"str":"True"}}
{"in":2,"str":{"pre":1,"str":"intro"}}
{"in":3,"str":{"pre":1,"str":"rec"}}
{"in":4,"str":{"pre":0,"str":"u"}}
{"in":5,"str":{"pre":0,"str":"x"}}
{"il":1,"param":4}
{"ie":0,"sort":0}
{"ie":1,"const":{"name":1,"us":[]}}
{"ie":2,"const":{"name":2,"us":[]}}
{"ie":3,"sort":1}
{"ie":4,"forallE":{"name":5,"type":1,"body":3,"binderInfo":"default"}}
{"ie":5,"bvar":0}
{"ie":6,"app":{"fn":5,"arg":2}}
{"ie":7,"bvar":2}
{"ie":8,"app":{"fn":7,"arg":5}}
{"ie":9,"forallE":{"name":5,"type":1,"body":8,"binderInfo":"default"}}
{"ie":10,"forallE":{"name":5,"type":6,"body":9,"binderInfo":"default"}}
{"ie":11,"forallE":{"name":5,"type":4,"body":10,"binderInfo":"implicit"}}
{"ie":12,"lam":{"name":5,"type":6,"body":5,"binderInfo":"default"}}
{"ie":13,"lam":{"name":5,"type":4,"body":12,"binderInfo":"default"}}
{"inductive":{"types":[{"name":1,"levelParams":[],"type":0,"all":[1],"ctors":[2],"isRec":false,\
"isReflexive":false,"numIndices":0,"numNested":0,"numParams":0,"isUnsafe":false}],\
"ctors":[{"name":2,"levelParams":[],"type":1,"isUnsafe":false,"cidx":0,"numParams":0,\
"numFields":0,"induct":1}],"recs":[{"name":3,"levelParams":[4],"type":11,"isUnsafe":false,\
"numParams":0,"numIndices":0,"numMotives":1,"numMinors":1,\
"rules":[{"ctor":2,"nfields":0,"rhs":13}],"all":[1],"k":true}]}}
"""
DELTA = b"""\
{"in":6,"str":{"pre":0,"str":"Cert"}}
{"in":7,"str":{"pre":6,"str":"t"}}
{"thm":{"name":7,"levelParams":[],"type":1,"value":2,"all":[]}}
"""


def test_a_true_delta_is_accepted() -> None:
    theory = Theory.load(THEORY)
    judged = theory.check(DELTA, prefix="Cert")
    assert judged.accepted
    assert judged.declarations == ("Cert.t",)
    assert judged.axioms_used == ()
    assert 0 < judged.steps < theory.steps
    assert theory.declarations == ("True", "True.intro", "True.rec")
    assert check_proof(THEORY, DELTA, prefix="Cert") == judged


@pytest.mark.parametrize(
    ("change", "cause", "word"),
    [
        ((b'"value":2', b'"value":0'), "wrong", "another type"),
        ((b'"value":2', b'"value":99'), "malformed", "number 99"),
        ((b'"value":2', b'"value":5'), "wrong", "outside its binder"),
        ((b'"in":7', b'"in":8'), "malformed", "where 7 is next"),
        ((b'"str":"Cert"', b'"str":"Other"'), "malformed", "not under `Cert`"),
        ((b'"thm"', b'"axiom"'), "malformed", "only definitions and theorems"),
        ((b',"value":2', b""), "malformed", "`value`"),
        ((b'"all":[]', b'"all":[],"x":1'), "malformed", "unknown key `x`"),
        ((b'"t"', b'"\xff"'), "malformed", "UTF-8"),
    ],
)
def test_what_does_not_follow_is_refused_with_a_reason(
    change: tuple[bytes, bytes], cause: str, word: str
) -> None:
    judged = Theory.load(THEORY).check(DELTA.replace(*change), prefix="Cert")
    assert not judged.accepted
    assert (judged.cause, judged.declarations, judged.axioms_used) == (cause, (), ())
    assert word in judged.reason


def test_a_refusal_names_line_and_declaration() -> None:
    judged = Theory.load(THEORY).check(DELTA.replace(b'"value":2', b'"value":0'), prefix="Cert")
    assert judged.reason.startswith("line 3: `Cert.t`: ")
    assert judged.steps > 0


def test_a_theory_that_does_not_follow_is_a_broken_part() -> None:
    with pytest.raises(ConfigError, match=r"line 22: `True`: `True\.rec` counts wrongly"):
        Theory.load(THEORY.replace(b'"k":true', b'"k":false'))


def test_an_axiom_that_nobody_knows_cannot_be_permitted() -> None:
    with pytest.raises(ConfigError, match="axiom `sorryAx` is not known"):
        Theory.load(THEORY, axioms=("propext", "sorryAx"))


def test_limits_are_kept() -> None:
    theory = Theory.load(THEORY)
    assert theory.check(DELTA, prefix="Cert", steps_max=1).cause == "limit"
    assert theory.check(DELTA, prefix="Cert", memory_max=100).cause == "limit"
    with pytest.raises(ConfigError, match="more than 10 steps"):
        Theory.load(THEORY, steps_max=10)


def test_an_empty_delta_declares_nothing() -> None:
    assert Theory.load(THEORY).check(b"", prefix="Cert").declarations == ()


def test_threads_share_a_theory() -> None:
    theory = Theory.load(THEORY)
    answers = []

    def check() -> None:
        answers.append(theory.check(DELTA, prefix="Cert"))

    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 1
    assert answers[0].accepted
