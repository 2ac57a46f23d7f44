"""The proto files, what is generated from them, and the words that they must know."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from google.protobuf.descriptor import EnumDescriptor

from aidefence import Action, Direction, Origin, Severity
from aidefence.app.services import make_services
from aidefence.app.settings import Settings
from aidefence.delivery.graphql.schema import core_schema
from aidefence.delivery.grpc.generated import aidefence_pb2 as pb
from aidefence.delivery.grpc.server import GrpcOptions, GrpcServer
from aidefence.delivery.grpc.statuses import CODES, tell
from aidefence.delivery.http import problems
from aidefence.delivery.http.contents import Limits
from aidefence.domain import refusals
from aidefence.domain.asking import Priority
from aidefence.domain.feedback import GroundTruth, Outcome
from aidefence.domain.refusals import Allowance, RefusedError
from aidefence.service.services import Services


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    folder = tmp_path_factory.mktemp("state")
    return make_services(Settings.model_validate({"state_dir": folder, "deep": "off"}))


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


def test_the_page_lists_every_method_with_what_it_takes(root: Path, services: Services) -> None:
    told = (root / "docs/grpc.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+/\w+)` \|.*\| `([\w:]+)` \|$", told, re.MULTILINE)
    methods = GrpcServer(services, Limits(), GrpcOptions(port=0)).methods
    assert rows == [
        (f"{it.service.removeprefix('aidefence.v2.')}/{it.name}", it.permission) for it in methods
    ]


def test_the_page_tells_every_status(root: Path) -> None:
    told = (root / "docs/grpc.md").read_text("utf-8").split("## Statuses")[1].split("##")[0]
    named = set(re.findall(r"`([A-Z_]+)`", told)) - {"NOT_SERVING"}
    assert named == {it.name for it in CODES.values()}


def test_the_configuration_of_envoy_is_yaml(root: Path) -> None:
    told = (root / "docs/grpc.md").read_text("utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```", told, re.MULTILINE | re.DOTALL)
    filters = [yaml.safe_load(it) for it in blocks]
    assert [next(iter(it)) for it in filters] == ["http_filters", "http_filters", "clusters"]
    mode = filters[0]["http_filters"][0]["typed_config"]["processing_mode"]
    assert mode["request_body_mode"] == mode["response_body_mode"] == "BUFFERED"


def test_the_page_of_graphql_lists_every_field(root: Path) -> None:
    told = (root / "docs/graphql.md").read_text("utf-8").split("## Who may")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", told, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    schema = core_schema()
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    assert named == {name for it in roots if it is not None for name in it.fields}
