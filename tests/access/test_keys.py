"""Keys from their making to their end: what opens, what does not, and when it is known."""

from __future__ import annotations

import os
import random
import re
import string
import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.conftest import TurnedClock, open_database

from aidefence.adapters.store.database import Database
from aidefence.adapters.store.keys import DatabaseKeys
from aidefence.domain.access import GRANTS, LOCAL, Caller, Credentials, Permission, Plan, Role
from aidefence.domain.api_key import is_intact, key_id_of, write_key
from aidefence.domain.errors import SettingError
from aidefence.domain.refusals import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
)
from aidefence.service.doorkeeper import Doorkeeper
from aidefence.service.gate import Gate
from aidefence.service.keyring import KeyRing
from aidefence.service.keys import Keys, KeyWish
from aidefence.service.sessions import Sessions

PEPPER = b"p" * 32
SHAPE = re.compile(r"aidk_[0-9A-Za-z]{48}")


class House:
    """One worker."""

    def __init__(self, database: Database, clock: TurnedClock) -> None:
        self.store = DatabaseKeys(database)
        self.ring = KeyRing(self.store, PEPPER, clock)
        together = nullcontext
        self.keys = Keys(self.store, self.ring, PEPPER, clock, os.urandom, None, together)
        self.sessions = Sessions(
            self.store, self.ring, b"s" * 32, clock, os.urandom, None, together, 3600
        )
        self.gate = Gate(Doorkeeper(self.ring, self.sessions, None, required=False))


@pytest.fixture
def house(database: Database, clock: TurnedClock) -> House:
    return House(database, clock)


def _refused(house: House, text: str) -> str:
    with pytest.raises(UnauthenticatedError) as refused:
        house.ring.find(text)
    return str(refused.value)


def test_a_key_opens_and_is_shown_once(house: House) -> None:
    made = house.keys.create(LOCAL, KeyWish("shop", tenant="acme", plan=Plan.PRO))
    assert SHAPE.fullmatch(made.text)
    assert made.text.startswith(made.key.prefix)
    caller = house.ring.find(made.text)
    assert caller == Caller(
        f"key:{made.key.id}", Role.SERVICE, GRANTS[Role.SERVICE], "acme", Plan.PRO
    )
    secret = made.text.removeprefix(made.key.prefix)
    assert secret not in repr(made) + repr(house.keys.list()) + repr(house.store.all())
    path = Path(house.store._database.place.removeprefix("sqlite:///"))
    for file in path.parent.glob("aidefence.db*"):
        assert secret.encode() not in file.read_bytes()


def test_a_key_may_be_made_for_less_than_its_role(house: House) -> None:
    wish = KeyWish("probe", permissions=frozenset({Permission.DETECT}))
    made = house.keys.create(LOCAL, wish)
    shown = Credentials(key=made.text)
    assert house.gate.enter(shown, Permission.DETECT).permissions == {Permission.DETECT}
    with pytest.raises(ForbiddenError, match="may not `feedback`"):
        house.gate.enter(shown, Permission.FEEDBACK)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (KeyWish(""), "name"),
        (KeyWish("a\nb"), "name"),
        (KeyWish("x" * 129), "name"),
        (KeyWish("x", tenant="Acme Inc"), "tenant"),
        (KeyWish("x", tenant=""), "tenant"),
        (KeyWish("x", life_seconds=0), "lifeSeconds"),
        (KeyWish("x", permissions=frozenset()), "permissions"),
        (KeyWish("x", Role.VIEWER, frozenset({Permission.DETECT})), "permissions"),
    ],
)
def test_a_wish_that_makes_no_key_is_told(house: House, wish: KeyWish, field: str) -> None:
    with pytest.raises(SettingError) as refused:
        house.keys.create(LOCAL, wish)
    assert refused.value.setting == field
    assert house.keys.list() == []


