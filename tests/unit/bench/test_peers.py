"""Peers answer through doors of their own, and who is absent is said to be."""

from pathlib import Path

import pytest
from bench.peers import FOLDER, OURS, Absent, Answer, Found, Peer, ask, build

TEXT = "My card is 4539 1488 0343 6467, thanks."


def test_we_answer_through_a_door_like_the_others() -> None:
    answer = ask(OURS, {"one": [TEXT, "Nothing here."]}, timed={"quick": ["Nothing here."]})
    assert isinstance(answer, Answer)
    found, nothing = answer.found["one"]
    assert [(one.kind, TEXT[one.start : one.end]) for one in found] == [
        ("payment_card", "4539 1488 0343 6467")
    ]
    assert nothing == ()
    assert answer.per_second["quick"] > 1_000
    assert answer.version


def test_a_peer_that_cannot_be_installed_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    missing = str(tmp_path / "no-such-peer-1.0-py3-none-any.whl")
    peer = Peer("nobody", "ours.py", ("--no-index", missing))
    built = build(peer)
    assert isinstance(built, Absent)
    assert "cannot be installed" in built.reason
    # Where it was looked for is nobody's business.
    assert str(tmp_path) not in built.reason
    assert ask(peer, {}, timed={}) == built


def test_a_door_that_fails_is_absent_too() -> None:
    answer = ask(Peer("broken", "no_such_door.py"), {}, timed={})
    assert isinstance(answer, Absent)
    assert "its door ended with" in answer.reason


def test_what_was_found_is_in_no_repr() -> None:
    answer = Answer("1", {"one": [(Found("card", 0, 4, 1.0),)]}, {})
    assert "card" not in repr(answer)
