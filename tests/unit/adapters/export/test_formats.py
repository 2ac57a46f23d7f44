"""Every format says what the episode says, holds to its schema, and breaks at no value."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from aidefence import Action, Category, Degraded, Direction, Severity, Span
from aidefence.adapters.export.cef import CefExporter
from aidefence.adapters.export.ocsf import OcsfExporter
from aidefence.adapters.export.sarif import SarifExporter
from aidefence.adapters.export.stix import StixExporter
from aidefence.domain.episode import Episode, Evidence
from aidefence.domain.taxonomy import TAXONOMY
from aidefence.ports.exporter import Exporter

HOSTILE = 'a|b=c\\d\n"e" <x>\r\u2028 ünï\x00'


def _episode(**other: Any) -> Episode:
    found = Evidence(
        "en-pi-001", Category.PROMPT_INJECTION, Severity.HIGH, 0.9, Span(3, 40), 1, False, ("hex",)
    )
    values: dict[str, Any] = {
        "id": "req_0123456789abcdef01234567",
        "at_ms": 1_780_000_000_123,
        "door": "rest",
        "node": "edge-1",
        "caller": "key_1",
        "tenant": "default",
        "direction": Direction.INPUT,
        "detected": True,
        "action": Action.BLOCK,
        "enforced": True,
        "category": Category.PROMPT_INJECTION,
        "severity": Severity.HIGH,
        "confidence": 0.973,
        "elapsed_ns": 12_345_678,
        "tiers": (0, 1),
        "policy_version": "balanced-abc",
        "digest": "d" * 32,
        "evidence": (found,),
        "degraded": (Degraded("tier3.encoder", "it does not answer"),),
        "user": "u-1",
        "session": "s-1",
        "address": "192.0.2.7",
    }
    return Episode(**(values | other))


EPISODES = [
    _episode(),
    _episode(action=Action.FLAG, enforced=False, direction=Direction.OUTPUT),
    _episode(category=None, detected=False, action=Action.ALLOW, evidence=(), degraded=()),
    _episode(user=HOSTILE, door=HOSTILE, node=HOSTILE, caller=HOSTILE, policy_version=HOSTILE),
    *(_episode(category=it, severity=TAXONOMY[it].severity, evidence=()) for it in Category),
    *(_episode(action=it) for it in Action),
]


def _written(exporter: Exporter, *episodes: Episode) -> str:
    told = [piece for it in episodes for piece in exporter.tell(it)]
    return "".join((exporter.begin(), *told, exporter.end()))


def _events() -> list[dict[str, Any]]:
    return [json.loads(it) for it in _written(OcsfExporter(), *EPISODES).splitlines()]


def test_ocsf_has_what_the_class_requires() -> None:
    events = _events()
    assert len(events) == len(EPISODES)
    for event in events:
        assert (event["class_uid"], event["category_uid"], event["type_uid"]) == (2004, 2, 200401)
        assert event["metadata"]["product"]["name"]
        assert "ai_operation" in event["metadata"]["profiles"]
        assert event["finding_info"]["uid"]
        assert isinstance(event["time"], int)
    assert [it["disposition"] for it in events[:3]] == ["Blocked", "Detected", "Allowed"]
    assert events[2]["severity"] == "Informational"
    assert events[0]["finding_info"]["attacks"][0]["technique"]["uid"] == "AML.T0051"


def test_ocsf_holds_to_the_published_schema() -> None:
    # The newest that is packaged knows the class; what the newer profile adds is set aside.
    package = pytest.importorskip("ocsf_json_schema")
    jsonschema = pytest.importorskip("jsonschema")
    version = max(
        package.get_packaged_versions(), key=lambda it: tuple(it.split("-")[0].split("."))
    )
    embedded = package.OcsfJsonSchemaEmbedded(package.get_ocsf_schema(version))
    schema = embedded.get_class_schema("detection_finding", profiles=["security_control"])
    validator = jsonschema.Draft202012Validator(schema)
    for event in _events():
        known = {**event, "metadata": {**event["metadata"], "version": version}}
        known.pop("message_context")
        assert [it.message for it in validator.iter_errors(known)] == []


_CEF = re.compile(r"CEF:0(?:\|(?:[^|\\]|\\[|\\])*){6}\|(?P<extension>.*)")
_FIELD = re.compile(r"(?:^| )(?P<name>\w+)=(?P<value>(?:[^=\\]|\\[=\\])*?)(?= \w+=|$)")


def test_cef_is_one_line_for_each_and_can_be_read_back() -> None:
    lines = _written(CefExporter(), *EPISODES).split("\n")[:-1]
    assert len(lines) == len(EPISODES)
    for line, episode in zip(lines, EPISODES, strict=True):
        found = _CEF.fullmatch(line)
        assert found is not None, line
        fields = {it["name"]: it["value"] for it in _FIELD.finditer(found["extension"])}
        assert fields["externalId"] == episode.id
        assert fields["act"] == episode.action
        assert fields["rt"] == str(episode.at_ms)
        assert fields["cfp1Label"] == "confidence"
    assert "|8|" in lines[0]


def test_sarif_is_a_log_with_rules_and_catalogues() -> None:
    log = json.loads(_written(SarifExporter(), *EPISODES))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    assert len(run["results"]) == sum(len(it.evidence) for it in EPISODES)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"note", "warning", "error"}
    empty = json.loads(_written(SarifExporter()))
    assert empty["runs"][0]["results"] == []


def test_stix_sums_techniques_and_names_the_same_things_alike() -> None:
    episodes = [_episode(at_ms=1_780_000_000_000 + at) for at in (5, 0, 9)]
    bundle = json.loads(_written(StixExporter(), *episodes, EPISODES[2]))
    kinds = [it["type"] for it in bundle["objects"]]
    techniques = TAXONOMY[Category.PROMPT_INJECTION].atlas
    assert kinds.count("sighting") == kinds.count("attack-pattern") == len(techniques)
    for it in bundle["objects"]:
        if it["type"] == "sighting":
            assert it["count"] == 3
            assert it["first_seen"] < it["last_seen"] == "2026-05-28T20:26:40.009Z"
    assert bundle == json.loads(_written(StixExporter(), *episodes))
    assert "objects" not in json.loads(_written(StixExporter()))


def test_stix_is_accepted_by_its_library() -> None:
    stix2 = pytest.importorskip("stix2")
    text = _written(StixExporter(), *EPISODES)
    bundle = stix2.parse(text, allow_custom=False)
    assert len(bundle.objects) > 10


@pytest.mark.parametrize("exporter", [OcsfExporter, CefExporter, SarifExporter, StixExporter])
def test_no_value_breaks_a_format(exporter: type[Exporter]) -> None:
    text = _written(exporter(), _episode(user=HOSTILE, door=HOSTILE, node=HOSTILE, digest=HOSTILE))
    assert "\x00" not in text
    if exporter is OcsfExporter:
        assert json.loads(text)["unmapped"]["user"] == HOSTILE
    elif exporter is not CefExporter:
        json.loads(text)
