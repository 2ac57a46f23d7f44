"""Limits on how much somebody may ask: by key, user, address and tenant, and by month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address, ip_network

from aidefence.domain.access import Plan
from aidefence.domain.asking import Request
from aidefence.domain.content import Degraded
from aidefence.domain.plans import TICKS_PER_SECOND, Claim, Rate, Taken, Terms
from aidefence.domain.refusals import (
    Allowance,
    ForbiddenError,
    LimitedError,
    UnavailableError,
)
from aidefence.ports.clock import Clock
from aidefence.ports.counting import Counters

_TICKS_PER_MS = TICKS_PER_SECOND // 1000
_MS_PER_SECOND = 1000
_MONTHS_PER_YEAR = 12
# One household, one machine: whoever has an IPv6 network has at least so much of it.
_IPV6_PREFIX_BITS = 64
_CALLERS_MAX = 20_000
_DIGEST_BYTES = 8


class OnSilence(StrEnum):
    """What happens when the counters that all machines share do not answer."""

    ALLOW = "allow"
    """Go on; this machine counts by itself, and answers say so."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class LimitRules:
    """Which limits hold; none means without limit."""

    key: Rate | None = None
    user: Rate | None = None
    address: Rate | None = None
    plans: Mapping[Plan, Terms] = field(default_factory=dict)

    def terms(self, plan: Plan) -> Terms:
        """What a plan allows."""
        return self.plans.get(plan, _FREE_OF_LIMITS)


@dataclass(frozen=True, slots=True)
class _Month:
    number: int
    begins_ms: int
    ends_ms: int


class _Book:
    """The rules in force, with the claims worked out under them."""

    __slots__ = ("claims", "rules")

    def __init__(self, rules: LimitRules) -> None:
        self.rules = rules
        self.claims: dict[tuple[object, ...], tuple[Claim, ...]] = {}


