"""The closed form of a policy: one spelling, strict reading, limits."""

import json
import pickle

import pytest

from aidefence import Action, ImageError
from aidefence.domain.policies import PropertyKind, Scope
from aidefence.policy.image import Count, Feature, Image, PolicyRule, TemporalRule
from aidefence.policy.properties import FIELDS, Property, property_of

SURE = ("ge", 0, 8000)
IMAGE = Image(
    "support",
    3,
    (
        Feature("confidence(prompt_injection)", 10_000),
        Feature("tool.name", 2, ("send_mail", "shell")),
        Feature("once sure", 1, history=("since", ("tt",), SURE)),
        Feature("sure in 1 min", 5, count=Count(SURE, 60_000), attempts=True, per=Scope.USER),
    ),
    (
        PolicyRule("sure", 100, Action.BLOCK, SURE, "it is “sure”"),
        PolicyRule("often", 10, Action.REVIEW, ("and", ("eq", 2, 1), ("ge", 3, 5))),
    ),
    temporal=(
        TemporalRule("never", Action.BLOCK, ("release", ("ff",), ("not", ("atom", ("eq", 1, 2))))),
    ),
)


def _changed(path: str, value: object) -> bytes:
    top = json.loads(IMAGE.to_json())
    *way, last = path.split("/")
    place = top
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    return json.dumps(top).encode()


def test_it_is_written_in_one_spelling_and_read_back() -> None:
    written = IMAGE.to_json()
    again = Image.from_json(written)
    assert again == IMAGE
    assert again.digest == IMAGE.digest
    assert written.startswith(b'{"default":0,"features":[{"most":10000,"name":"confidence(pro')
    assert "“sure”".encode() in written
    assert Image.from_json(json.dumps(json.loads(written), indent=1).encode()) == IMAGE


def test_the_digest_changes_with_every_part() -> None:
    changes = [
        _changed("default", 1),
        _changed("on_error", 3),
        _changed("version", 4),
        _changed("rules/0/reason", "other"),
        _changed("features/3/per", "tenant"),
        _changed("temporal/0/action", 3),
    ]
    digests = {Image.from_json(it).digest for it in changes} | {IMAGE.digest}
    assert len(digests) == len(changes) + 1


def _deep(levels: int) -> list[object]:
    cond: list[object] = ["tt"]
    for _ in range(levels - 1):
        cond = ["not", cond]
    return cond


