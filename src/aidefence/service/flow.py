"""Follow what flows through a trace: from strangers' words and private data to where calls go."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aidefence.domain.content import Content
from aidefence.domain.enums import Modality, Origin
from aidefence.domain.errors import ContentError, LimitError
from aidefence.domain.flow import SINKS, WAYS_OUT, Signals, Value, ValueKind
from aidefence.domain.tool_rules import structure_finding
from aidefence.domain.tools import Capability, ToolFinding
from aidefence.service.call_arguments import Argument, Arguments, read_arguments
from aidefence.service.flow_memory import Memory, Printer
from aidefence.service.flow_values import (
    is_word,
    naming_words,
    shingles_of,
    unwrapped,
    values_of,
    words_of_text,
)

_MAGIC = b"AIDF\x01"
_HEAD = struct.Struct("<IIBH")
_CALLS_MAX = 128
_SHINGLES_MAX = 1_024
_PRIVATE_MIN = 2
_ARGUMENT_MAX = 20_000
_KEY_MIN = 12
_AROUND = ",;.()<>[]{}&?\"'`"
_FIELD, _SUSPECT = 1, 2
_GOING = frozenset(ValueKind) - {ValueKind.NAME}
_BROUGHT = frozenset({Origin.TOOL, Origin.RETRIEVAL})
_TRUSTED = frozenset({Origin.USER, Origin.SYSTEM})

Judge = Callable[[Content], Signals]
Classify = Callable[[str], frozenset[Capability]]


@dataclass(frozen=True, slots=True)
class _Call:
    """One call under examination."""

    tool: str
    can: frozenset[Capability]
    arguments: Arguments
    event: int

    def finding(self, rule_id: str, pointer: str, source: int, detail: str = "") -> ToolFinding:
        told = detail or (f"`{self.tool[:80]}` at {pointer}" if pointer else f"`{self.tool[:80]}`")
        return structure_finding(
            rule_id, pointer, detail=told, tool=self.tool, event=self.event, source=source
        )


class FlowTracker:
    """Follows one trace, message after message, at a cost that does not grow with it.

    Of texts only keyed digests are kept, of each kind so many and no more.
    """

    __slots__ = (
        *("_calls", "_classify", "_event", "_judge", "_names", "_orders", "_print", "_private"),
        *("_secrets", "_strangers", "_suspect_at", "_user"),
    )

    def __init__(self, key: bytes, judge: Judge, classify: Classify) -> None:
        """`judge` reads what tools bring, `classify` tells what a tool can do."""
        self._print = Printer(key)
        self._judge = judge
        self._classify = classify
        self._event = 0
        self._suspect_at = 0
        self._user = Memory(8_192)
        self._strangers = Memory(4_096)
        self._orders = Memory(3_072)
        self._private = Memory(3_072)
        self._secrets = Memory(256)
        self._names = Memory(256)
        self._calls: dict[int, frozenset[Capability]] = {}

    @property
    def events(self) -> int:
        """How many messages were seen."""
        return self._event

    @property
    def forgot(self) -> bool:
        """Whether so much was said that the oldest of it is forgotten."""
        return any(it.forgot for it in self._memories())

    def observe(self, contents: Sequence[Content]) -> tuple[ToolFinding, ...]:
        """Take the next message. Calls in it are judged by what came before."""
        self._event += 1
        found: list[ToolFinding] = []
        for content in contents:
            if content.modality is Modality.TOOL_CALL:
                found += self._called(content)
            elif content.origin in _TRUSTED:
                self._take_trusted(content.text)
            elif content.origin in _BROUGHT:
                self._take_brought(content)
            elif content.origin is Origin.ASSISTANT:
                found += self._linked(content.text)
        return tuple(found)

    def _take_trusted(self, text: str) -> None:
        for value in values_of(text):
            self._user.add(self._print(value.text), self._event)
        for word in words_of_text(text):
            if is_word(word):
                self._user.add(self._print(word), self._event)
        for part in text[:_ARGUMENT_MAX].split():
            if len(part) >= _KEY_MIN:
                self._user.add(self._print(part.strip(_AROUND)), self._event)

    def _take_brought(self, content: Content) -> None:
        signals = self._judge(content)
        values = values_of(content.text)
        marks = _SUSPECT if signals.is_suspect else 0
        for value in values:
            if value.kind is not ValueKind.NAME:
                field = _FIELD if value.is_field and not signals.is_suspect else 0
                self._strangers.add(self._print(value.text), self._event, field | marks)
        if signals.is_suspect:
            self._suspect_at = self._event
            self._keep_runs(self._orders, content.text)
            for value in values:
                if value.kind is ValueKind.NAME:
                    self._names.add(self._print(value.text.lower()), self._event)
        for span in signals.secrets:
            self._secrets.add(self._print(span.of(content.text).strip()), self._event)
        self._take_private(content, signals, values)

    def _take_private(self, content: Content, signals: Signals, values: Sequence[Value]) -> None:
        for span in signals.private:
            self._private.add(self._print(_plain(span.of(content.text))), self._event, _SUSPECT)
        if Capability.PRIVATE not in self._source_of(content):
            return
        for value in values:
            if value.kind is not ValueKind.NAME:
                self._private.add(self._print(_plain(value.text)), self._event)
        self._keep_runs(self._private, content.text)

    def _keep_runs(self, memory: Memory, text: str) -> None:
        digests = [self._print(it) for it in shingles_of(words_of_text(text))]
        # Of long texts the same ones are kept wherever a passage of them turns up again.
        every = -(-len(digests) // _SHINGLES_MAX)
        for digest in digests:
            if every <= 1 or digest % every == 0:
                memory.add(digest, self._event)

    def _source_of(self, content: Content) -> frozenset[Capability]:
        if content.call_id is not None:
            known = self._calls.get(self._print(content.call_id))
            if known is not None:
                return known
        return frozenset() if content.tool is None else self._classify(content.tool)

    def _called(self, content: Content) -> Iterator[ToolFinding]:
        tool = content.tool or ""
        can = self._classify(tool) if tool else frozenset()
        if content.call_id is not None:
            self._calls[self._print(content.call_id)] = can
            if len(self._calls) > _CALLS_MAX:
                del self._calls[next(iter(self._calls))]
        try:
            arguments = read_arguments(content.text)
        except (ContentError, LimitError):
            arguments = Arguments(content.text, (Argument("", "", content.text[:_ARGUMENT_MAX]),))
        call = _Call(tool, can, arguments, self._event)
        yield from self._chosen(call)
        # Whatever a tool is for: what asks an address tells it something.
        if can & WAYS_OUT or can & SINKS or any("://" in it.text for it in arguments.texts):
            destinations = list(self._destinations(call))
            yield from destinations
            yield from self._leaving(call, is_strange=bool(destinations))
            if not destinations:
                yield from self._obeyed(call)

    def _chosen(self, call: _Call) -> Iterator[ToolFinding]:
        """Tell whether text that speaks to the model named the tool, and the user did not."""
        known = self._names.find(self._print(call.tool.lower())) if self._names else None
        if known is None or self._print(call.tool) in self._user:
            return
        words = words_of_text(call.tool.replace("_", " "))
        if not words or not all(self._print(word) in self._user for word in words):
            yield call.finding("flow-tool", "", known[0])

    def _destinations(self, call: _Call) -> Iterator[ToolFinding]:
        """Tell which addresses of a call only strangers named."""
        goes_out = bool(call.can & {Capability.OUTWARD, Capability.PAYMENT, Capability.ADMIN})
        for argument in call.arguments.texts:
            if not argument.is_address and Capability.SHELL not in call.can:
                continue
            for value in values_of(argument.text[:_ARGUMENT_MAX]):
                known = self._strange(value)
                if known is None:
                    continue
                event, marks = known
                if marks & _SUSPECT and (goes_out or call.can & SINKS):
                    rule_id = "flow-command" if Capability.SHELL in call.can else "flow-destination"
                    yield call.finding(rule_id, argument.pointer, event)
                elif goes_out and not marks & _FIELD and not self._is_meant(value):
                    yield call.finding("flow-stranger", argument.pointer, event)

    def _strange(self, value: Value) -> tuple[int, int] | None:
        if value.kind not in _GOING:
            return None
        digest = self._print(value.text)
        return None if digest in self._user else self._strangers.find(digest)

    def _is_meant(self, value: Value) -> bool:
        """Whether the user spoke of whose address it is: `write to the studio`."""
        return any(self._print(word) in self._user for word in naming_words(value))

    def _leaving(self, call: _Call, *, is_strange: bool) -> Iterator[ToolFinding]:
        """Tell whether keys or private data leave with a call."""
        if not (self._secrets or self._private):
            return
        out = bool(call.can & WAYS_OUT) or Capability.SHELL in call.can
        for argument in call.arguments.texts:
            if not out and "://" not in argument.text:
                continue
            text = unwrapped(argument.text[:_ARGUMENT_MAX])
            source = self._secret_in(text)
            if source is not None:
                yield call.finding("flow-secret-out", argument.pointer, source)
                continue
            if argument.is_address or not (is_strange or self._suspect_at):
                continue
            source = self._private_in(text)
            if source is not None and (is_strange or not self._is_named(call)):
                yield call.finding("flow-private-out", argument.pointer, source)

    def _is_named(self, call: _Call) -> bool:
        """Whether the user or the operator named where a call goes."""
        addresses = [it for it in call.arguments.texts if it.is_address and it.text.strip()]
        return bool(addresses) and all(self._is_known(it.text) for it in addresses)

    def _is_known(self, address: str) -> bool:
        values = [it for it in values_of(address) if it.kind in _GOING]
        if values:
            return all(self._print(it.text) in self._user or self._is_meant(it) for it in values)
        words = [it for it in words_of_text(address) if is_word(it)]
        return bool(words) and all(self._print(it) in self._user for it in words)

    def _secret_in(self, text: str) -> int | None:
        if not self._secrets:
            return None
        for word in text.replace('"', " ").replace("'", " ").replace("=", " ").split():
            for part in (word, word.rsplit(":", 1)[-1], word.rsplit("/", 1)[-1]):
                digest = self._print(part.strip(_AROUND))
                known = self._secrets.find(digest)
                if known is not None and digest not in self._user:
                    return known[0]
        return None

    def _private_in(self, text: str) -> int | None:
        """Give the event that private data came with: one run of words, or two values."""
        values = {_plain(it.text) for it in values_of(text) if it.kind is not ValueKind.NAME}
        hits = []
        for value in values:
            digest = self._print(value)
            known = None if digest in self._user else self._private.find(digest)
            if known is not None:
                hits += [known[0]] * (_PRIVATE_MIN if known[1] & _SUSPECT else 1)
        if len(hits) >= _PRIVATE_MIN:
            return hits[0]
        for run in shingles_of(words_of_text(text)):
            known = self._private.find(self._print(run))
            if known is not None and not self._is_said(run):
                return known[0]
        return None

    def _is_said(self, run: str) -> bool:
        return all(self._print(word) in self._user for word in run.split())

    def _obeyed(self, call: _Call) -> Iterator[ToolFinding]:
        """Tell whether a call carries words that spoke to the model."""
        if not self._orders:
            return
        rule_id = "flow-command" if Capability.SHELL in call.can else "flow-obeyed"
        for argument in call.arguments.texts:
            words = words_of_text(argument.text[:_ARGUMENT_MAX])
            for run in shingles_of(words):
                known = self._orders.find(self._print(run))
                if known is not None and not self._is_said(run):
                    yield call.finding(rule_id, argument.pointer, known[0])
                    return

    def _linked(self, text: str) -> Iterator[ToolFinding]:
        """Tell whether an answer carries data out in an address: links load by themselves."""
        for value in values_of(text) if self._strangers else ():
            if value.kind is not ValueKind.HOST:
                continue
            known = self._strange(value)
            link = unwrapped(value.span.of(text))
            if known is None or ("?" not in link and "%" not in link):
                continue
            secret = self._secret_in(link.replace("?", " ").replace("&", " "))
            source = self._private_in(link) if secret is None else secret
            if source is not None:
                yield structure_finding(
                    "flow-link",
                    "",
                    detail=f"to `{value.text[:80]}`",
                    span=value.span,
                    event=self._event,
                    source=source,
                )

    def _memories(self) -> tuple[Memory, ...]:
        return (
            *(self._user, self._strangers, self._orders),
            *(self._private, self._secrets, self._names),
        )

    def dump(self) -> bytes:
        """Write all that must be known before the next message: under 240 KiB, keyed digests."""
        order = list(Capability)
        parts = [_MAGIC, _HEAD.pack(self._event, self._suspect_at, 0, len(self._calls))]
        for digest, can in self._calls.items():
            parts.append(struct.pack("<QH", digest, sum(1 << order.index(it) for it in can)))
        return b"".join([*parts, *(it.dump() for it in self._memories())])

    def load(self, data: bytes) -> None:
        """Go on where `dump` was called, under the same key.

        Raises:
            ContentError: it is something else.

        """
        if not data.startswith(_MAGIC):
            raise ContentError("this is not the state of a trace")
        order, at = list(Capability), len(_MAGIC)
        try:
            self._event, self._suspect_at, _, calls = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            self._calls = {}
            for _ in range(calls):
                digest, bits = struct.unpack_from("<QH", data, at)
                at += struct.calcsize("<QH")
                can = frozenset(it for place, it in enumerate(order) if bits >> place & 1)
                self._calls[digest] = can
            rest = data[at:]
            for memory in self._memories():
                rest = memory.load(rest)
        except (ValueError, struct.error) as error:
            raise ContentError("the state of a trace is damaged") from error
        if rest:
            raise ContentError("the state of a trace is damaged")


def _plain(text: str) -> str:
    """How a private value is spelled for comparison: it may come with other blanks."""
    return "".join(text.split()).lower()
