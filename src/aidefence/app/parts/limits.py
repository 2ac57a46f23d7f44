"""How much somebody may ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidefence.adapters.limits_mapped import MappedCounters
from aidefence.adapters.limits_redis import RedisCounters
from aidefence.adapters.store.database import Database
from aidefence.adapters.store.usage import DatabaseUsage
from aidefence.adapters.system import SystemClock
from aidefence.app.parts.secrets import secret_for
from aidefence.app.places import Places
from aidefence.domain.access import Plan
from aidefence.domain.plans import Rate, Terms
from aidefence.service.limits import Limiter, LimitRules
from aidefence.service.quotas import Quotas

if TYPE_CHECKING:
    from aidefence.app.settings import Settings
    from aidefence.app.settings.limits import PlanSettings, RateSettings


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts requests, and what remembers how many there were."""

    limiter: Limiter
    quotas: Quotas

    def prepare(self, settings: Settings) -> Callable[[], None]:
        """Get ready for new settings; what this returns puts them in force."""
        rules = rules_of(settings)
        return lambda: self.limiter.stand_on(rules)


def open_limits(settings: Settings, database: Database) -> Limits:
    """Open what counts requests against limits.

    Raises:
        ConfigError: the folder for state cannot be written, or the address of Redis is none.

    """
    places, clock = Places(settings.state_dir), SystemClock()
    places.prepare()
    own = MappedCounters(places.run / "limits")
    url = settings.redis_url
    counters = own if url is None else RedisCounters(url.get_secret_value())
    secret = secret_for("limits", settings.state_dir)
    rules = rules_of(settings)
    limiter = Limiter(rules, counters, own, secret, clock, settings.limits.on_silence)
    return Limits(limiter, Quotas(limiter, counters, DatabaseUsage(database), clock))


def rules_of(settings: Settings) -> LimitRules:
    """Which limits hold, as the settings say."""
    limits = settings.limits
    plans = {
        Plan.FREE: _terms(limits.free),
        Plan.PRO: _terms(limits.pro),
        Plan.ENTERPRISE: _terms(limits.enterprise),
    }
    return LimitRules(_rate(limits.key), _rate(limits.user), _rate(limits.address), plans)


def _terms(plan: PlanSettings) -> Terms:
    return Terms(_rate(plan.rate), plan.requests_per_month, plan.detectors, plan.learning)


def _rate(rate: RateSettings | None) -> Rate | None:
    return None if rate is None else Rate(rate.per_second, rate.burst)