@pytest.mark.parametrize(
    ("path", "value", "place", "reason"),
    [
        ("v", 2, "v", "this version reads images of version 1 only"),
        ("v", True, "v", "this version reads images of version 1 only"),
        ("version", 0, "version", "not a whole number from 1 to 2147483647"),
        ("version", "1", "version", "not a whole number"),
        ("id", "", "id", "not of 1 to 4096 characters"),
        ("more", 1, "", "the key `more` is not known"),
        ("default", 5, "default", "not the code of an action, 0 to 4"),
        ("rules", {}, "rules", "not a list"),
        ("rules/0/action", True, "rules/0/action", "not a whole number"),
        ("rules/0/priority", -1, "rules/0/priority", "not a whole number from 0 to 1000000"),
        ("rules/1/id", "sure", "rules/1", "the id `sure` is there already"),
        ("rules/1/priority", 101, "rules/1", "rules must stand in falling order of their keys"),
        ("rules/0/when", ["ge", 4, 0], "rules/0/when/1", "not the number of one of the 4 features"),
        ("rules/0/when", ["ge", 0, -1], "rules/0/when/2", "not a whole number from 0 to"),
        ("rules/0/when", ["ge", 0], "rules/0/when", "`ge` takes a feature and a value"),
        ("rules/0/when", ["and", ["tt"]], "rules/0/when", "`and` with 1 parts is no condition"),
        ("rules/0/when", ["not", 3], "rules/0/when/1", "not a list that begins with an operator"),
        ("rules/0/when", _deep(65), "rules/0/when" + "/1" * 64, "nested deeper than 64 levels"),
        ("rules/0/when", ["next", ["tt"]], "rules/0/when", "`next` with 1 parts is no condition"),
        ("temporal/0/formula", ["ge", 0, 1], "temporal/0/formula", "`ge` with 2 parts is no form"),
        ("temporal/0/formula", _deep(65), "temporal/0/formula" + "/1" * 64, "nested deeper than"),
        ("features/0/most", 0, "features/0/most", "not a whole number from 1 to 2147483647"),
        ("features/0/most", 2**31, "features/0/most", "not a whole number from 1 to 2147483647"),
        ("features/1/most", 3, "features/1/most", "not the number of its values"),
        ("features/1/values", ["a", "a"], "features/1/values/1", "the value `a` is there already"),
        ("features/1/name", "once sure", "features/2", "the name `once sure` is there already"),
        ("features/0/per", "user", "features/0", "only a history or a count belongs to a scope"),
        ("features/3/per", "team", "features/3/per", "not one of session, user, tenant"),
        ("features/3/attempts", 1, "features/3/attempts", "not true or false"),
        ("features/3/most", 1001, "features/3/most", "not a whole number from 1 to 1000"),
        ("features/3/count/when", ["ge", 3, 1], "features/3/count/when/1", "not the number of"),
        ("features/3/count/window_ms", 0, "features/3/count/window_ms", "not a whole number from"),
        ("features/2/history", ["since", ["tt"]], "features/2/history", 'not `["since", COND'),
        ("features/2/history", ["previous", ["eq", 2, 1]], "features/2/history/1/1", "not the num"),
        ("features/2/most", 2, "features/2", "a history is 0 or 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    path: str, value: object, place: str, reason: str
) -> None:
    with pytest.raises(ImageError) as refused:
        Image.from_json(_changed(path, value))
    assert refused.value.place == place
    assert refused.value.reason.startswith(reason)
    assert pickle.loads(pickle.dumps(refused.value)).place == place


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"{", b"\xff", b'{"v":1,"v":1}', b'{"v":1.0}', b'{"v":NaN}', b"[" * 100_000),
        b'{"v":' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        Image.from_json(data)


def test_the_deepest_condition_is_read() -> None:
    assert Image.from_json(_changed("rules/0/when", _deep(64))).rules[0].when[0] == "not"


def test_more_rules_or_nodes_than_the_limits_are_refused() -> None:
    rules = tuple(PolicyRule(f"r{at}", 1, Action.BLOCK, ("tt",)) for at in range(4_001))
    assert len(Image("many", 1, (), rules[:-1]).rules) == 4_000
    with pytest.raises(ImageError, match="`4001` are more than 4000"):
        Image("many", 1, (), rules)
    wide: tuple[object, ...] = ("tt",)
    for _ in range(15):
        wide = ("and", wide, wide)
    heavy = tuple(PolicyRule(f"r{at}", 1, Action.BLOCK, wide) for at in range(4))
    with pytest.raises(ImageError, match="nodes, more than 200000"):
        Image("wide", 1, (), heavy)


def test_every_kind_of_property_is_written_and_read_back() -> None:
    values: dict[str, object] = {
        "when": SURE,
        "actions": (Action.REVIEW, Action.BLOCK),
        "rule": "sure",
        "feature": 0,
        "most": 5,
        "window_ms": 60_000,
        "formula": ("next", ("atom", SURE)),
        "than": "standard",
    }
    assert set(FIELDS) == set(PropertyKind)
    for kind, names in FIELDS.items():
        claim = Property("p", "in words", kind, **{it: values[it] for it in names})  # type: ignore[arg-type]
        written = json.loads(json.dumps(claim.to_object()))
        assert property_of(written, IMAGE) == claim
        with pytest.raises(ImageError):
            property_of({**written, "most": 5, "rule": "sure"}, IMAGE)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"kind": "live", "rule": "other"}, "/rule"),
        ({"kind": "monotone", "feature": 4}, "/feature"),
        ({"kind": "decides", "when": ["ge", 9, 1], "actions": [4]}, "/when/1"),
        ({"kind": "decides", "when": ["tt"], "actions": [7]}, "/actions/0"),
        ({"kind": "rate", "when": ["tt"], "most": 5, "window_ms": 0}, "/window_ms"),
        ({"kind": "unknown"}, "/kind"),
    ],
)
def test_a_property_speaks_only_of_what_the_image_has(wrong: dict[str, object], place: str) -> None:
    with pytest.raises(ImageError) as refused:
        property_of({"id": "p", "text": "", **wrong}, IMAGE)
    assert refused.value.place == place
