"""What machine this is: a number without its machine says nothing."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aidefence.service.cores import cores

# What the engine's wide kernels need; without them it runs narrower ones.
_FEATURES = ("sse4_2", "avx2", "bmi1", "bmi2", "lzcnt", "abm", "popcnt", "avx512f", "asimd")


@dataclass(frozen=True, slots=True)
class Machine:
    """Processor, cores, memory and systems."""

    cpu: str
    cores: int
    memory_mib: int
    features: tuple[str, ...]
    system: str
    python: str

    @classmethod
    def here(cls) -> Machine:
        """Look at the machine we run on."""
        return cls(
            cpu=_cpu_model(),
            cores=cores(),
            memory_mib=_memory_mib(),
            features=_features(),
            system=f"{platform.system()} {platform.release()} {platform.machine()}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
        )

    def as_object(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "features": list(self.features)}

    def __str__(self) -> str:
        """Name it in one line."""
        return f"{self.cpu}, {self.cores} cores, {self.memory_mib:,} MiB, {self.python}"


def _cpu_model() -> str:
    for line in _cpuinfo():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Hardware"}:
            return value.strip()
    return platform.processor() or platform.machine()


def _features() -> tuple[str, ...]:
    for line in _cpuinfo():
        key, _, value = line.partition(":")
        if key.strip() in {"flags", "Features"}:
            present = set(value.split())
            return tuple(name for name in _FEATURES if name in present)
    return ()


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _memory_mib() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
    except (OSError, ValueError):
        return 0
