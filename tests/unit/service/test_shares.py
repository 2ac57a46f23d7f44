"""How much slow work of one caller is taken in at once."""

import pytest

from aidefence.domain.access import GRANTS, Caller, Role
from aidefence.domain.refusals import LimitedError
from aidefence.service.shares import Shares

ANNA, BERT = (Caller(name, Role.SERVICE, GRANTS[Role.SERVICE]) for name in ("anna", "bert"))


def test_one_caller_does_not_take_what_is_anothers() -> None:
    shares = Shares(2)
    with shares.held(ANNA), shares.held(ANNA):
        with pytest.raises(LimitedError) as refused:
            shares.enter(ANNA)
        assert refused.value.retry_after_ms > 0
        assert refused.value.allowance.remaining == 0
        with shares.held(BERT):
            pass
    with shares.held(ANNA):
        pass


def test_what_fails_frees_its_share() -> None:
    shares = Shares(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), shares.held(ANNA):
            raise ZeroDivisionError
    shares.enter(ANNA)
    shares.leave(ANNA)
    shares.enter(ANNA)


def test_without_a_limit_nothing_is_counted() -> None:
    shares = Shares(None)
    for _ in range(100):
        shares.enter(ANNA)
    shares.leave(BERT)
