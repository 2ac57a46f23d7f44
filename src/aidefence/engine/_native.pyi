# The compiled engine. Codes and tuples; `aidefence.engine` gives them names.

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias, final

__all__ = [
    "CATEGORIES",
    "CONTEXT_LEXICONS",
    "DENSE_FEATURES",
    "FEATURES",
    "KERNEL_SOURCES",
    "Batch",
    "Dense",
    "DenseTerms",
    "Engine",
    "Expressions",
    "Form",
    "ModelFormatError",
    "PolicySet",
    "PolicySets",
    "ProofError",
    "Regex",
    "RuleSyntaxError",
    "Scribe",
    "Stream",
    "Theory",
    "category_ngrams",
    "check_rule",
    "leaks",
    "ngrams",
    "normalize",
]

CATEGORIES: Final[list[str]]
FEATURES: Final[list[str]]
CONTEXT_LEXICONS: Final[list[str]]
DENSE_FEATURES: Final[list[str]]
KERNEL_SOURCES: Final[bytes]

class RuleSyntaxError(ValueError):
    path: str
    line: int
    column: int
    expected: str
    message: str

class ModelFormatError(ValueError): ...

class ProofError(ValueError):
    cause: str
    line: int
    declaration: str | None
    steps: int

_Finding: TypeAlias = tuple[
    str, int, int, int, float, int, bool, tuple[str, ...], tuple[tuple[int, int], ...]
]
_Leak: TypeAlias = tuple[int, int, list[str], float, int | None, bool]
_Judged: TypeAlias = tuple[list[str], list[str], int, int]
_Outcome: TypeAlias = tuple[int, int, int, float, float, int, tuple[_Finding, ...], int]

@final
class Dense:
    def __new__(cls, data: bytes) -> Dense: ...
    def card(self) -> str: ...
    def pieces(self, text: str) -> list[int]: ...
    def embedding_width(self) -> int: ...
    def embed(self, texts: list[str]) -> bytes: ...
    def read(self, text: str) -> tuple[float, float, list[float], bool] | None: ...

@final
class Regex:
    def __new__(cls, source: str) -> Regex: ...
    def matches(self, text: str) -> bool: ...

@final
class DenseTerms:
    def __new__(
        cls,
        *,
        band: tuple[float, float],
        bias: float,
        weights: Sequence[tuple[str, float]],
        calibration: Sequence[tuple[float, float]],
        scale: Sequence[tuple[float, float]],
        harm: tuple[float, float] | None = None,
    ) -> DenseTerms: ...

@final
class Engine:
    def __new__(
        cls,
        rules: Sequence[tuple[str, str]],
        model: bytes | None,
        *,
        flag: Sequence[float],
        block: Sequence[float],
        paranoia: int = 1,
        exclude: Sequence[tuple[str, str]] = ...,
        user_rules: Sequence[tuple[str, str]] = ...,
        dense: tuple[Dense, DenseTerms] | None = None,
        answers: tuple[Sequence[float], Sequence[float]] | None = None,
    ) -> Engine: ...
    def inspect(self, text: str, origin: int = 1, direction: int = 0) -> _Outcome: ...
    def confidences(self, text: str, origin: int = 1, direction: int = 0) -> list[float]: ...
    def inspect_without(
        self, text: str, origin: int, direction: int, spared: Sequence[tuple[str, int, int]]
    ) -> tuple[_Outcome, list[float]]: ...
    def inspect_batch(
        self, texts: Iterable[str], origin: int = 1, direction: int = 0, threads: int = 0
    ) -> Batch: ...
    def features(
        self, texts: Iterable[str], origins: Sequence[int], direction: int = 0
    ) -> bytes: ...
    def rules(self) -> list[dict[str, Any]]: ...
    def version(self) -> dict[str, Any]: ...

