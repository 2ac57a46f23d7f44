"""How much callers may ask."""

from __future__ import annotations

from pydantic import Field

from aidefence.app.settings.section import Section
from aidefence.domain.asking import Detector
from aidefence.service.limits import OnSilence


class RateSettings(Section):
    """A limit that leaks: so many a second in the long run, so many at once after a rest."""

    per_second: float = Field(gt=0, le=1_000_000)
    """Requests a second in the long run."""
    burst: int = Field(ge=1, le=10_000_000)
    """Requests at once; a batch of more than these is always refused."""


class PlanSettings(Section):
    """What a tenant gets under a plan."""

    rate: RateSettings | None = None
    """Limit of all requests of a tenant; by default none."""
    requests_per_month: int | None = Field(default=None, ge=1, le=10**12)
    """Requests of a tenant in a month of the calendar (UTC); by default without end."""
    detectors: tuple[Detector, ...] = tuple(Detector)
    """Detectors that requests may name."""
    learning: bool = True
    """Whether feedback of the tenant may change what is known here."""


class LimitSettings(Section):
    """How much callers may ask. A rate is a table of `per_second` and `burst`."""

    key: RateSettings | None = None
    """Limit of each key or token."""
    user: RateSettings | None = None
    """Limit of each `context.userId` of a tenant."""
    address: RateSettings | None = None
    """Limit of each address; of IPv6, of each network of 64 bits."""
    free: PlanSettings = PlanSettings(
        rate=RateSettings(per_second=5, burst=100),
        requests_per_month=10_000,
        detectors=(Detector.NEURO_SYMBOLIC,),
        learning=False,
    )
    """The plan `free`: `rate`, `requests_per_month`, `detectors`, `learning`."""
    pro: PlanSettings = PlanSettings(
        rate=RateSettings(per_second=200, burst=2000), requests_per_month=10_000_000
    )
    """The plan `pro`, with the same keys."""
    enterprise: PlanSettings = PlanSettings()
    """The plan `enterprise`, with the same keys."""
    on_silence: OnSilence = OnSilence.ALLOW
    """What happens while Redis does not answer: count on this machine alone, or refuse."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose `X-Forwarded-For` is believed."""
