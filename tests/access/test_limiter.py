"""What limits do to requests: who counts against what, what is told, what happens without Redis."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.access.conftest import RedisServer, TurnedClock, start_redis

from aidefence.adapters.limits_mapped import MappedCounters
from aidefence.adapters.limits_redis import RedisCounters
from aidefence.domain.access import LOCAL, Caller, Plan
from aidefence.domain.asking import Conditions, Context, Detector, Request
from aidefence.domain.plans import Rate, Terms
from aidefence.domain.refusals import (
    Allowance,
    ForbiddenError,
    LimitedError,
    UnavailableError,
)
from aidefence.service.limits import Limiter, LimitRules, OnSilence, month_of, network_of

SECRET = b"s" * 32


def _limiter(folder: Path, clock: TurnedClock, rules: LimitRules) -> Limiter:
    counters = MappedCounters(folder / "limits", monotonic_ns=clock.monotonic_ns)
    return Limiter(rules, counters, counters, SECRET, clock)


def _request(
    caller: Caller = LOCAL, *, peer: str | None = "192.0.2.1", user: str | None = None
) -> Request:
    return Request("hello", "req_1", "rest", caller, peer, context=Context(user=user))


def _named(name: str, tenant: str = "default", plan: Plan = Plan.ENTERPRISE) -> Caller:
    return replace(LOCAL, id=f"key:{name}", tenant=tenant, plan=plan)


def test_without_limits_nothing_is_counted(tmp_path: Path, clock: TurnedClock) -> None:
    assert _limiter(tmp_path, clock, LimitRules()).admit(_request()) is None


def test_a_burst_passes_then_as_many_as_leak_away(tmp_path: Path, clock: TurnedClock) -> None:
    limiter = _limiter(tmp_path, clock, LimitRules(key=Rate(2, 5)))
    left = [limiter.admit(_request()) for _ in range(5)]
    assert left[0] == Allowance("key", 5, 4, 1)
    assert left[-1] == Allowance("key", 5, 0, 3)
    with pytest.raises(LimitedError, match="the limit of 5 requests at once by `key`") as refused:
        limiter.admit(_request())
    assert refused.value.retry_after_ms == 500
    clock.pass_seconds(0.5)
    assert limiter.admit(_request()) is not None
    with pytest.raises(LimitedError):
        limiter.admit(_request())
    clock.pass_seconds(3)
    assert limiter.admit(_request(), cost=5) == Allowance("key", 5, 0, 3)


def test_a_batch_over_the_burst_is_told_so(tmp_path: Path, clock: TurnedClock) -> None:
    limiter = _limiter(tmp_path, clock, LimitRules(key=Rate(2, 5)))
    with pytest.raises(LimitedError, match="6 requests at once are more than the 5"):
        limiter.admit(_request(), cost=6)
    assert limiter.admit(_request()) == Allowance("key", 5, 4, 1)


@pytest.mark.parametrize(
    ("rules", "same", "other"),
    [
        (LimitRules(key=Rate(0.01, 1)), _request(_named("a"), peer="x"), _request(_named("b"))),
        (
            LimitRules(user=Rate(0.01, 1)),
            _request(_named("b"), user="u"),
            _request(_named("a"), user="v"),
        ),
        (
            LimitRules(user=Rate(0.01, 1)),
            _request(_named("b"), user="u"),
            _request(_named("a", tenant="else"), user="u"),
        ),
        (
            LimitRules(address=Rate(0.01, 1)),
            _request(_named("b"), user="u"),
            _request(_named("a"), peer="192.0.2.2"),
        ),
        (
            LimitRules(plans={Plan.ENTERPRISE: Terms(Rate(0.01, 1))}),
            _request(_named("b"), peer=None),
            _request(_named("a", tenant="else")),
        ),
    ],
)
def test_each_limit_is_about_somebody(
    tmp_path: Path, clock: TurnedClock, rules: LimitRules, same: Request, other: Request
) -> None:
    limiter = _limiter(tmp_path, clock, rules)
    first = _request(_named("a"), user="u")
    assert limiter.admit(first) is not None
    if rules.key is not None:
        first = same = replace(same, caller=first.caller)
    with pytest.raises(LimitedError):
        limiter.admit(same)
    assert limiter.admit(other) is not None


def test_what_one_limit_refuses_the_others_do_not_count(tmp_path: Path, clock: TurnedClock) -> None:
    rules = LimitRules(key=Rate(0.01, 3), user=Rate(0.01, 1))
    limiter = _limiter(tmp_path, clock, rules)
    limiter.admit(_request(user="u"))
    for _ in range(10):
        with pytest.raises(LimitedError, match="`user`"):
            limiter.admit(_request(user="u"))
    assert limiter.admit(_request(user="v")) is not None
    assert limiter.admit(_request(user="w")) is not None


def test_the_nearest_limit_is_told(tmp_path: Path, clock: TurnedClock) -> None:
    rules = LimitRules(key=Rate(1, 100), address=Rate(1, 2))
    allowance = _limiter(tmp_path, clock, rules).admit(_request())
    assert allowance is not None
    assert (allowance.policy, allowance.limit, allowance.remaining) == ("address", 2, 1)


def test_a_quota_holds_until_the_month_ends(tmp_path: Path, clock: TurnedClock) -> None:
    rules = LimitRules(plans={Plan.FREE: Terms(requests_per_month=3)})
    limiter = _limiter(tmp_path, clock, rules)
    request = _request(_named("a", "acme", Plan.FREE))
    assert limiter.admit(request, cost=2) is not None
    assert limiter.admit(request) is not None
    with pytest.raises(LimitedError, match="3 requests a month, and 3 were made") as refused:
        limiter.admit(request)
    month = month_of(clock.ms)
    assert abs(month.ends_ms - clock.ms - refused.value.retry_after_ms) <= 1000
    again = _limiter(tmp_path, clock, rules)
    with pytest.raises(LimitedError):
        again.admit(request)
    clock.ms = month.ends_ms
    assert limiter.admit(request) is not None
    # A clock set back finds the month as it was.
    clock.ms = month.begins_ms
    with pytest.raises(LimitedError):
        limiter.admit(request)


def test_a_plan_names_the_detectors_that_may_be_asked(tmp_path: Path, clock: TurnedClock) -> None:
    plans = {Plan.FREE: Terms(detectors=(Detector.NEURO_SYMBOLIC,))}
    limiter = _limiter(tmp_path, clock, LimitRules(plans=plans))
    asked = _request(_named("a", plan=Plan.FREE))
    asked = replace(asked, conditions=Conditions(detectors=(Detector.TEMPORAL,)))
    with pytest.raises(ForbiddenError, match="plan `free` does not include the detector"):
        limiter.admit(asked)
    assert limiter.admit(replace(asked, caller=_named("a", plan=Plan.PRO))) is None


def test_new_rules_hold_at_once(tmp_path: Path, clock: TurnedClock) -> None:
    limiter = _limiter(tmp_path, clock, LimitRules(key=Rate(0.01, 1)))
    limiter.admit(_request())
    limiter.stand_on(LimitRules(key=Rate(1, 1000)))
    assert limiter.admit(_request()) is not None
    limiter.stand_on(LimitRules())
    assert limiter.admit(_request()) is None


def test_many_callers_do_not_fill_the_memory(tmp_path: Path, clock: TurnedClock) -> None:
    limiter = _limiter(tmp_path, clock, LimitRules(user=Rate(1, 2)))
    for number in range(30_000):
        limiter.admit(_request(user=f"user {number}"))
    assert len(limiter._book.claims) <= 20_000


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("@socket", "@socket"),
    ],
)
def test_who_an_address_stands_for(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("text", ["\ud800", "\0" * 5000, "ünï", ""])
def test_no_name_of_a_user_makes_it_fail(tmp_path: Path, clock: TurnedClock, text: str) -> None:
    limiter = _limiter(tmp_path, clock, LimitRules(user=Rate(1, 2)))
    assert limiter.admit(_request(user=text)) is not None


@pytest.mark.parametrize("on_silence", list(OnSilence))
def test_without_redis_it_goes_as_the_operator_says(
    tmp_path: Path, clock: TurnedClock, on_silence: OnSilence
) -> None:
    server: RedisServer = start_redis(tmp_path)
    own = MappedCounters(tmp_path / "limits")
    shared = RedisCounters(server.url)
    limiter = Limiter(LimitRules(key=Rate(0.01, 3)), shared, own, SECRET, clock, on_silence)
    assert limiter.waits
    admitted = limiter.admit(_request())
    assert admitted == Allowance("key", 3, 2, 100)
    server.kill()
    began = time.monotonic()
    if on_silence is OnSilence.REFUSE:
        for _ in range(20):
            with pytest.raises(UnavailableError, match="redis"):
                limiter.admit(_request())
    else:
        for _ in range(3):
            admitted = limiter.admit(_request())
            assert admitted is not None
            assert admitted.degraded is not None
            assert admitted.degraded.check == "limits.shared"
        with pytest.raises(LimitedError):
            limiter.admit(_request())
    assert time.monotonic() - began < 3
