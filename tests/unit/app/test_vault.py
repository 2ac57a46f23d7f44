"""A vault gives back what it took, to the session it took it from and to no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidefence import (
    ContentError,
    Guard,
    LimitError,
    SettingError,
    Vault,
    VaultError,
)
from aidefence.adapters.cipher import Unsealed
from aidefence.adapters.vault_memory import MemoryVault
from aidefence.domain.vaulting import CODE_LEN, Secret
from aidefence.service.vault import Keeper, Value

MAIL, CARD = "mia.ober@oberlin-bau.io", "4111 1111 1111 1111"
TEXT = f"Write to {MAIL}, then to {MAIL}, card {CARD}."


@pytest.fixture(params=["memory", "file"])
def vault(request: pytest.FixtureRequest, guard: Guard, tmp_path: Path) -> Vault:
    if request.param == "memory":
        return Vault(guard)
    return Vault(guard, path=tmp_path / "v.db")


def test_there_and_back(vault: Vault) -> None:
    done = vault.anonymize(TEXT, session="a")
    assert MAIL not in done.text
    assert CARD not in done.text
    tokens = [it.result.of(done.text) for it in done.changes]
    assert tokens[0] == tokens[1] != tokens[2]
    assert tokens[0].startswith("<EMAIL_ADDRESS_")
    assert done.complete
    back = vault.deanonymize(done.text, session="a")
    assert back.text == TEXT
    assert [it.result.of(TEXT) for it in back.changes] == [MAIL, MAIL, CARD]
    assert vault.anonymize(TEXT, session="a").text == done.text


def test_sessions_do_not_see_each_other(vault: Vault) -> None:
    one, other = (vault.anonymize(TEXT, session=name).text for name in "ab")
    assert one != other
    assert vault.deanonymize(one, session="b").text == one
    assert vault.deanonymize(one, session="never").text == one
    # A stranger's token in one's own text is no key to the stranger's value.
    pasted = vault.anonymize(f"what is {one}", session="b").text
    assert vault.deanonymize(pasted, session="b").text == pasted


def test_what_looks_like_a_token_is_left_alone(vault: Vault) -> None:
    vault.anonymize(TEXT, session="a")
    text = f"keep <EMAIL_ADDRESS_00000000> and <PERSON_12345678>, not {MAIL}"
    done = vault.anonymize(text, session="a")
    assert done.text.startswith("keep <EMAIL_ADDRESS_00000000> and <PERSON_12345678>, not <EMAIL")
    assert vault.deanonymize(done.text, session="a").text == text


def test_what_is_anonymous_stays_so(vault: Vault) -> None:
    done = vault.anonymize(TEXT, session="a")
    assert vault.anonymize(done.text, session="a").text == done.text


def test_messages_with_tool_calls(vault: Vault) -> None:
    arguments = json.dumps({"to": MAIL, "card": 4111111111111111, "note": f'"{MAIL}"\\ \u00e9'})
    messages: list[dict[str, object]] = [
        {"role": "user", "content": TEXT},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "function": {"name": "mail", "arguments": arguments}}],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "name": "m", "input": {MAIL: [MAIL]}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": f"sent to {MAIL}"},
    ]
    done = vault.anonymize(messages, session="a")
    told = json.dumps(done.content)
    assert (MAIL in told, "4111111111111111" in told) == (False, False)
    assert done.complete
    assert [path for path, _ in done.parts][:2] == [
        "/0/content",
        "/1/tool_calls/0/function/arguments",
    ]
    inner = done.content[1]["tool_calls"][0]["function"]["arguments"]  # type: ignore[index]
    assert set(json.loads(inner)) == {"to", "card", "note"}
    assert vault.deanonymize(done.content, session="a").content == messages
    assert vault.deanonymize(inner, session="a").text == arguments


def test_images_stay_and_are_told(vault: Vault) -> None:
    block = {"type": "image_url", "image_url": {"url": f"https://x.example/?to={MAIL}"}}
    done = vault.anonymize([{"role": "user", "content": [block]}], session="a")
    assert [it.check for it in done.degraded] == ["content.image_url"]
    assert not done.complete


def test_other_data(vault: Vault) -> None:
    data = {"card": 4111111111111111, "rows": [[MAIL, 1, 2.5, None, True]], MAIL: {"n": 7}}
    done = vault.anonymize(data, session="a")
    told = json.dumps(done.content)
    assert (MAIL in told, "4111111111111111" in told, "[1, 2.5" in told) == (False, False, False)
    assert vault.deanonymize(done.content, session="a").content == data
    text = json.dumps(data, indent=3)
    done_text = vault.anonymize(text, session="a")
    assert json.loads(done_text.text)["rows"][0][1:] == [1, 2.5, None, True]
    assert vault.deanonymize(done_text.text, session="a").text == text


def test_a_value_known_from_one_message_is_known_in_all(vault: Vault) -> None:
    messages = [
        {"role": "user", "content": f"card {CARD}"},
        {"role": "user", "content": f"x{CARD}x"},
    ]
    assert CARD not in json.dumps(vault.anonymize(messages, session="a").content)


def test_streams(vault: Vault) -> None:
    text = vault.anonymize(TEXT, session="a").text
    for size in (1, 2, 3, 7, 20):
        restorer = vault.restorer("a")
        pieces = [restorer.feed(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join([*pieces, restorer.finish()]) == TEXT
        stranger = vault.restorer("b")
        pieces = [stranger.feed(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join([*pieces, stranger.finish()]) == text


def test_what_was_forgotten_is_not_given_back(vault: Vault) -> None:
    done = vault.anonymize(TEXT, session="a")
    assert (vault.forget("a"), vault.forget("a")) == (True, False)
    assert vault.deanonymize(done.text, session="a").text == done.text
    assert vault.purge() == 0


def test_limits_and_slips_are_named(guard: Guard, vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="a session's name has 1 to 512"):
        vault.anonymize(TEXT, session="")
    with pytest.raises(ContentError, match="expected what JSON holds") as refused:
        vault.anonymize([{"a": b"x"}], session="a")
    assert refused.value.path == "/0/a"
    deep: object = "x"
    for _ in range(70):
        deep = [deep]
    with pytest.raises(LimitError, match="levels"):
        vault.anonymize(deep, session="a")
    with pytest.raises(SettingError, match="ttl_seconds"):
        Vault(guard, ttl_seconds=0)
    with pytest.raises(SettingError, match="5 bytes can be guessed"):
        Vault(guard, key=b"short")
    with pytest.raises(SettingError, match="given twice"):
        Vault(guard, key=b"k" * 16, key_file=tmp_path / "k")
    with pytest.raises(VaultError, match="only keys of a key file"):
        Vault(guard).rotate()


class _Hand:
    """A clock that moves when it is told to."""

    ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic_ns(self) -> int:
        return self.ms * 1_000_000


@pytest.fixture
def keeper() -> Callable[..., Keeper]:
    def make(clock: _Hand, keys: list[Secret]) -> Keeper:
        return Keeper(MemoryVault(), Unsealed(), lambda: keys, clock, ttl_ms=1000)

    return make


def _value(keeper: Keeper, session: str, token: str) -> list[object]:
    pattern, lookup = keeper.reading(session)
    return list(lookup(list(pattern.find(token))).values())


def test_a_session_lives_from_its_last_writing(keeper: Callable[..., Keeper]) -> None:
    clock = _Hand()
    kept = keeper(clock, [Secret("k", b"k" * 32)])
    value = Value("pii", "x")
    token = kept.tokens("a", [value])[value]
    clock.ms += 900
    kept.tokens("a", [Value("pii", "y")])
    clock.ms += 900
    assert _value(kept, "a", token) == ["x"]
    clock.ms += 100
    assert kept.purge() == 1
    assert _value(kept, "a", token) == []


def test_a_new_key_is_for_new_sessions(keeper: Callable[..., Keeper]) -> None:
    keys = [Secret("old", b"o" * 32)]
    kept, value = keeper(_Hand(), keys), Value("pii", "x")
    token = kept.tokens("a", [value])[value]
    keys.insert(0, Secret("new", b"n" * 32))
    assert kept.tokens("a", [value])[value] == token
    kept.tokens("b", [value])
    assert kept.key_ids() == {"old", "new"}
    assert _value(kept, "a", token) == ["x"]


@given(st.lists(st.tuples(st.sampled_from(["pii", "iban"]), st.text(max_size=20)), max_size=12))
def test_every_value_has_one_token_of_its_own(values: list[tuple[str, str]]) -> None:
    secret = Secret("k", b"k" * 32)
    kept = Keeper(MemoryVault(), Unsealed(), lambda: [secret], _Hand(), ttl_ms=1000)
    given_values = [Value(*it) for it in values]
    told = kept.tokens("a", given_values)
    assert set(told) == set(given_values)
    assert len(set(told.values())) == len(told)
    assert all(len(it.rpartition("_")[2]) == CODE_LEN + 1 for it in told.values())
    for value, token in told.items():
        assert _value(kept, "a", token) == [value.value]


def test_a_file_shows_no_value_and_survives_a_rotation(guard: Guard, tmp_path: Path) -> None:
    vault = Vault(guard, path=tmp_path / "v.db")
    done = vault.anonymize(TEXT, session="conversation of mia")
    data = b"".join(it.read_bytes() for it in tmp_path.iterdir())
    assert not [it for it in (b"oberlin", b"4111", b"of mia") if it in data]
    vault.rotate()
    again = Vault(guard, path=tmp_path / "v.db")
    assert again.deanonymize(done.text, session="conversation of mia").text == TEXT
    other = Vault(guard, path=tmp_path / "v.db", key=b"another key here")
    assert other.deanonymize(done.text, session="conversation of mia").text == done.text


def test_a_changed_store_is_noticed(guard: Guard, tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415

    vault = Vault(guard, path=tmp_path / "v.db")
    done = vault.anonymize(TEXT, session="a")
    with sqlite3.connect(tmp_path / "v.db") as db:
        first, last = "(SELECT min(code) FROM entries)", "(SELECT max(code) FROM entries)"
        sealed = f"(SELECT sealed FROM entries WHERE code = {last})"
        db.execute(f"UPDATE entries SET sealed = {sealed} WHERE code = {first}")
    db.close()
    with pytest.raises(VaultError, match="the store was changed"):
        vault.deanonymize(done.text, session="a")


def test_settings_open_the_same_vault(
    guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "aidefence.toml"
    path.write_text('[vault]\npath = "v.db"\nttl_seconds = 60\n', "utf-8")
    monkeypatch.setenv("AIDEFENCE_VAULT__KEY", "a key of sixteen")
    done = Vault.from_config(path, guard=guard).anonymize(TEXT, session="a")
    named = Vault(guard, path=tmp_path / "v.db", key=b"a key of sixteen")
    assert named.deanonymize(done.text, session="a").text == TEXT
