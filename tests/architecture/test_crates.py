"""Crates come from the registry, under licences we may ship."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def checker(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_crates", root / "scripts/check_crates.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_all_crates_may_be_shipped(checker: ModuleType) -> None:
    assert checker.find_wrong(checker.read_packages()) == []


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT OR Apache-2.0", True),
        ("MIT/Apache-2.0", True),
        ("GPL-3.0 OR MIT", True),
        ("GPL-3.0", False),
        ("MIT AND GPL-3.0", False),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
        ("(MIT OR GPL-3.0) AND GPL-2.0", False),
        ("Apache-2.0 WITH LLVM-exception OR MIT", True),
    ],
)
def test_licence_expressions(checker: ModuleType, expression: str, allowed: bool) -> None:
    assert checker.is_allowed(expression) is allowed


def test_a_crate_from_elsewhere_is_named(checker: ModuleType) -> None:
    crate = {
        "name": "x",
        "version": "1.0.0",
        "license": "MIT",
        "manifest_path": "/elsewhere/Cargo.toml",
    }
    assert (
        "does not come from the registry"
        in checker.find_wrong([{**crate, "source": "git+https://example.com/x"}])[0]
    )
    assert "outside the workspace" in checker.find_wrong([{**crate, "source": None}])[0]
