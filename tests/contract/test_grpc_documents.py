"""The proto files, what is generated from them, and the words that they must know."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

from google.protobuf.descriptor import EnumDescriptor

from aidefence import Action, Direction, Origin, Severity
from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.statuses import tell
from aidefence.delivery.http import problems
from aidefence.domain import refusals
from aidefence.domain.asking import Priority
from aidefence.domain.feedback import GroundTruth, Outcome
from aidefence.domain.refusals import Allowance, RefusedError


def _script(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_grpc", root / "scripts/write_grpc.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_modules_are_the_generated_ones(root: Path) -> None:
    script = _script(root)
    made = script.render()
    committed = {
        path.relative_to(script.TARGET).as_posix(): path.read_text("utf-8")
        for path in script.TARGET.rglob("*.py*")
        if path.name != "__init__.py" and path.suffix in {".py", ".pyi"}
    }
    assert committed == made, "run `make docs` and commit delivery/grpc/generated"


def _names(enum: EnumDescriptor, prefix: str) -> set[str]:
    assert enum.values_by_number[0].name == f"{prefix}UNSPECIFIED"
    return {it.name.removeprefix(prefix).lower() for it in enum.values if it.number}


def test_the_sets_of_words_are_closed() -> None:
    assert _names(pb.Action.DESCRIPTOR, "ACTION_") == {it.value for it in Action}
    assert _names(pb.Severity.DESCRIPTOR, "SEVERITY_") == {it.value for it in Severity}
    assert _names(pb.Direction.DESCRIPTOR, "DIRECTION_") == {it.value for it in Direction}
    assert _names(pb.Origin.DESCRIPTOR, "ORIGIN_") == {it.value for it in Origin}
    assert _names(pb.GroundTruth.DESCRIPTOR, "GROUND_TRUTH_") == {it.value for it in GroundTruth}
    assert _names(pb.Worth.DESCRIPTOR, "WORTH_") == {it.name.lower() for it in Outcome}
    assert _names(pb.Priority.DESCRIPTOR, "PRIORITY_") == {it.value for it in Priority}


def test_every_refusal_has_a_status() -> None:
    left = Allowance("detect", 1, 0, 1)
    arguments = {
        refusals.LimitedError: ("x", 1, left),
        refusals.OverloadedError: ("x", 1),
    }
    kinds = [
        it
        for _, it in inspect.getmembers(refusals, inspect.isclass)
        if issubclass(it, RefusedError) and it is not RefusedError
    ]
    assert len(kinds) >= 9
    for kind in kinds:
        assert tell(kind(*arguments.get(kind, ("x",)))).metadata()
    for refusal in (
        problems.not_json("x"),
        problems.invalid("/a", "x"),
        problems.unsupported("/a", "x"),
        problems.too_large("/a", "x"),
        problems.FAULT,
    ):
        assert tell(refusal).metadata()