def test_nobody_gives_away_more_than_they_have(house: House) -> None:
    some = frozenset({Permission.MANAGE_KEYS, Permission.DETECT})
    by = replace(LOCAL, permissions=some)
    with pytest.raises(ForbiddenError, match="make no key that may"):
        house.keys.create(by, KeyWish("more", Role.ADMIN))
    strong = house.keys.create(LOCAL, KeyWish("strong", Role.ADMIN))
    with pytest.raises(ForbiddenError, match="see no key that may"):
        house.keys.rotate(by, strong.key.id)
    weak = frozenset({Permission.DETECT})
    assert house.keys.create(by, KeyWish("less", permissions=weak)).key.permissions == weak


def test_rotation_overlaps_for_as_long_as_asked(house: House, clock: TurnedClock) -> None:
    old = house.keys.create(LOCAL, KeyWish("shop"))
    new = house.keys.rotate(LOCAL, old.key.id, 60)
    assert new.key.id == old.key.id
    assert house.ring.find(old.text) == house.ring.find(new.text)
    clock.pass_seconds(59.9)
    house.ring.find(old.text)
    clock.pass_seconds(0.1)
    assert "was rotated" in _refused(house, old.text)
    house.ring.find(new.text)
    newest = house.keys.rotate(LOCAL, old.key.id, 0)
    assert "was rotated" in _refused(house, new.text)
    assert _refused(house, old.text) == "no such key"
    house.ring.find(newest.text)


def test_a_revoked_key_opens_nothing_ever_again(house: House) -> None:
    made = house.keys.create(LOCAL, KeyWish("shop"))
    other = house.keys.create(LOCAL, KeyWish("other"))
    house.keys.rotate(LOCAL, made.key.id, 3600)
    assert house.keys.revoke(LOCAL, made.key.prefix).revoked_ms is not None
    assert house.keys.revoke(LOCAL, made.key.id) == house.keys.show(made.key.id)
    _refused(house, made.text)
    house.ring.find(other.text)
    with pytest.raises(ConflictError):
        house.keys.rotate(LOCAL, made.key.id)
    with pytest.raises(NotFoundError):
        house.keys.revoke(LOCAL, "nothing")


def test_a_key_expires(house: House, clock: TurnedClock) -> None:
    made = house.keys.create(LOCAL, KeyWish("guest", life_seconds=10))
    house.ring.find(made.text)
    clock.pass_seconds(10)
    assert "has expired" in _refused(house, made.text)


def test_a_misspelt_key_is_told_as_such(house: House) -> None:
    made = house.keys.create(LOCAL, KeyWish("shop"))
    swapped = made.text[:-8] + made.text[-8:].swapcase()
    assert "misspelt" in _refused(house, swapped)
    assert not is_intact(swapped)
    assert is_intact(made.text)
    assert _refused(house, write_key(made.key.id, "x" * 32)) == "no such key"
    assert _refused(house, write_key("y" * 10, "x" * 32)) == "no such key"


@settings(max_examples=200)
@given(text=st.text(max_size=80) | st.from_regex(r"aidk_[0-9A-Za-z]{48}", fullmatch=True))
def test_no_text_opens_or_breaks_it(text: str) -> None:
    house = _SHARED
    with pytest.raises(UnauthenticatedError):
        house.ring.find(text)
    with pytest.raises(UnauthenticatedError):
        house.gate.enter(Credentials(session=text), Permission.DETECT)
    assert key_id_of(text) is None or len(text) == 53


@pytest.mark.parametrize("text", ["", "aidk_", "aidk_" + "ä" * 48, "aidk_" + "٣" * 48, "x" * 10**7])
def test_long_and_foreign_texts_are_no_keys(house: House, text: str) -> None:
    assert "no key of this service" in _refused(house, text)


def test_two_workers_know_of_changes_within_a_second(house: House, clock: TurnedClock) -> None:
    other = House(house.store._database, clock)
    with pytest.raises(UnauthenticatedError):
        other.ring.find("x")
    made = house.keys.create(LOCAL, KeyWish("shop"))
    # What nobody knows yet is looked for at once, what was revoked within a second.
    clock.pass_seconds(0.06)
    other.ring.find(made.text)
    house.keys.revoke(LOCAL, made.key.id)
    clock.pass_seconds(0.6)
    _refused(other, made.text)


