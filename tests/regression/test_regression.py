"""No change quietly loses detection: frozen texts, and floors for each category and language."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from bench.labelled import LabelledError, read, read_folder
from tests.regression import floors
from training import data, written

from aidefence import Category, Guard

TEXTS = floors.texts()
FLOORS = floors.read()
AGAIN = "if this is meant: `python -m tests.regression --write --lower`, and say why"


def test_the_texts_are_those_that_the_floors_were_written_for() -> None:
    assert FLOORS["texts"] == floors.digest_of(TEXTS), AGAIN


def test_the_set_is_large_and_broad() -> None:
    attacks = Counter(it.lang for it in TEXTS if it.attack)
    benign = Counter(it.lang for it in TEXTS if not it.attack)
    assert min(attacks.total(), benign.total()) >= 500
    assert len(attacks) >= 16
    assert min(attacks[lang] for lang in attacks) >= 25
    assert min(benign[lang] for lang in attacks) >= 25
    kinds = {it.kind for it in TEXTS if it.attack}
    assert {category.value for category in list(Category)[:8]} <= kinds


def test_ids_are_unique() -> None:
    assert [it for it, count in Counter(it.id for it in TEXTS).items() if count > 1] == []


@pytest.mark.parametrize("tiers", ["engine", "cascade"])
def test_nothing_fell_through_its_floor(tiers: str) -> None:
    guards = floors.guards()
    if tiers not in guards:
        pytest.skip("the deep model is not installed")
    assert tiers in FLOORS, "no floors for this yet: `python -m tests.regression --write`"
    lines = floors.broken(floors.measure(guards[tiers], TEXTS), FLOORS[tiers])
    assert not lines, "\n".join([*lines, AGAIN])


@pytest.mark.parametrize(("profile", "side"), [("observe", "attack"), ("strict", "benign")])
def test_a_duller_or_more_nervous_guard_does_not_pass(profile: str, side: str) -> None:
    other = floors.measure(Guard(profile=profile, deep="off"), TEXTS)
    lines = floors.broken(other, FLOORS["engine"])
    assert any(line.startswith(f"{side} language") for line in lines)
    told = "newly missed" if side == "attack" else "new false alarm"
    assert any(line.startswith(told) for line in lines)


def test_a_drop_is_told_with_its_texts() -> None:
    one = next(it for it in TEXTS if it.attack)
    measured = floors.Measured((one,), (), {"attack": {"texts": 1, "taken": 0}})
    kept = {"limits": {"attack": 1}, "missed": [], "alarms": []}
    group, text = floors.broken(measured, kept)
    assert group == "attack: 0 of 1, at least 1 expected"
    assert one.id in text


def test_floors_rise_and_never_sink_by_themselves() -> None:
    groups = {"attack": {"texts": 100, "taken": 50}, "benign": {"texts": 100, "taken": 10}}
    measured = floors.Measured((), (), groups)
    assert floors.floors_of(measured, None)["limits"] == {"attack": 47, "benign": 13}
    stricter = {"attack": 60, "benign": 5}
    assert floors.floors_of(measured, stricter)["limits"] == stricter
    laxer = {"attack": 10, "benign": 20}
    assert floors.floors_of(measured, laxer)["limits"] == {"attack": 47, "benign": 13}


def test_no_text_is_a_near_copy_of_one_that_models_learn_from(root: Path) -> None:
    measured = [*TEXTS, *read_folder(root / "bench" / "texts" / "languages", slots=True)]
    entries = written.read_all([*written.CORPUS.glob("*.txt"), *written.HELD_OUT.glob("*.txt")])
    learnt = [half for entry in entries for half in (entry.attack, entry.benign) if half]
    for folder in ("bench/texts", "training/generator/grammar"):
        for path in sorted((root / folder).glob("*.txt")):
            learnt += [line for line in path.read_text("utf-8").splitlines() if len(line) > 20]
    copies = data.near_copies([it.text for it in measured], learnt)
    assert [measured[at].id for at in sorted(copies)] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- no heading\n", "1: neither"),
        ("== attack nonsense user\n- x\n", "no category"),
        ("== attack jailbreak nowhere\n- x\n", "no origin"),
        ("== attack jailbreak\n- x\n", "1: expected"),
        ("== benign code user\n- {{rot14:x}}\n", "no disguise"),
    ],
)
def test_a_broken_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "en.txt"
    path.write_text(content, "utf-8")
    with pytest.raises(LabelledError, match=message):
        list(read(path))


def test_slots_disguises_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "en.txt"
    path.write_text("== benign code user\n- {a|b} {c|d} {a|b}\n  e\n- {{reversed:abc}}\n", "utf-8")
    assert [it.text for it in read(path, slots=True)] == ["a d a\ne", "b c b\ne", "cba"]
    assert [it.text for it in read(path)] == ["{a|b} {c|d} {a|b}\ne", "cba"]
