"""Closed sets are the same everywhere: words, engine, rules, docs, wire."""

import re
from pathlib import Path

import pytest

from aidefence import Action, Category, Origin, Severity
from aidefence.delivery.rest import wire
from aidefence.domain.asking import Detector
from aidefence.domain.taxonomy import KNOWN_IDS, TAXONOMY
from aidefence.engine import CATEGORY_NAMES, Engine
from aidefence.knowledge import rulebook
from aidefence.policy.entities import PII, SECRETS
from aidefence.policy.profiles import Anchors, make_policy

_LEXICONS = "lexicons"


@pytest.fixture(scope="module")
def engine() -> Engine:
    never = [2.0] * len(Category)
    rules = [rule.pair for rule in rulebook.shipped()]
    return Engine(rules, None, flag=never, block=never, paranoia=4)


def test_the_engine_has_our_categories_in_our_order() -> None:
    assert tuple(Category) == CATEGORY_NAMES


def test_codes_are_the_frozen_ones() -> None:
    assert list(Action) == ["allow", "flag", "redact", "review", "block"]
    assert list(Severity) == ["low", "medium", "high", "critical"]
    assert list(Origin) == ["system", "user", "assistant", "tool", "retrieval", "memory"]


def test_wire_names_are_the_domain_names() -> None:
    assert wire.ActionName.__args__ == tuple(Action)  # type: ignore[attr-defined]
    assert wire.SeverityName.__args__ == tuple(Severity)  # type: ignore[attr-defined]
    assert wire.DetectorName.__args__ == tuple(Detector)  # type: ignore[attr-defined]


def test_every_category_has_a_taxonomy_entry_with_known_ids() -> None:
    assert list(TAXONOMY) == list(Category)
    for entry in TAXONOMY.values():
        assert set(entry.ids) <= KNOWN_IDS
        assert entry.owasp_llm
        assert entry.owasp_agentic
        assert entry.atlas


def test_every_category_has_thresholds_in_every_profile() -> None:
    for profile in ("observe", "balanced", "strict"):
        policy = make_policy(profile, Anchors(0.4, 0.8, 0.95), {})  # type: ignore[arg-type]
        assert len(policy.thresholds) == len(Category)


def test_rule_folders_are_categories(root: Path) -> None:
    folders = {it.name for it in (root / "src/aidefence/rules").iterdir() if it.is_dir()}
    assert folders <= {*Category, _LEXICONS}


def test_every_text_category_has_rules(engine: Engine) -> None:
    with_rules = {CATEGORY_NAMES[rule.category] for rule in engine.rules()}
    assert with_rules == set(Category)


def test_every_tag_is_in_the_taxonomy(engine: Engine) -> None:
    unknown = {rule.id: set(rule.tags) - KNOWN_IDS for rule in engine.rules()}
    assert {rule: tags for rule, tags in unknown.items() if tags} == {}


def test_rule_ids_are_unique_and_rules_prove_themselves(engine: Engine) -> None:
    rules = engine.rules()
    assert len({rule.id for rule in rules}) == len(rules)
    assert len(rules) >= 250
    assert {lang for rule in rules for lang in rule.languages} >= {"en", "de", "zh"}
    assert [rule.id for rule in rules if len(rule.catch) < 2 or len(rule.spare) < 2] == []


def test_every_category_has_its_page(root: Path) -> None:
    page = (root / "docs/categories.md").read_text("utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))
    assert list(sections) == list(Category)
    for category, text in sections.items():
        entry = TAXONOMY[Category(category)]
        flat = " ".join(text.split())
        assert f"Catalogues: {', '.join(entry.ids)}" in flat
        assert f"Severity: {entry.severity.value}" in flat


def test_every_rule_on_private_data_names_an_entity_that_is_documented(
    engine: Engine, root: Path
) -> None:
    rules = [rule for rule in engine.rules() if CATEGORY_NAMES[rule.category] == Category.PII]
    assert [rule.id for rule in rules if rule.entity is None] == []
    page = (root / "docs/entities.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE)
    assert {name for name, _ in rows} == {rule.entity for rule in rules}
    assert len(rows) >= 45
    assert len({country for _, country in rows} - {"any"}) >= 20


def test_policies_can_name_every_kind_of_data_that_rules_find(engine: Engine) -> None:
    for category, known in ((Category.PII, PII), (Category.SECRET, SECRETS)):
        found = {it.entity for it in engine.rules() if CATEGORY_NAMES[it.category] == category}
        assert found - {None} == known