def test_of_two_rotations_at_once_each_is_whole(database: Database, clock: TurnedClock) -> None:
    houses = [House(database, clock) for _ in range(4)]
    made = houses[0].keys.create(LOCAL, KeyWish("shop"))
    texts, conflicts = [], []

    def rotate(house: House) -> None:
        for _ in range(5):
            try:
                texts.append(house.keys.rotate(LOCAL, made.key.id, 0).text)
            except ConflictError:
                conflicts.append(1)

    threads = [threading.Thread(target=rotate, args=(house,)) for house in houses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) + len(conflicts) == 20
    fresh = House(database, clock)
    opening = [text for text in texts if _opens(fresh, text)]
    assert len(opening) == 1


def _opens(house: House, text: str) -> bool:
    try:
        house.ring.find(text)
    except UnauthenticatedError:
        return False
    return True


def test_thousands_of_keys_are_told_apart(house: House) -> None:
    random.seed(7)
    with house.store._database.change():
        made = [house.keys.create(LOCAL, KeyWish(f"key {at}")) for at in range(20)]
        template = house.store.all()[0]
        for at in range(5000):
            key_id = "".join(random.choices(string.ascii_letters, k=10))
            key = replace(template.key, id=key_id, name=f"other {at}")
            house.store.add(replace(template, key=key))
    house.ring.refresh()
    assert len(house.keys.list()) == 5020
    assert {house.ring.find(it.text).id for it in made} == {f"key:{it.key.id}" for it in made}


def test_the_hour_of_the_last_use_is_written_down(house: House, clock: TurnedClock) -> None:
    made = house.keys.create(LOCAL, KeyWish("shop"))
    unused = house.keys.create(LOCAL, KeyWish("unused"))
    generation = house.store.generation()
    house.ring.find(made.text)
    house.ring.note_use()
    used_ms = house.keys.show(made.key.id).last_used_ms
    assert used_ms is not None
    assert used_ms % 3_600_000 == 0
    assert 0 <= clock.ms - used_ms < 3_600_000
    assert house.keys.show(unused.key.id).last_used_ms is None
    clock.pass_seconds(3600)
    house.ring.find(made.text)
    house.ring.note_use()
    assert house.keys.show(made.key.id).last_used_ms == used_ms + 3_600_000
    assert house.store.generation() == generation


def test_while_the_store_is_silent_the_last_answer_holds(
    tmp_path: Path, clock: TurnedClock
) -> None:
    house = House(open_database(tmp_path), clock)
    made = house.keys.create(LOCAL, KeyWish("shop"))
    house.store._database.close()
    (tmp_path / "aidefence.db").write_bytes(b"not a database at all" * 1000)
    for file in tmp_path.glob("aidefence.db-*"):
        file.unlink()
    for _ in range(3):
        clock.pass_seconds(1)
        house.ring.find(made.text)
    with pytest.raises(UnavailableError):
        house.keys.create(LOCAL, KeyWish("other"))
    for _ in range(2):
        with pytest.raises(UnavailableError):
            House(house.store._database, clock).ring.find(made.text)


def test_without_any_key_whoever_sits_here_may_all(house: House) -> None:
    assert house.gate.enter(Credentials(), Permission.OPERATE) == LOCAL
    assert house.gate.enter(Credentials(key="sk-of-somebody-else"), Permission.PROXY) == LOCAL
    made = house.keys.create(LOCAL, KeyWish("first"))
    with pytest.raises(UnauthenticatedError, match="show a key"):
        house.gate.enter(Credentials(), Permission.DETECT)
    house.keys.revoke(LOCAL, made.key.id)
    with pytest.raises(UnauthenticatedError, match="show a key"):
        house.gate.enter(Credentials(), Permission.DETECT)


