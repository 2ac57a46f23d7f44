"""The front door for Python: build a guard once, ask it from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aidefence.app import sanitise
from aidefence.app.setup import ExcludeLike, Setup, ThresholdLike, codes_of, make_setup, pairs_of
from aidefence.app.wiring import corridor_for, house_for
from aidefence.domain.content import Degraded
from aidefence.domain.decision import Decision
from aidefence.domain.enums import (
    CATEGORIES,
    Action,
    Category,
    DeepMode,
    Direction,
    OnError,
    Origin,
    Profile,
    Wrap,
)
from aidefence.domain.errors import ContentError, SettingError
from aidefence.domain.rewrite import Rewrite
from aidefence.domain.streaming import KEPT_BYTES, OnFinding, StreamMode
from aidefence.ingest.messages import Inspectable, read
from aidefence.respond.batch import DecisionBatch

if TYPE_CHECKING:
    from aidefence.app.conversation import Conversation, ConversationStore
    from aidefence.app.stream import Stream
    from aidefence.app.tools import PinsLike
    from aidefence.domain.answer import AnswerReport
    from aidefence.domain.tools import CallDecision, ToolsDecision, TraceDecision
    from aidefence.ingest.tools import Tools
    from aidefence.ports.watcher import Watcher
    from aidefence.service.answers.asked import AnswerCheck, Canaries

# Up to here an inspection takes less time than a visit to another thread.
_INLINE_CODE_POINTS_MAX = 16_384
_USER = Origin.USER.code
_INPUT = Direction.INPUT.code
_Answer = TypeVar("_Answer")


class Guard:
    """Inspects texts and messages and decides. Immutable; share it between threads and tasks."""

    __slots__ = ("_corridor", "_house", "_inspect_text", "_setup")

    def __init__(
        self,
        *,
        profile: Profile | str = Profile.BALANCED,
        rules_dir: Path | str | None = None,
        paranoia: int = 1,
        exclude: Iterable[ExcludeLike] = (),
        thresholds: Mapping[Category, ThresholdLike] | None = None,
        answer_thresholds: Mapping[Category, ThresholdLike] | None = None,
        dense: DeepMode | str = DeepMode.AUTO,
        dense_file: Path | str | None = None,
        deep: DeepMode | str = DeepMode.AUTO,
        deep_dir: Path | str | None = None,
        on_error: OnError | str = OnError.KEEP,
        lists: Path | str | Iterable[Path | str] = (),
        topics: Path | str | Iterable[Path | str] = (),
        policies: Path | str | Iterable[Path | str] = (),
    ) -> None:
        """Build a guard; equal settings share one engine.

        `rules_dir` adds the rules of a folder to ours. `paranoia` from 2 to 4 adds rules that cry
        wolf more often. `exclude` silences rules: `"pi-0007"`, `"pii-*"`, or for texts from one
        place only, `"pii-*@tool"`. `thresholds` sets for a category the confidence from which it
        is flagged, or a pair of flag and block, in both directions; `answer_thresholds` does so
        for answers only.

        `deep` says whether the deep model reads what the other tiers are not sure of: `"auto"`
        where it is installed, `"off"`, or `"required"`, which refuses to start without it.
        `deep_dir` is a folder with a deep model of your own. `dense` and `dense_file` say the same
        of the dense model, which reads what rules and n-grams are not sure of. `on_error` says
        what happens to a text when a check that it needed failed: `"keep"` what the others
        decided, `"flag"` or `"block"`. `lists` are files of what is always and never let through,
        `topics` files of what texts may be about, by example. `policies` are files of policies;
        they decide after the profile, and the gravest of their actions counts.
        """
        setup = make_setup(
            profile=profile,
            rules_dir=rules_dir,
            paranoia=paranoia,
            exclude=exclude,
            thresholds=thresholds,
            answer_thresholds=answer_thresholds,
            dense=dense,
            dense_file=dense_file,
            deep=deep,
            deep_dir=deep_dir,
            on_error=on_error,
            lists=lists,
            topics=topics,
            policies=policies,
        )
        self._open(setup)

    @classmethod
    def from_config(cls, path: Path | str) -> Guard:
        """Build a guard from a TOML file."""
        # Reading settings costs more than all the rest of the import.
        from aidefence.app.settings import read_config  # noqa: PLC0415

        return cls.of(read_config(Path(path)).setup())

    @classmethod
    def of(cls, setup: Setup) -> Guard:
        """Build a guard from a checked setup."""
        guard = cls.__new__(cls)
        guard._open(setup)  # noqa: SLF001 -- our own, still being made
        return guard

    def _open(self, setup: Setup) -> None:
        self._setup = setup
        self._corridor = corridor_for(setup)
        self._inspect_text = self._corridor.inspect_text
        self._house = house_for(setup)

    def inspect(
        self,
        content: Inspectable,
        *,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
        session: str | None = None,
    ) -> Decision:
        """Inspect a text, or the messages of a conversation together.

        `session` names whose earlier events policies may ask about.
        """
        if self._house is not None:
            codes_of(origin, direction)
            what = read(content, origin=Origin(origin), direction=Direction(direction))
            return self._house.over(self._corridor.inspect(what), what, session)
        if content.__class__ is str:
            if origin is Origin.USER and direction is Direction.INPUT:
                return self._inspect_text(content, _USER, _INPUT)
            return self._inspect_text(content, *codes_of(origin, direction))
        return self._corridor.inspect(read(content, origin=origin, direction=direction))

    def inspect_batch(
        self,
        texts: Sequence[str],
        *,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
        threads: int = 0,
        session: str | None = None,
    ) -> DecisionBatch:
        """Inspect many texts on all cores, or on as many `threads` as told."""
        if isinstance(texts, str):
            raise ContentError("a batch is a sequence of texts, not one text")
        if threads < 0:
            raise SettingError("threads", f"`{threads}` is negative")
        codes = codes_of(origin, direction)
        try:
            batch = self._corridor.inspect_batch(texts, *codes, threads)
        except TypeError as error:
            raise ContentError(f"a batch holds only texts: {error}") from error
        return self._house.over_batch(batch, texts, codes, session) if self._house else batch

    async def ainspect(
        self,
        content: Inspectable,
        *,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
        session: str | None = None,
    ) -> Decision:
        """Inspect without holding up the event loop."""
        if isinstance(content, str) and len(content) <= _INLINE_CODE_POINTS_MAX:
            codes = codes_of(origin, direction)
            decision = self._corridor.text_at_once(content, *codes)
            if decision is not None:
                house = self._house
                return house.over_text(decision, content, codes, session) if house else decision
        work = partial(self.inspect, content, origin=origin, direction=direction)
        return await _aside(partial(work, session=session))

    async def ainspect_batch(
        self,
        texts: Sequence[str],
        *,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
        threads: int = 0,
        session: str | None = None,
    ) -> DecisionBatch:
        """Inspect many texts without holding up the event loop."""
        work = partial(self.inspect_batch, texts, origin=origin, direction=direction)
        return await _aside(partial(work, threads=threads, session=session))

    def inspect_answer(
        self,
        answer: str,
        *,
        question: str | None = None,
        system: str | None = None,
        context: str | Iterable[str] = (),
        canaries: Canaries | Iterable[str] = (),
        refusal: bool = False,
        language: str | None = None,
        support: bool = False,
        repetition: bool = False,
        flag: Iterable[AnswerCheck | str] = (),
        origin: Origin = Origin.ASSISTANT,
        session: str | None = None,
    ) -> AnswerReport:
        """Inspect an answer together with what it answers.

        `system` is the prompt it must not tell, `canaries` are markers planted there. What stands
        in `question` or `context` may be repeated. `refusal` looks for an answer that declines,
        `language` for one in another language than `"question"` or the code that is named,
        `support` for sentences whose words do not stand in the context, `repetition` for one that
        goes round in circles. These inform; `flag` names those that shall flag. A check
        that cannot tell is in `degraded`.
        """
        if not isinstance(answer, str):
            raise ContentError("an answer is a text")
        # Who guards prompts alone need not load what reads answers.
        from aidefence.service.answers.asked import make_asked  # noqa: PLC0415
        from aidefence.service.answers.inspect import inspect_answer  # noqa: PLC0415

        asked = make_asked(
            question=question,
            system=system,
            context=context,
            canaries=canaries,
            refusal=refusal,
            language=language,
            support=support,
            repetition=repetition,
            flag=flag,
        )
        codes_of(origin, Direction.OUTPUT)
        report = inspect_answer(self._corridor, answer, asked, Origin(origin))
        house = self._house
        return house.over_answer(report, answer, Origin(origin), session) if house else report

    def stream(
        self,
        *,
        mode: StreamMode | str = StreamMode.HOLD,
        on_finding: OnFinding | str = OnFinding.STOP,
        stop_at: Action | str = Action.FLAG,
        origin: Origin = Origin.ASSISTANT,
        direction: Direction = Direction.OUTPUT,
        categories: Iterable[Category | str] = sanitise.PRIVATE,
        operators: Mapping[str, str] | None = None,
        default: str = "replace",
        key: bytes | None = None,
        kept_bytes: int = KEPT_BYTES,
    ) -> Stream:
        """Open a stream: text goes in as it comes, and goes out as soon as it is settled.

        `mode` `"hold"` lets nothing out that a finding covers or may come to cover, `"tail"`
        everything until something is found, `"audit"` everything. `stop_at` is the action from
        which a finding counts. With `on_finding="redact"`, values of `categories` are replaced as
        in `redact`. `kept_bytes` of the text are kept for the decision at the end.
        """
        from aidefence.app.stream import Stream  # noqa: PLC0415 - the same for streams

        wanted = sanitise.make_wanted(
            self._corridor, categories=categories, operators=operators, default=default, key=key
        )
        return Stream(
            self._corridor,
            mode=mode,
            on_finding=on_finding,
            stop_at=stop_at,
            codes=codes_of(origin, direction),
            wanted=wanted,
            kept_bytes=kept_bytes,
        )

    def redact(
        self,
        text: str,
        *,
        categories: Iterable[Category | str] = sanitise.PRIVATE,
        entities: Iterable[str] | None = None,
        operators: Mapping[str, str] | None = None,
        default: str = "replace",
        key: bytes | None = None,
        min_score: float | None = None,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
    ) -> Rewrite:
        """Put something else in the place of private data and secrets.

        `default` is what happens to a value, `operators` says otherwise by entity: `"replace"`,
        `"mask:4"`, `"hash"`, `"encrypt"`, `"synthetic"` or `"keep"`; three of them need a `key`.
        `entities` redacts only these. `min_score` is the score from which a finding counts, in
        place of the flag threshold. What could not be read to its end stands in `degraded`.
        """
        wanted = sanitise.make_wanted(
            self._corridor,
            categories=categories,
            entities=entities,
            operators=operators,
            default=default,
            key=key,
            min_score=min_score,
        )
        codes = codes_of(origin, direction)
        return sanitise.redact(text, sanitise.make_locator(self._corridor, *codes), wanted)

    def inspect_tools(self, tools: Tools, *, pins: PinsLike = None) -> ToolsDecision:
        """Inspect tool definitions before a model is given them.

        `tools` is a list as OpenAI, Anthropic, Gemini or Bedrock take it, what an MCP server
        answers to `tools/list`, or an object with such a list for each of several servers. `pins`
        is the file of approved definitions: what is new, changed or gone since is a finding.

        Raises:
            ContentError: something is no tool definition.
            PinError: the pins cannot be read, or do not fit their digests.

        """
        # Who guards prompts alone need not load what reads tools.
        from aidefence.app import tools as door  # noqa: PLC0415

        return door.inspect_tools(self._setup, tools, pins)

    def inspect_call(
        self,
        name: str,
        arguments: object,
        *,
        tools: Tools | None = None,
        task: str | None = None,
        seen: Sequence[str] = (),
        session: str | None = None,
    ) -> CallDecision:
        """Inspect a tool call before it is made.

        `arguments` are an object, or the JSON text that the model wrote. With `tools`, the
        definitions that the model was given, they must fit the schema. `task` is what the user
        asked for, and `seen` what tools and documents have said since: what only these named is
        a finding where it decides who gets something or what is run.

        Raises:
            ContentError: something is not of its kind.
            LimitError: there is more than one call may take.

        """
        from aidefence.app import tools as door  # noqa: PLC0415

        call = door.inspect_call(self._setup, name, arguments, tools=tools, task=task, seen=seen)
        house = self._house
        return house.over_call(call, arguments, self._corridor, session) if house else call

    def inspect_trace(self, messages: Inspectable, *, tools: Tools | None = None) -> TraceDecision:
        """Inspect the calls of a whole trace, and what flows into them from where.

        Takes a list of messages or a whole request, whose `tools` are then known.

        Raises:
            ContentError: something is no message, or no tool definition.

        """
        from aidefence.app import tools as door  # noqa: PLC0415

        return door.inspect_trace(self._setup, messages, tools)

    def conversation(
        self,
        name: str,
        *,
        store: ConversationStore | None = None,
        quarantine: Action | str = Action.BLOCK,
        risk_threshold: float | None = None,
        risk_action: Action | str = Action.FLAG,
        assemble: bool = True,
        flows: bool = False,
        tools: Tools | None = None,
    ) -> Conversation:
        """Follow the conversation of this name: each message is inspected once.

        Without a `store` it is kept in this process. A message whose action is `quarantine` or
        graver is set apart. A message that adds to a risk over `risk_threshold` gets at least
        `risk_action`. `assemble` also inspects what stands in pieces in several messages. `flows`
        follows what flows into tool calls, as `inspect_trace` does; `tools` are the definitions
        that the model was given, and turn it on.
        """
        # Loaded when first asked for: who inspects texts alone pays nothing for it.
        from aidefence.app import conversation as door  # noqa: PLC0415

        conduct = door.make_conduct(
            quarantine=quarantine,
            risk_threshold=risk_threshold,
            risk_action=risk_action,
            assemble=assemble,
        )
        kept = store or door.process_store()
        watchers: tuple[Watcher, ...] = ()
        if flows or tools is not None:
            from aidefence.app.tools import FLOWS, flow_watcher  # noqa: PLC0415

            watchers = (flow_watcher(self._setup, tools, key=kept.key_for(FLOWS)),)
        follower = kept.follower(self._corridor, watchers=watchers, house=self._house)
        return door.Conversation(follower, name, conduct)

    @staticmethod
    def unseal(text: str, *, key: bytes) -> Rewrite:
        """Put back what `redact` sealed with the operator `encrypt` and this key."""
        return sanitise.unseal(text, key)

    @staticmethod
    def neutralize(
        text: str,
        *,
        decode: bool = False,
        markup: bool = True,
        hosts: Iterable[str] = (),
        wrap: Wrap | str | None = None,
    ) -> Rewrite:
        """Take out what nobody sees and make harmless what loads, runs or hides.

        `decode` writes out what stands there in base64, hex, percent codes, entities or escapes.
        `hosts` may stay linked. `wrap` sets the text apart for a model, by `"delimit"`,
        `"datamark"` or `"encode"`; the result's `instruction` is what the model must be told.
        """
        return sanitise.neutralize(text, decode=decode, markup=markup, hosts=hosts, wrap=wrap)

    def confidences(
        self,
        text: str,
        *,
        origin: Origin = Origin.USER,
        direction: Direction = Direction.INPUT,
    ) -> Mapping[Category, float]:
        """Give the calibrated confidence of every category, after all tiers that have a say.

        A decision names one category; this is for those who measure, or lay thresholds of their
        own over the same scale. `thresholds` are those that decide here.
        """
        if not isinstance(text, str):
            raise ContentError("confidences are of one text")
        codes = codes_of(origin, direction)
        return dict(zip(CATEGORIES, self._corridor.confidences(text, *codes), strict=True))

    @property
    def thresholds(self) -> Mapping[Category, tuple[float, float | None]]:
        """The confidence from which each category is flagged, and blocked; none where it never is.

        Confidences are in single precision, and so they are compared.
        """
        return pairs_of(self._corridor.charter.policy.thresholds)

    @property
    def answer_thresholds(self) -> Mapping[Category, tuple[float, float | None]]:
        """The same for texts on their way out."""
        return pairs_of(self._corridor.charter.policy.of_answers().thresholds)

    @property
    def setup(self) -> Setup:
        """What this guard was made of."""
        return self._setup

    @property
    def degraded(self) -> tuple[Degraded, ...]:
        """Checks that this installation does not run, and why."""
        return self._corridor.standing

    def warm(self) -> None:
        """Load the deep model now, so that the first uncertain text need not wait for it.

        Raises:
            ModelError: it is there and cannot be loaded.

        """
        self._corridor.warm()

    @property
    def policy_version(self) -> str:
        """Name of the policy and the knowledge that speak."""
        version = self._corridor.charter.policy_version
        return f"{version}+{self._house.version}" if self._house else version

    def __reduce__(self) -> tuple[object, ...]:
        return Guard.of, (self._setup,)

    def __repr__(self) -> str:
        return f"Guard({self.policy_version})"


async def _aside(call: Callable[[], _Answer]) -> _Answer:
    import asyncio  # noqa: PLC0415 -- two thirds of the whole import, for those who never await

    return await asyncio.to_thread(call)
