"""The page on policies says what the language knows, and its policies are policies."""

import re
from pathlib import Path

import pytest

from aidefence import Action, Severity
from aidefence.domain.tools import Capability
from aidefence.policy.catalog import SPECS, Door
from aidefence.policy.compiling import compile_source
from aidefence.policy.cursor import RESERVED
from aidefence.policy.formatting import format_source
from aidefence.policy.parsing import parse, parse_condition
from aidefence.policy.sources import Folder
from aidefence.policy.trial_files import read_trials
from aidefence.policy.trials import run_trials


@pytest.fixture(scope="module")
def told(root: Path) -> str:
    return (root / "docs/policies.md").read_text("utf-8")


def _section(told: str, title: str) -> str:
    return told.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


def test_every_feature_is_on_the_page(told: str) -> None:
    rows = re.findall(
        r"^\| `([^`]+)` \| ([^|]+) \| (.+) \|$",
        _section(told, "What can be asked about"),
        re.MULTILINE,
    )
    assert rows == [(it.pattern, it.kind.value, it.meaning) for it in SPECS]


def test_every_word_is_on_the_page(told: str) -> None:
    section = _section(told, "Actions, units, words")
    rows = dict(re.findall(r"^\| (?:an )?`?([\w.(…)]+)`? \| (`.+`) \|$", section, re.MULTILINE))
    words = {name: tuple(re.findall(r"`([^`]+)`", row)) for name, row in rows.items()}
    assert words["action"] == tuple(Action)
    assert words["severity"] == ("none", *Severity)
    assert words["tool.can(…)"] == tuple(Capability)
    for spec in SPECS:
        if spec.choices and spec.name != "category":
            assert words[spec.name] == ("none", *spec.choices)
    reserved = section.partition("are no names: ")[2].partition(".\n")[0]
    assert re.findall(r"`(\w+)`", reserved) == sorted(RESERVED)


def test_every_door_can_be_asked_about(root: Path) -> None:
    named = {
        found[1]
        for path in (root / "src/aidefence/delivery").rglob("*.py")
        for found in re.finditer(r'^_?DOOR = "(\w+)"$', path.read_text("utf-8"), re.MULTILINE)
    }
    assert named - {"door"} <= set(Door)
    assert len(named) > 5


def test_policies_on_the_page_are_policies(told: str) -> None:
    blocks = re.findall(r"^```pdl\n(.*?)^```", told, re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        assert compile_source(block).properties
        assert format_source(parse(block)) == block


def test_conditions_on_the_page_can_be_read(told: str) -> None:
    rows = re.findall(r"^\| (`.*?) \| ", _section(told, "Conditions"), re.MULTILINE)
    rows += re.findall(r"^\| (`.*?) \| ", _section(told, "What was before"), re.MULTILINE)
    shown = [it for row in rows for it in re.findall(r"`([^`]+)`", row) if "…" not in it]
    whole = [it for it in shown if not it.startswith(("ends", "contains", "is "))]
    assert len(whole) > 12
    for condition in whole:
        parse_condition(condition)


def test_examples_are_in_their_layout_and_their_tests_hold(root: Path) -> None:
    folder = root / "examples/policies"
    policies = sorted(folder.glob("*.pdl"))
    assert policies
    for path in policies:
        text = path.read_text("utf-8")
        assert format_source(parse(text)) == text
    for path in sorted(folder.glob("*.toml")):
        policy = path.with_suffix(".pdl").read_text("utf-8")
        image = compile_source(policy, sources=Folder(folder)).image
        assert run_trials(image, read_trials(path.read_text("utf-8")).trials) == ()
