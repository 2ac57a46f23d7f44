"""Our checker beside Lean's kernel, on a sample; `python -m bench run checkers` has the whole."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import pytest
from bench.certificate_deltas import proofs
from bench.checker_differential import Bench, Case, certificates
from bench.lean_kernel import PROGRAM, LeanKernel

from aidefence.adapters.lean.process import Runtime, find
from aidefence.knowledge.theory import Part, load


@pytest.fixture(scope="module")
def lean(runtime: Runtime) -> Iterator[LeanKernel]:
    found = find(PROGRAM)
    assert found is not None, runtime.name
    kernel = LeanKernel(found)
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def bench(lean: LeanKernel) -> Bench:
    return Bench(lean)


def test_lean_accepts_the_shipped_theory(bench: Bench) -> None:
    assert bench.declared == len(bench.theory)


def test_both_accept_certificates(bench: Bench) -> None:
    assert certificates(bench, list(proofs(12))) == (12, [])


def test_what_ours_accepts_of_changed_exports_lean_accepts(bench: Bench) -> None:
    dice = Random(5)
    for cases in (bench.of_theory(dice), bench.of_certificates(list(proofs(10)), dice)):
        tally = bench.compare(islice(cases, 80), 0.1, dice)
        assert not tally.holes
        assert tally.refused.total() > 40
        assert tally.sampled["refused"] > 1


def test_lean_refuses_what_is_false(lean: LeanKernel) -> None:
    data = load(Part.RULES).data
    first = data.index(b'{"inductive":')
    head = data[: data.index(b"\n", first) + 1]
    assert lean.judge(head).accepted
    for old, new in ((b'"k":false', b'"k":true'), (b'"numParams":1', b'"numParams":0')):
        assert old in head
        assert not lean.judge(head.replace(old, new, 1)).accepted
    assert "no answer" not in lean.judge(head[:-9]).reason


def test_lean_takes_no_axiom_but_as_its_library_has_it(bench: Bench) -> None:
    for name, word in (("propext", "does not say"), ("Nonsense", "not permitted")):
        lines = (
            f'{{"in":1,"str":{{"pre":0,"str":"{name}"}}}}',
            '{"ie":0,"sort":0}',
            '{"ie":1,"bvar":0}',
            '{"ie":2,"forallE":{"name":0,"type":0,"body":1,"binderInfo":"default"}}',
            '{"axiom":{"name":1,"levelParams":[],"type":2,"isUnsafe":false}}',
        )
        said = bench.leans(Case("axiom", "\n".join(lines).encode()))
        assert word in said.reason