@final
class Stream:
    def __new__(
        cls,
        engine: Engine,
        *,
        mode: str,
        blocked: bool,
        replaced: int = 0,
        origin: int = 1,
        direction: int = 0,
        kept_bytes_max: int = ...,
    ) -> Stream: ...
    def feed(self, piece: str | bytes) -> tuple[str, tuple[_Finding, ...], bool]: ...
    def finish(self) -> tuple[str, tuple[_Finding, ...], bool]: ...
    def go_on(self) -> str: ...
    def record(self) -> _Outcome | None: ...
    def past(self) -> list[_Outcome]: ...
    def kept(self) -> tuple[str, int]: ...
    @property
    def held(self) -> int: ...
    def tally(self) -> tuple[int, int, int, int, int, int, bool, bool]: ...

_Atom: TypeAlias = tuple[int, bool, int, int]
_States: TypeAlias = Sequence[bytes | None]

@final
class PolicySet:
    def __new__(cls, image: bytes, digest: bytes) -> PolicySet: ...
    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def ids(self) -> list[str]: ...
    @property
    def remembers(self) -> tuple[bool, bool, bool]: ...
    def decide(
        self, values: Sequence[int], state: bytes | None, now_ms: int
    ) -> tuple[int, list[int], list[int], bytes, int]: ...
    def extended(self, values: Sequence[int], state: bytes | None, now_ms: int) -> list[int]: ...
    def decided_by(self, which: int, extended: Sequence[int]) -> list[_Atom]: ...

@final
class PolicySets:
    def __new__(cls, sets: Sequence[PolicySet]) -> PolicySets: ...
    @property
    def features(self) -> list[tuple[str, int, list[str]]]: ...
    @property
    def remembers(self) -> tuple[bool, bool, bool]: ...
    def decide(
        self, values: Sequence[int], states: _States, now_ms: int
    ) -> tuple[
        int,
        list[tuple[int, int, list[int], list[int], int]],
        tuple[bytes | None, bytes | None, bytes | None],
    ]: ...
    def decided_by(
        self, values: Sequence[int], states: _States, now_ms: int, policy: int, which: int
    ) -> list[_Atom]: ...

@final
class Theory:
    def __new__(
        cls, data: bytes, *, axioms: Sequence[str], steps_max: int, memory_max: int
    ) -> Theory: ...
    def judged(self) -> _Judged: ...
    def check(self, delta: bytes, *, prefix: str, steps_max: int, memory_max: int) -> _Judged: ...

@final
class Expressions:
    def __new__(cls, text: bytes) -> Expressions: ...
    def __len__(self) -> int: ...
    def find(self, body: str) -> int | None: ...
    def body(self, number: int) -> bytes | None: ...

@final
class Batch:
    def __len__(self) -> int: ...
    def get(self, index: int) -> _Outcome: ...
    def noticed(self) -> list[int]: ...
    def columns(self) -> dict[str, bytes]: ...

_Pieces: TypeAlias = tuple[str, str, str, str, str]
_Around: TypeAlias = tuple[bytes, bytes, bytes]

@final
class Form:
    def __new__(cls, laid_out: Sequence[tuple[int, _Pieces]]) -> Form: ...
    def fill(
        self, tiers: int, name: str, elapsed_ns: int, confidence: float, engine_ns: int
    ) -> bytes: ...
    def fill_all(self, batch: Batch, names: Sequence[str], share_ns: int) -> list[bytes | None]: ...

@final
class Scribe:
    def __new__(cls, mark: bytes, opening: bytes, digest_key: bytes) -> Scribe: ...
    def record(
        self,
        name: str,
        text: str,
        at_ms: int,
        around: _Around,
        tiers: int,
        confidence: float,
        elapsed_ns: int,
    ) -> bytes | None: ...
    def record_all(
        self,
        batch: Batch,
        names: Sequence[str],
        texts: Sequence[str],
        at_ms: int,
        around: _Around,
        share_ns: int,
    ) -> list[bytes | None]: ...

def ngrams(texts: Iterable[str]) -> tuple[bytes, bytes, bytes, bytes]: ...
def category_ngrams(texts: Iterable[str]) -> tuple[bytes, bytes]: ...
def normalize(text: str) -> str: ...
def check_rule(path: str, text: str) -> None: ...
def leaks(
    answer: str, system: str, said: Sequence[str], markers: Sequence[str]
) -> tuple[list[_Leak], float, float, bool]: ...
