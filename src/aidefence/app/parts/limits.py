"""How much somebody may ask."""

from __future__ import annotations

from aidefence.adapters.limits_mapped import MappedCounters
from aidefence.adapters.limits_redis import RedisCounters
from aidefence.adapters.system import SystemClock
from aidefence.app.parts.secrets import secret_for
from aidefence.app.settings import Settings
from aidefence.app.settings.limits import PlanSettings, RateSettings
from aidefence.domain.access import Plan
from aidefence.domain.errors import ConfigError
from aidefence.domain.plans import Rate, Terms
from aidefence.service.limits import Limiter, LimitRules


def open_admission(settings: Settings) -> Limiter:
    """Open what counts requests against limits.

    Raises:
        ConfigError: the folder for state cannot be written, or the address of Redis is none.

    """
    folder = settings.state_dir / "run"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot make `{folder}`: {reason}: set `state_dir`") from error
    own = MappedCounters(folder / "limits")
    url = settings.redis_url
    counters = own if url is None else RedisCounters(url.get_secret_value())
    return Limiter(
        rules_of(settings),
        counters,
        own,
        secret_for("limits", settings.state_dir),
        SystemClock(),
        settings.limits.on_silence,
    )


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
