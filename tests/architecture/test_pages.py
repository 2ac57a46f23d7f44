"""Pages say what is there: their examples run, their tables are complete."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import BaseModel

from aidefence import Category, Guard, RuleError
from aidefence.app.settings import Settings, read_config, read_settings
from aidefence.app.settings.describing import page
from aidefence.engine import check_rule


def _blocks(page: Path, language: str) -> list[str]:
    text = page.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def _names(section: str) -> list[str]:
    return re.findall(r"^\| `([\w.<>-]+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "docs/tuning.md", "docs/sanitising.md", "docs/answers.md"),
        *("docs/conversations.md", "docs/tools.md", "docs/streams.md"),
        "docs/integrations.md",
    ],
)
def test_python_on_a_page_runs(root: Path, name: str) -> None:
    blocks = _blocks(root / name, "python")
    assert blocks
    for block in blocks:
        # The first example stops where the attack is blocked.
        with suppress(SystemExit):
            exec(compile(block, name, "exec"), {})


def test_the_readme_lists_every_category(root: Path) -> None:
    assert _names((root / "README.md").read_text("utf-8")) == list(Category)


def test_the_example_of_a_rule_works(root: Path, tmp_path: Path) -> None:
    lexicon, rule = _blocks(root / "docs/rules.md", "yaml")[:2]
    for place, text in (("lexicons/shop.yml", lexicon), ("data_exfiltration/shop-001.yml", rule)):
        path = tmp_path / place
        path.parent.mkdir()
        path.write_text(text, "utf-8")
    guard = Guard(rules_dir=tmp_path)
    caught, spared = (re.findall(r"^  - (\w.*)$", part, re.MULTILINE) for part in _promises(rule))
    assert len(caught) == len(spared) == 2
    for text in caught:
        assert guard.inspect(text).category is Category.DATA_EXFILTRATION
    for text in spared:
        assert "shop-001" not in {finding.rule_id for finding in guard.inspect(text).findings}


def _promises(rule: str) -> tuple[str, str]:
    caught, _, spared = rule.partition("catch:")[2].partition("spare:")
    return caught, spared


def test_every_key_of_a_rule_is_on_its_page(root: Path) -> None:
    told = (root / "docs/rules.md").read_text("utf-8")
    section = told.split("## Keys of a rule")[1].split("\n## ")[0]
    with pytest.raises(RuleError) as refused:
        check_rule("rules/pii/x.yml", "unheard-of: 1\n")
    assert set(_names(section)) == set(re.findall(r"`(\w+)`", refused.value.expected))


def test_the_page_of_settings_is_what_the_settings_say(root: Path) -> None:
    assert (root / "docs/settings.md").read_text("utf-8") == page(), "run `make docs`"


def test_every_setting_says_what_it_is() -> None:
    def undescribed(kind: type[BaseModel]) -> list[str]:
        sections = [
            it.annotation
            for it in kind.model_fields.values()
            if isinstance(it.annotation, type) and issubclass(it.annotation, BaseModel)
        ]
        own = [
            name
            for name, it in kind.model_fields.items()
            if it.annotation not in sections and not it.description
        ]
        return own + [name for it in sections for name in undescribed(it)]

    assert undescribed(Settings) == []


def test_the_file_and_the_variables_say_the_same(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuning = root / "docs/tuning.md"
    path = tmp_path / "aidefence.toml"
    path.write_text(_blocks(tuning, "toml")[0], "utf-8")
    for line in _blocks(tuning, "sh")[0].splitlines():
        name, _, value = line.partition("=")
        monkeypatch.setenv(name, value.strip('"'))
    monkeypatch.delenv("AIDEFENCE_CONFIG", raising=False)
    by_file, by_name = read_config(path), read_settings()
    assert by_file.rules_dir == tmp_path / "my-rules"
    assert by_file.model_dump(exclude={"rules_dir"}) == by_name.model_dump(exclude={"rules_dir"})


def test_python_of_rules_of_other_systems_runs(root: Path) -> None:
    for block in _blocks(root / "docs/custom-rules.md", "python"):
        exec(compile(block, "docs/custom-rules.md", "exec"), {})
