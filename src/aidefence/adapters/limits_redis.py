"""Counters in Redis, for several machines: all limits of a request in one round trip."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from aidefence.domain.errors import ConfigError, MissingExtraError
from aidefence.domain.plans import Claim, Taken
from aidefence.domain.refusals import UnavailableError

# Time is the server's, so that machines whose clocks differ count alike. It is counted from a day
# in 2023: numbers of this language are exact up to 2^53. What is refused changes nothing.
_TAKE = """
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = (tonumber(time[1]) - 1700000000) * 10000000 + tonumber(time[2]) * 10
end
local cost, levels, values = tonumber(ARGV[2]), {}, {}
for at = 1, #KEYS do
  local limit, interval = tonumber(ARGV[at * 2 + 1]), tonumber(ARGV[at * 2 + 2])
  local stored = tonumber(redis.call('GET', KEYS[at])) or 0
  local level, most = stored, limit
  if interval > 0 then
    most = interval * limit
    level = math.min(math.max(stored - now, 0), most)
  end
  local after = level + cost * math.max(interval, 1)
  if after > most then
    levels[at] = level
    table.insert(levels, 1, at)
    return levels
  end
  levels[at], values[at] = after, interval > 0 and now + after or after
end
for at = 1, #KEYS do
  local interval = tonumber(ARGV[at * 2 + 2])
  local life_ms = 3456000000
  if interval > 0 and ARGV[1] == '0' then
    life_ms = math.ceil(levels[at] / 10000) + 1
  end
  local value, life = string.format('%.0f', values[at]), string.format('%.0f', life_ms)
  redis.call('SET', KEYS[at], value, 'PX', life)
end
table.insert(levels, 1, 0)
return levels
"""
_RAISE = """
local used = math.max(tonumber(redis.call('GET', KEYS[1])) or 0, tonumber(ARGV[1]))
redis.call('SET', KEYS[1], string.format('%.0f', used), 'PX', 3456000000)
return used
"""
# In braces, so that a cluster keeps all of them on one node: a script works on one.
_PREFIX = "{aidefence:limits}"
_WAIT_SECONDS = 0.1
_SILENCE_NS = 1_000_000_000
_CONNECTIONS_MAX = 64


class RedisCounters:
    """Counts in Redis. Safe to share between threads."""

    waits = True

    __slots__ = ("_errors", "_now", "_raise", "_silent_until_ns", "_take", "_wait_seconds")

    def __init__(
        self,
        url: str,
        *,
        wait_seconds: float = _WAIT_SECONDS,
        ticks: Callable[[], int] | None = None,
    ) -> None:
        """Know where to ask; nobody is asked yet. `ticks` stand in for the server's clock.

        What is over on the server's clock is dropped there; with another clock it is kept longer.

        Raises:
            MissingExtraError: the package that speaks to Redis is not installed.
            ConfigError: the address is none.

        """
        try:
            redis = import_module("redis")
        except ImportError as error:
            raise MissingExtraError("counting in Redis", "redis") from error
        self._errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._now = ticks
        self._wait_seconds = wait_seconds
        self._silent_until_ns = 0
        client = _connect(redis, url, wait_seconds)
        self._take = client.register_script(_TAKE)
        self._raise = client.register_script(_RAISE)

    def take(self, claims: Sequence[Claim], cost: int, month: int) -> Taken:
        """Count against every claim if none is full, in one round trip.

        Raises:
            UnavailableError: the server does not answer in time; for a second it is not asked.

        """
        keys = [_key(claim, month) for claim in claims]
        numbers = [self._now() if self._now else 0, cost]
        for claim in claims:
            numbers += (claim.limit, claim.interval_ticks)
        full, *levels = self._ask(self._take, keys, numbers)
        return Taken(tuple(levels), full - 1 if full else None)

    def raise_quota(self, subject: int, month: int, used: int) -> int:
        """Make a quota stand at `used` at least; gives where it stands."""
        key = _key(Claim("month", subject, 0, 0), month)
        return int(self._ask(self._raise, [key], [used]))

    def _ask(self, script: Any, keys: list[str], numbers: list[int]) -> Any:  # noqa: ANN401
        # One that hangs must not cost every request its time.
        if time.monotonic_ns() < self._silent_until_ns:
            raise UnavailableError("redis did not answer a moment ago")
        try:
            return script(keys=keys, args=numbers)
        except self._errors as error:
            self._silent_until_ns = time.monotonic_ns() + _SILENCE_NS
            # Never the message: it may hold the address with its password.
            raise UnavailableError(f"redis does not answer: {type(error).__name__}") from error


def _key(claim: Claim, month: int) -> str:
    if claim.interval_ticks:
        return f"{_PREFIX}:{claim.subject:016x}"
    return f"{_PREFIX}:{claim.subject:016x}:{month}"


def _connect(redis: Any, url: str, wait_seconds: float) -> Any:  # noqa: ANN401
    # Ready-made retries would wait longer than anybody gave us.
    retry = import_module("redis.retry").Retry(import_module("redis.backoff").NoBackoff(), 0)
    try:
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS_MAX,
            timeout=wait_seconds,
            socket_timeout=wait_seconds,
            socket_connect_timeout=wait_seconds,
            retry=retry,
        )
    except ValueError as error:
        raise ConfigError(f"this is no address of a Redis server: {error}") from error
    return redis.Redis(connection_pool=pool)