def test_keys_may_be_required_before_there_are_any(house: House) -> None:
    gate = Gate(Doorkeeper(house.ring, house.sessions, None, required=True))
    with pytest.raises(UnauthenticatedError, match="show a key"):
        gate.enter(Credentials(), Permission.DETECT)
    with pytest.raises(UnauthenticatedError, match="not signed tokens"):
        gate.enter(Credentials(token="a.b.c"), Permission.DETECT)


def _signed_in(house: House, role: Role = Role.OPERATOR) -> tuple[str, Credentials, str]:
    made = house.keys.create(LOCAL, KeyWish("person", role))
    session = house.sessions.sign_in(made.text)
    return made.key.id, Credentials(session=session.cookie, csrf=session.csrf), session.csrf


def test_a_session_is_known_to_every_worker_at_once(house: House, clock: TurnedClock) -> None:
    key_id, shown, _ = _signed_in(house)
    other = House(house.store._database, clock)
    assert other.gate.enter(shown, Permission.OPERATE).id == f"key:{key_id}"


def test_a_session_that_changes_something_shows_where_it_comes_from(house: House) -> None:
    _, shown, csrf = _signed_in(house)
    house.gate.enter(replace(shown, changes=True), Permission.OPERATE)
    for wrong in (None, "", "ä", csrf[:-1], csrf + "0", csrf.upper()):
        with pytest.raises(ForbiddenError, match="X-CSRF-Token"):
            house.gate.enter(replace(shown, csrf=wrong, changes=True), Permission.OPERATE)
    house.gate.enter(replace(shown, csrf=None), Permission.OPERATE)


def test_signing_out_ends_a_session_everywhere(house: House, clock: TurnedClock) -> None:
    _, shown, _ = _signed_in(house)
    _, others, _ = _signed_in(house)
    worker = House(house.store._database, clock)
    worker.gate.enter(shown, Permission.OPERATE)
    assert shown.session is not None
    house.sessions.sign_out(shown.session)
    clock.pass_seconds(0.6)
    for gate in (house.gate, worker.gate):
        with pytest.raises(UnauthenticatedError, match="is over"):
            gate.enter(shown, Permission.OPERATE)
        gate.enter(others, Permission.OPERATE)
    clock.pass_seconds(3600)
    _, late, _ = _signed_in(house)
    assert late.session is not None
    house.sessions.sign_out(late.session)
    assert len(house.store.ended_sessions(clock.ms)) == 1


def test_a_session_ends_with_its_time_and_with_its_key(house: House, clock: TurnedClock) -> None:
    key_id, shown, _ = _signed_in(house)
    _, second, _ = _signed_in(house)
    house.keys.revoke(LOCAL, key_id)
    with pytest.raises(UnauthenticatedError, match="was revoked"):
        house.gate.enter(shown, Permission.OPERATE)
    clock.pass_seconds(3600)
    with pytest.raises(UnauthenticatedError, match="is over"):
        house.gate.enter(second, Permission.OPERATE)


def test_a_session_cannot_be_made_up(house: House) -> None:
    _, shown, _ = _signed_in(house)
    admin = house.keys.create(LOCAL, KeyWish("admin", Role.ADMIN))
    assert shown.session is not None
    parts = shown.session.split("-")
    forged = ["-".join((parts[0], admin.key.id, *parts[2:]))]
    forged.append("-".join((*parts[:2], "9999999999999", parts[3])))
    forged += ["-".join((*parts[:3], "0" * 64)), "-".join(parts[:3]), shown.session + "0"]
    for cookie in forged:
        with pytest.raises(UnauthenticatedError, match="no session of this service"):
            house.gate.enter(replace(shown, session=cookie), Permission.OPERATE)


def _shared_house(folder: Path) -> House:
    house = House(open_database(folder), TurnedClock())
    house.keys.create(LOCAL, KeyWish("only"))
    return house


@pytest.fixture(autouse=True, scope="module")
def _open_shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _SHARED  # noqa: PLW0603 -- hypothesis asks for no fixtures of functions
    _SHARED = _shared_house(tmp_path_factory.mktemp("shared"))


_SHARED: House
