"""Decisions on many texts: columns for those who count, objects for those who look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, overload

from aidefence.domain.content import Degraded
from aidefence.domain.decision import Charter, Decision, Record
from aidefence.domain.enums import Action, Category, Coded, Severity
from aidefence.domain.errors import MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_DTYPES = MappingProxyType(
    {
        "action": "<u1",
        "category": "<i1",
        "severity": "<u1",
        "tier": "<u1",
        "confidence": "<f4",
        "score": "<f4",
        "findings": "<u2",
        "exhausted": "<u1",
    }
)
_NAMED: Mapping[str, type[Coded]] = MappingProxyType(
    {"action": Action, "category": Category, "severity": Severity}
)


class Records(Protocol):
    """Compact records of many texts, as the engine keeps them."""

    def __len__(self) -> int: ...

    def get(self, index: int, /) -> Record:
        """One text's record."""

    def columns(self) -> dict[str, bytes]:
        """Little-endian columns over all texts."""


@dataclass(frozen=True, slots=True)
class Amended:
    """What a deeper tier made of one text of a batch, what it could not do, how long it took."""

    record: Record
    degraded: tuple[Degraded, ...]
    deep_ns: int


_UNAMENDED: Mapping[int, Amended] = MappingProxyType({})


class DecisionBatch(Sequence[Decision]):
    """Decisions on many texts, made when they are asked for."""

    __slots__ = (
        *("_amended", "_charter", "_columns", "_degraded", "_engine_ns", "_records", "_ruled"),
        "elapsed_ns",
    )

    def __init__(
        self,
        records: Records,
        charter: Charter,
        elapsed_ns: int,
        degraded: tuple[Degraded, ...] = (),
        *,
        amended: Mapping[int, Amended] = _UNAMENDED,
        engine_ns: int | None = None,
    ) -> None:
        self._records = records
        self._amended = amended
        self._engine_ns = elapsed_ns if engine_ns is None else engine_ns
        self._charter = charter
        self._degraded = degraded
        self._columns: Mapping[str, np.ndarray] | None = None
        self._ruled: Sequence[Decision] = ()
        self.elapsed_ns = elapsed_ns

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> Decision: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Decision, ...]: ...
    def __getitem__(self, index: int | slice) -> Decision | tuple[Decision, ...]:
        if isinstance(index, slice):
            return tuple(self._open(at) for at in range(*index.indices(len(self))))
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError("batch index out of range")
        return self._open(at)

    def __iter__(self) -> Iterator[Decision]:
        return map(self._open, range(len(self)))

    def columns(self) -> Mapping[str, np.ndarray]:
        """Read-only arrays over all texts; `action`, `category` and `severity` hold codes.

        A code is a position in the enum of the same name; category -1 means benign. `tier` has
        one bit for each tier that ran; `exhausted` is 0 unless a limit cut something short: 1 the
        search for hidden text, 2 the reading of the dense model, 3 both.
        """
        if self._columns is None:
            import numpy as np  # noqa: PLC0415 -- whoever asks for no columns pays nothing for it

            raw = self._records.columns()
            arrays = {name: np.frombuffer(raw[name], dtype) for name, dtype in _DTYPES.items()}
            if self._amended:
                arrays = self._amend(arrays)
            self._columns = MappingProxyType(arrays)
        return self._columns

    def ruled(self, rule: Callable[[int, Decision], Decision]) -> DecisionBatch:
        """The same batch after policies have had their say, on one text after the other."""
        decisions, amended, more_ns = [], {}, 0
        for at, before in enumerate(self):
            after = rule(at, before)
            was = self._amended.get(at, Amended(before.record, (), 0))
            added = after.degraded[len(before.degraded) :]
            amended[at] = Amended(after.record, (*was.degraded, *added), was.deep_ns)
            decisions.append(after)
            more_ns += after.elapsed_ns - before.elapsed_ns
        batch = DecisionBatch(
            self._records,
            self._charter,
            self.elapsed_ns + more_ns,
            self._degraded,
            amended=amended,
            engine_ns=self._engine_ns,
        )
        batch._ruled = decisions
        return batch

    @property
    def missed(self) -> Mapping[Degraded, int]:
        """Checks that some texts needed and did not get, or not to the end: how many texts."""
        counts: dict[Degraded, int] = {}
        for amended in self._amended.values():
            for degraded in amended.degraded:
                counts[degraded] = counts.get(degraded, 0) + 1
        return counts

    def to_arrow(self) -> pa.Table:
        """Give an Arrow table of the columns, with names instead of codes."""
        try:
            import pyarrow as pa  # noqa: PLC0415 -- an optional part
        except ImportError as error:
            raise MissingExtraError("`to_arrow`", "arrow") from error
        columns = {name: pa.array(array) for name, array in self.columns().items()}
        for name, members in _NAMED.items():
            codes = self.columns()[name]
            indices = pa.array(codes.astype("<i1"), mask=codes.astype("<i1") < 0)
            names = pa.array([member.value for member in members])
            columns[name] = pa.DictionaryArray.from_arrays(indices, names)
        return pa.table(columns)

    def _amend(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        written = {name: array.copy() for name, array in arrays.items()}
        for at, amended in self._amended.items():
            for name, value in zip(_DTYPES, _row(amended.record), strict=True):
                written[name][at] = value
        for array in written.values():
            array.flags.writeable = False
        return written

    def _open(self, index: int) -> Decision:
        if self._ruled:
            return self._ruled[index]
        # The texts were read together: a decision's time is its even share.
        share_ns = self._engine_ns // max(1, len(self))
        amended = self._amended.get(index)
        if amended is None:
            return Decision(self._records.get(index), self._charter, share_ns, (), self._degraded)
        deep_ns, degraded = amended.deep_ns, (*self._degraded, *amended.degraded)
        total_ns = share_ns + deep_ns
        return Decision(amended.record, self._charter, total_ns, (), degraded, deep_ns)

    def __repr__(self) -> str:
        return f"DecisionBatch({len(self)} decisions)"


def _row(record: Record) -> tuple[int | float, ...]:
    """A record as a row of the columns, in their order."""
    action, category, severity, confidence, score, tiers, findings, exhausted = record
    return action, category, severity, tiers, confidence, score, len(findings), exhausted
