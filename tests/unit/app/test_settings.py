import pickle
from pathlib import Path

import pytest

from aidefence import Category, ConfigError, Guard, ModelError, Profile, SettingError
from aidefence.app.settings import read_config, read_settings
from aidefence.domain.enums import DeepMode, OnError
from aidefence.policy.profiles import Threshold

TOML = """
profile = "strict"
paranoia = 2
rules_dir = "mine"
exclude = ["pi-0007", "pii-*@tool"]

[thresholds.pii]
flag = 0.3
block = 0.6

[server]
port = 9000
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    path = tmp_path / "aidefence.toml"
    path.write_text(TOML)
    return path


def test_a_file_is_read_whole(config: Path) -> None:
    settings = read_config(config)
    setup = settings.setup()
    assert setup.profile is Profile.STRICT
    assert setup.rules_dir == config.parent / "mine"
    assert [it.pair for it in setup.exclude] == [("pi-0007", "*"), ("pii-*", "tool")]
    assert dict(setup.thresholds) == {Category.PII: Threshold(0.3, 0.6)}
    assert settings.server.port == 9000


def test_the_environment_wins_over_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIDEFENCE_CONFIG", str(config))
    monkeypatch.setenv("AIDEFENCE_PROFILE", "observe")
    monkeypatch.setenv("AIDEFENCE_EXCLUDE", "a-1, b-*@user")
    monkeypatch.setenv("AIDEFENCE_SERVER__PORT", "9001")
    settings = read_settings()
    assert settings.profile is Profile.OBSERVE
    assert settings.exclude == ("a-1", "b-*@user")
    assert settings.server.port == 9001
    assert settings.paranoia == 2


def test_the_deep_model_is_set_like_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "aidefence.toml"
    path.write_text('deep = "required"\ndeep_dir = "none-here"\non_error = "flag"\n')
    setup = read_config(path).setup()
    assert (setup.deep, setup.on_error) == (DeepMode.REQUIRED, OnError.FLAG)
    assert setup.deep_dir == tmp_path / "none-here"
    with pytest.raises(ModelError, match="none-here"):
        Guard.from_config(path)
    monkeypatch.setenv("AIDEFENCE_DEEP", "off")
    monkeypatch.setenv("AIDEFENCE_ON_ERROR", "block")
    assert read_settings(path).setup().deep is DeepMode.OFF
    assert read_settings(path).setup().on_error is OnError.BLOCK
    path.write_text('deep = "deeper"\n')
    with pytest.raises(SettingError, match="deep"):
        read_config(path)


def test_the_dense_model_is_set_like_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "aidefence.toml"
    path.write_text('dense = "required"\ndense_file = "none.aidd"\n')
    setup = read_config(path).setup()
    assert (setup.dense, setup.dense_file) == (DeepMode.REQUIRED, tmp_path / "none.aidd")
    with pytest.raises(ModelError, match=r"none\.aidd"):
        Guard.from_config(path)
    monkeypatch.setenv("AIDEFENCE_DENSE", "off")
    assert read_settings(path).setup().dense is DeepMode.OFF
    path.write_text('dense = "denser"\n')
    with pytest.raises(SettingError, match="dense"):
        read_config(path)


def test_a_guard_from_a_file_ignores_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIDEFENCE_PROFILE", "observe")
    assert Guard.from_config(config).setup.profile is Profile.STRICT


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("profil = 'strict'", "profil"),
        ("profile = 'lax'", "profile"),
        ("paranoia = 9", "paranoia"),
        ("[server]\nport = 0", "server.port"),
        ("[thresholds.pie]\nflag = 1", "thresholds.pie"),
        ("[thresholds.pii]\nflag = 0.1\nblok = 1", "thresholds.pii.blok"),
    ],
)
def test_a_wrong_setting_is_named(text: str, setting: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(SettingError) as caught:
        read_config(path)
    assert caught.value.setting.startswith(setting)


def test_a_file_that_is_not_there_or_not_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read settings"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("= 1")
    with pytest.raises(ConfigError, match="are not TOML"):
        read_config(tmp_path / "bad.toml")


def test_settings_travel_to_a_worker_with_their_secrets(config: Path) -> None:
    config.write_text(f'{config.read_text()}\n[vault]\nkey = "a long enough key"\n')
    settings = read_config(config)
    travelled = pickle.loads(pickle.dumps(settings))
    assert travelled.setup() == settings.setup()
    assert travelled.vault.key.get_secret_value() == "a long enough key"


YAML = """
profile: strict
paranoia: 2
deep: off
exclude:
  - pi-0007
thresholds:
  pii: {flag: 0.3, block: 0.6}
server:
  port: 9000
"""


def test_yaml_says_the_same_as_toml(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    (tmp_path / "a.toml").write_text(
        'profile = "strict"\nparanoia = 2\ndeep = "off"\nexclude = ["pi-0007"]\n'
        "[thresholds]\npii = {flag = 0.3, block = 0.6}\n[server]\nport = 9000\n"
    )
    assert read_config(tmp_path / "a.yaml") == read_config(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "a.toml",
            "[server]\nprot = 1",
            "a.toml:2: setting `server.prot`: unknown: did you mean",
        ),
        (
            "a.yaml",
            "server:\n\n  prot: 1",
            "a.yaml:3: setting `server.prot`: unknown: did",
        ),
        (
            "a.toml",
            "profil = 'strict'",
            "unknown: did you mean `profile`",
        ),
        ("a.toml", "\nprofile = 'lax'", "a.toml:2: setting `profile`: input should be 'observe', "),
        ("a.toml", "[thresholds.pi]\nflag = 1", "did you mean `pii`"),
        (
            "a.toml",
            "[thresholds.pii]\nflag = 1\nblok = 2",
            "a.toml:3: setting `thresholds.pii",
        ),
        ("a.toml", "server = 3", "a.toml:1: setting `server`"),
        ("a.yaml", "paranoia: 1\nparanoia: 2", "`paranoia` stands on line 1 and again on 2"),
        ("a.yaml", "- a", "expected settings by name"),
        ("a.yaml", "a: [", "are not YAML"),
        ("a.yaml", "!!python/object/apply:os.system ['true']", "are not YAML"),
        ("a.yaml", "[" * 5000, "are not YAML"),
    ],
)
def test_an_error_says_where_and_what_was_meant(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / name)
    assert told in str(caught.value)


def test_an_error_names_the_variable_or_the_flag(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match=r"flag: setting `server.port`"):
        read_settings(config, {"server": {"port": "x"}})
    monkeypatch.setenv("AIDEFENCE_SERVER__PORT", "y")
    with pytest.raises(SettingError, match=r"AIDEFENCE_SERVER__PORT: setting `server.port`"):
        read_settings(config)
    assert read_settings(config, {"server": {"port": "9002"}}).server.port == 9002


def test_a_secret_in_the_wrong_place_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[vault]\nttl_seconds = "hunter2"\n')
    with pytest.raises(SettingError) as caught:
        read_config(tmp_path / "a.toml")
    assert "hunter2" not in str(caught.value)