class Limiter:
    """Counts requests against limits. Safe to share between threads."""

    __slots__ = (
        *("_book", "_clock", "_counters", "_month", "_on_silence", "_own", "_secret"),
        "_tenants",
    )

    def __init__(
        self,
        rules: LimitRules,
        counters: Counters,
        own: Counters,
        secret: bytes,
        clock: Clock,
        on_silence: OnSilence = OnSilence.ALLOW,
    ) -> None:
        """`own` are the counters of this machine, which count where `counters` do not answer."""
        self._book = _Book(rules)
        self._counters = counters
        self._own = own
        self._secret = secret
        self._clock = clock
        self._on_silence = on_silence
        self._month = month_of(clock.now_ms())
        self._tenants: set[str] = set()

    @property
    def rules(self) -> LimitRules:
        """Which limits hold."""
        return self._book.rules

    def stand_on(self, rules: LimitRules) -> None:
        """Go by other rules from now on; what was counted stays counted."""
        self._book = _Book(rules)

    @property
    def waits(self) -> bool:
        """Whether admitting may wait for the network."""
        return self._counters.waits

    def admit(self, request: Request, cost: int = 1) -> Allowance | None:
        """Count so many requests; gives what is left of the nearest limit, none without limits.

        Raises:
            LimitedError: a limit is reached; then nothing was counted.
            ForbiddenError: the plan does not include what is asked for.
            UnavailableError: whoever counts does not answer, and policy says not to go on.

        """
        book = self._book
        if request.conditions.detectors:
            _check_detectors(request, book.rules)
        claims = self._claims(book, request)
        if not claims:
            return None
        month = self._this_month()
        degraded = None
        try:
            taken = self._counters.take(claims, cost, month.number)
        except UnavailableError as error:
            if self._on_silence is OnSilence.REFUSE:
                raise
            degraded = Degraded("limits.shared", f"counted by this machine alone: {error}")
            taken = self._own.take(claims, cost, month.number)
        if taken.refused is not None:
            raise self._refusal(claims[taken.refused], taken, cost, month)
        allowance = self._nearest(claims, taken, month)
        return allowance if degraded is None else replace(allowance, degraded=degraded)

    def _claims(self, book: _Book, request: Request) -> tuple[Claim, ...]:
        caller, user = request.caller, request.context.user
        asking = (caller.id, caller.tenant, caller.plan, user, request.peer)
        claims = book.claims.get(asking)
        if claims is None:
            claims = self._work_out(book.rules, request)
            if len(book.claims) >= _CALLERS_MAX:
                book.claims.clear()
            book.claims[asking] = claims
        return claims

    def _work_out(self, rules: LimitRules, request: Request) -> tuple[Claim, ...]:
        caller, user, peer = request.caller, request.context.user, request.peer
        terms = rules.terms(caller.plan)
        tenant = caller.tenant
        rates = (
            ("key", rules.key, caller.id),
            ("user", rules.user, f"{tenant}\0{user}" if user is not None else None),
            ("address", rules.address, network_of(peer) if peer is not None else None),
            ("tenant", terms.rate, tenant),
        )
        claims = [
            Claim(policy, self._subject(policy, name), rate.burst, rate.interval_ticks)
            for policy, rate, name in rates
            if rate is not None and name is not None
        ]
        if terms.requests_per_month is not None:
            claims.append(Claim("month", self.subject_of(tenant), terms.requests_per_month, 0))
            self._tenants.add(tenant)
        return tuple(claims)

    @property
    def tenants(self) -> frozenset[str]:
        """Tenants with a quota that have asked, so far."""
        return frozenset(self._tenants)

    def subject_of(self, tenant: str) -> int:
        """Whom the counters know a tenant as, for its quota."""
        return self._subject("month", tenant)

    def _subject(self, policy: str, name: str) -> int:
        said = f"{policy}\0{name}".encode("utf-8", "surrogatepass")
        digest = blake2b(said, digest_size=_DIGEST_BYTES, key=self._secret[:64])
        # An empty slot is told by its 0.
        return int.from_bytes(digest.digest()) or 1

    def _this_month(self) -> _Month:
        month, now_ms = self._month, self._clock.now_ms()
        if not month.begins_ms <= now_ms < month.ends_ms:
            month = self._month = month_of(now_ms)
        return month

    def _nearest(self, claims: tuple[Claim, ...], taken: Taken, month: _Month) -> Allowance:
        nearest, fullest = 0, -1.0
        for at, (_, _, limit, interval) in enumerate(claims):
            share = taken.levels[at] / (limit * interval if interval else limit)
            if share > fullest:
                nearest, fullest = at, share
        _, _, limit, interval = claims[nearest]
        level = taken.levels[nearest]
        left = limit - (-(-level // interval) if interval else level)
        return self._allowance(claims[nearest], level, left, month)

    def _allowance(self, claim: Claim, level: int, left: int, month: _Month) -> Allowance:
        if claim.interval_ticks:
            reset = -(-level // TICKS_PER_SECOND)
        else:
            reset = -(-(month.ends_ms - self._clock.now_ms()) // _MS_PER_SECOND)
        return Allowance(claim.policy, claim.limit, max(left, 0), max(reset, 0))

    def _refusal(self, claim: Claim, taken: Taken, cost: int, month: _Month) -> LimitedError:
        policy, _, limit, interval = claim
        level = taken.levels[-1]
        used = -(-level // interval) if interval else level
        allowance = self._allowance(claim, level, limit - used, month)
        if not interval:
            reason = f"the plan allows {limit} requests a month, and {used} were made"
            return LimitedError(reason, allowance.reset_seconds * _MS_PER_SECOND, allowance)
        if cost > limit:
            reason = f"{cost} requests at once are more than the {limit} that `{policy}` allows"
            return LimitedError(reason, -(-level // _TICKS_PER_MS), allowance)
        early = level + cost * interval - limit * interval
        reason = f"the limit of {limit} requests at once by `{policy}` is reached"
        return LimitedError(reason, -(-early // _TICKS_PER_MS), allowance)


def network_of(address: str) -> str:
    """Name whom an address stands for: itself, or the network of 64 bits it is in."""
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        # The peer of a socket in the file system has none.
        return address
    if not isinstance(read, IPv6Address):
        return str(read)
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    return str(ip_network((read, _IPV6_PREFIX_BITS), strict=False))


def month_of(now_ms: int) -> _Month:
    """Tell the month of a time, by the calendar in UTC."""
    now = datetime.fromtimestamp(now_ms / _MS_PER_SECOND, UTC)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    number = first.year * _MONTHS_PER_YEAR + first.month - 1
    return _Month(number, *(int(it.timestamp()) * _MS_PER_SECOND for it in (first, following)))


def _check_detectors(request: Request, rules: LimitRules) -> None:
    plan = request.caller.plan
    included = rules.terms(plan).detectors
    for detector in request.conditions.detectors:
        if detector not in included:
            raise ForbiddenError(f"the plan `{plan}` does not include the detector `{detector}`")


_FREE_OF_LIMITS = Terms()
