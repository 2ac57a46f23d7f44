"""Compiling: nothing raises but the language's error, and what is said alike is compiled alike."""

from contextlib import suppress

from hypothesis import given
from tests.policies import NEARLY, SOURCES, policies

from aidefence import PolicyError
from aidefence.policy.compiling import compile_source, compile_tree
from aidefence.policy.explaining import explain
from aidefence.policy.formatting import format_source
from aidefence.policy.image import Image
from aidefence.policy.parsing import parse
from aidefence.policy.properties import property_of
from aidefence.policy.tree import Header, Source

HEAD = "policy p version 1\ndefault allow\non error block\n"


def _compile(source: Source) -> None:
    with suppress(PolicyError):
        compile_tree(source)


@given(SOURCES)
def test_any_tree_compiles_or_is_refused(source: Source) -> None:
    head = parse(HEAD).items
    _compile(source)
    _compile(Source(Header("p"), (*head, *source.items)))


@given(NEARLY)
def test_any_words_compile_or_are_refused(text: str) -> None:
    with suppress(PolicyError):
        compile_source(f"{HEAD}rule r: block when {text}")


@given(policies())
def test_a_policy_compiles_to_one_image_however_it_is_laid_out(text: str) -> None:
    compiled = compile_source(text)
    image = compiled.image
    again = compile_source(format_source(parse(text)))
    assert again.image.to_json() == image.to_json()
    assert again.properties == compiled.properties
    assert Image.from_json(image.to_json()) == image
    for claim in compiled.properties:
        assert property_of(claim.to_object(), image).kind is claim.kind


@given(policies())
def test_every_policy_can_be_explained(text: str) -> None:
    compiled = compile_source(text)
    explanation = explain(compiled)
    shown = {rule for example in explanation.examples for rule in example.rules}
    named = {it.id for it in compiled.image.rules}
    assert set(explanation.unshown) <= named
    assert named <= shown | set(explanation.unshown)
