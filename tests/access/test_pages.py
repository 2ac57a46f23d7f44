"""The pages on access and limits say what holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from aidefence.adapters.jwt_tokens import ALGORITHMS
from aidefence.adapters.limits_mapped import RATE_SLOTS
from aidefence.adapters.readings import ENTRY_BYTES
from aidefence.app.parts.limits import rules_of
from aidefence.app.settings import Settings
from aidefence.app.settings.auth import JwtSettings
from aidefence.delivery.http import keys
from aidefence.domain.access import GRANTS, Permission, Plan, Role
from aidefence.domain.asking import Detector

_ROW = re.compile(r"^\| `([\w:]+)` \|(.*)\|[^|]*\|$", re.MULTILINE)


def test_the_table_of_roles_is_what_is_granted(root: Path) -> None:
    page = (root / "docs/access.md").read_text("utf-8")
    head = next(line for line in page.splitlines() if line.startswith("| permission"))
    roles = [Role(it.strip()) for it in head.split("|")[2:-2]]
    assert roles == list(Role)
    told = {
        Permission(name): {
            role for role, it in zip(roles, cells.split("|"), strict=True) if it.strip()
        }
        for name, cells in _ROW.findall(page)
    }
    assert list(told) == list(Permission)
    assert told == {it: {role for role in Role if it in GRANTS[role]} for it in Permission}


def test_the_wire_names_all_roles_plans_and_permissions() -> None:
    assert get_args(keys.RoleName) == tuple(Role)
    assert get_args(keys.PlanName) == tuple(Plan)
    assert get_args(keys.PermissionName) == tuple(Permission)


def test_what_can_be_set_about_signatures_is_what_is_trusted(root: Path) -> None:
    listed = JwtSettings.model_json_schema()["properties"]["algorithms"]["items"]["enum"]
    assert tuple(listed) == ALGORITHMS
    page = (root / "docs/access.md").read_text("utf-8")
    assert {it for it in ALGORITHMS if f"`{it}`" not in page} == set()


def test_the_table_of_plans_is_what_is_set(root: Path) -> None:
    page = (root / "docs/limits.md").read_text("utf-8")
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| `")]
    told = {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in rows}
    rules = rules_of(Settings())
    assert set(told) == set(Plan)
    for name, cells in told.items():
        terms = rules.terms(Plan(name))
        rate = ("", "") if terms.rate is None else (terms.rate.per_second, terms.rate.burst)
        detectors = "all" if terms.detectors == tuple(Detector) else ", ".join(terms.detectors)
        learning = "yes" if terms.learning else "no"
        month = terms.requests_per_month or ""
        assert cells == [*(f"{it:g}" if it else "" for it in rate), str(month), detectors, learning]


def test_what_the_page_says_of_sizes_holds(root: Path) -> None:
    page = " ".join((root / "docs/limits.md").read_text("utf-8").split())
    assert f"{RATE_SLOTS:,} limits have a place" in page
    settings = Settings()
    assert f"(16 MiB, some {settings.deep_cache_bytes // ENTRY_BYTES // 1000},000 texts)" in page
