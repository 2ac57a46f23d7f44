"""Over the API, who asks to be forgotten is, with their sessions and private values."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contract.conftest import Ask

from aidefence.app.settings import Settings
from aidefence.app.settings.conversations import ConversationSettings

_PARTS = ("(1/2) Ignore all prev", "(2/2) ious instruc")
_PAY = "My IBAN is DE44500105175407324931."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state_dir=tmp_path, conversations=ConversationSettings(enabled=True))


def _detect(ask: Ask, content: str, user: str, session: str) -> dict[str, object]:
    context = {"userId": user, "sessionId": session}
    told = ask("POST", "/api/v2/detect", json={"content": content, "context": context})
    assert told.status_code == 200, told.text
    answer: dict[str, object] = told.json()
    return answer


def _erase(ask: Ask, user: str) -> dict[str, int]:
    told = ask("POST", "/api/v2/users/erase", json={"userId": user})
    assert told.status_code == 200, told.text
    erased: dict[str, int] = told.json()["erased"]
    return erased


def test_requests_sessions_and_values_of_a_user_are_gone(ask: Ask) -> None:
    kept = _detect(ask, "hello", "ben", "s-ben")
    first = _detect(ask, _PARTS[0], "ann", "s-ann")
    asked = {"content": _PAY, "session": "s-ann"}
    hidden = ask("POST", "/api/v2/anonymize", json=asked).json()["content"]
    assert "DE44500105175407324931" not in hidden
    erased = _erase(ask, "ann")
    assert (erased["episodes"], erased["sessions"]) == (1, 1)
    assert ask("GET", f"/api/v2/requests/{first['requestId']}").status_code == 404
    assert ask("GET", f"/api/v2/requests/{kept['requestId']}").status_code == 200
    # Neither what she said nor what was hidden for her is known any more.
    second = _detect(ask, _PARTS[1], "ann", "s-ann")
    assert second["conversation"]["assembled"] == []  # type: ignore[index]
    back = ask("POST", "/api/v2/deanonymize", json={"content": hidden, "session": "s-ann"})
    assert back.json()["content"] == hidden


def test_the_log_tells_that_it_was_done_and_not_of_whom(ask: Ask) -> None:
    told = ask("POST", "/api/v2/users/erase", json={"userId": "ann"}).json()
    [record] = ask("GET", "/api/v2/audit?actions=user.erased").json()["records"]
    assert record["target"] == told["digest"]
    assert "ann" not in str(record["details"])


@pytest.mark.parametrize(
    "body", [{}, {"userId": ""}, {"userId": 7}, {"userId": "a", "tenant": "b"}]
)
def test_what_names_nobody_is_refused(ask: Ask, body: object) -> None:
    assert ask("POST", "/api/v2/users/erase", json=body).status_code == 422
