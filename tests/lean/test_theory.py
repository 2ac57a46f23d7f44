"""The shipped export is what `spec/` says, and rests on one axiom."""

from __future__ import annotations

import gzip
import json
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from aidefence.adapters.lean.process import CHECKER, LeanProcess
from aidefence.domain.errors import ModelError
from aidefence.engine.kernel import Theory
from aidefence.knowledge import theory
from aidefence.knowledge.theory import Part


def test_the_shipped_sources_are_the_ones_in_spec(root: Path) -> None:
    names = json.loads((root / "spec" / "contents.json").read_text())["texts"]
    texts = theory.load().texts()
    assert list(texts) == names
    for name, text in texts.items():
        assert text == (root / "spec" / f"{name}.lean").read_text("utf-8"), name
    assert sorted(names) == sorted(it.stem for it in (root / "spec").glob("*.lean"))


def test_the_card_names_what_is_shipped(root: Path) -> None:
    card = json.loads((root / "src/aidefence/proofs/theory.json").read_bytes())
    contents = json.loads((root / "spec" / "contents.json").read_text())
    rules, whole = theory.load(Part.RULES), theory.load()
    for part, names in ((rules, contents["rules"]), (whole, contents["rules"] + contents["time"])):
        assert sha256(CHECKER.read_bytes()).hexdigest() == part.exporter
        assert part.roots == tuple(f"AIDefence.{name}" for name in names)
    assert len(whole.data) == card["parts"]["time"]["bytes"]
    assert whole.data.startswith(rules.data)
    assert len(rules.data) < len(whole.data)


@pytest.mark.parametrize("part", Part)
def test_our_own_checker_accepts_each_part(part: Part) -> None:
    judged = Theory.load(theory.load(part).data)
    assert judged.axioms_used == ("propext",)
    assert set(theory.load(part).roots) <= set(judged.declarations)


def test_the_export_rests_on_propext_alone() -> None:
    names = {0: ""}
    axioms, theorems = [], set()
    for line in theory.load().data.splitlines():
        entry = json.loads(line)
        if "in" in entry:
            part = entry.get("str") or entry["num"]
            word = str(part.get("str", part.get("i")))
            names[entry["in"]] = f"{names[part['pre']]}.{word}".removeprefix(".")
        elif "axiom" in entry:
            axioms.append(names[entry["axiom"]["name"]])
        elif "thm" in entry:
            theorems.add(names[entry["thm"]["name"]])
        assert "opaque" not in entry
    assert axioms == ["propext"]
    assert set(theory.load().roots) <= theorems
    assert not any("sorry" in name for name in names.values())


def test_a_changed_export_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = Path(theory.__file__).parents[1] / "proofs"
    folder = tmp_path / "proofs"
    folder.mkdir()
    for name in ("theory.json", "theory.sources.gz"):
        (folder / name).write_bytes((place / name).read_bytes())
    monkeypatch.setattr(theory, "files", lambda _: tmp_path)
    theory.load.cache_clear()
    try:
        with pytest.raises(ModelError, match="cannot be read"):
            theory.load()
        data = gzip.decompress((place / "theory.ndjson.gz").read_bytes())
        (folder / "theory.ndjson.gz").write_bytes(gzip.compress(data + b"\n"))
        with pytest.raises(ModelError, match="its card says"):
            theory.load()
        (folder / "theory.ndjson.gz").write_bytes(gzip.compress(data)[:-200])
        with pytest.raises(ModelError, match="cannot be read"):
            theory.load()
    finally:
        theory.load.cache_clear()


def test_lean_gives_the_same_bytes_again(prover: LeanProcess) -> None:
    shipped = theory.load()
    exported = prover.export(shipped.roots)
    assert exported.axioms == ("propext",)
    assert exported.data() == shipped.data, sys.version
