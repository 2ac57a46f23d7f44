"""`aidefence scan-chat`: whole conversations in, the offending turns out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from aidefence.delivery.cli import scan_options as given
from aidefence.delivery.cli.chat_report import (
    Counts,
    Scanned,
    chat_object,
    summary_line,
    write_chat,
    write_json,
)
from aidefence.delivery.cli.chat_sources import Chat, read_chats
from aidefence.delivery.cli.options import (
    Colour,
    ColourOption,
    DeepOption,
    DenseOption,
    ParanoiaOption,
    ProfileOption,
    RulesOption,
    open_guard,
)
from aidefence.delivery.cli.scan import target
from aidefence.delivery.cli.scan_options import FailOn, Format
from aidefence.delivery.cli.terminal import console, json_text, printable
from aidefence.domain.conversation import Told
from aidefence.domain.enums import Action, Direction, Origin, Profile
from aidefence.domain.errors import ContentError
from aidefence.ingest.messages import CONTENTS_MAX, open_request

if TYPE_CHECKING:
    from aidefence import ConversationDecision, Guard


class ChatFormat(StrEnum):
    """What a scan of chats writes."""

    HUMAN = "human"
    JSON = "json"
    JSONL = "jsonl"


_Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE", help="JSON with one chat, or JSONL with many; - is stdin."),
]
_Output = Annotated[ChatFormat, typer.Option("--format", help="What to write.")]
_Apart = Annotated[bool, typer.Option("--apart", help="Do not put together what stands in pieces.")]
_Quarantine = Annotated[Action, typer.Option(help="From which action on a message is quarantined.")]


def scan_chat(  # noqa: PLR0917 - one parameter an option is how typer reads a command
    files: _Files,
    quarantine: _Quarantine = Action.BLOCK,
    apart: _Apart = False,
    output_format: _Output = ChatFormat.HUMAN,
    output: given.OutputFile = None,
    with_text: given.WithText = False,
    show_clean: given.ShowClean = False,
    fail_on: given.Fail = FailOn.FLAG,
    profile: ProfileOption = Profile.BALANCED,
    rules: RulesOption = None,
    paranoia: ParanoiaOption = 1,
    exclude_rule: given.ExcludeRule = None,
    dense: DenseOption = None,
    deep: DeepOption = None,
    quiet: given.Quiet = False,
    color: ColourOption = Colour.AUTO,
) -> None:
    """Scan whole conversations: messages, tool calls and results, documents.

    Exit codes: 0 clean, 1 found, 2 something could not be scanned.
    """
    if quarantine is Action.ALLOW:
        raise typer.BadParameter("--quarantine allow would set every message apart")
    guard = open_guard(
        profile=profile,
        rules=rules,
        paranoia=paranoia,
        exclude=tuple(exclude_rule or ()),
        dense=dense,
        deep=deep,
    )
    counts, terminal = Counts(), console(sys.stderr)

    def fail_one(line: str) -> None:
        counts.errors += 1
        terminal.print(f"aidefence: {printable(line)}", style="red")

    scanner = _Scanner(guard, quarantine, fail_on, assemble=not apart)
    with target(output, _FORMATS[output_format]) as stream:
        silent = quiet and output is None
        writer = _Writer(None if silent else output_format, stream, color, with_text, show_clean)
        for chat in read_chats(files, fail_one):
            try:
                scanned = scanner.scan(chat)
            except ContentError as error:
                fail_one(f"{chat.name}{error.path}: {error.reason}")
                continue
            counts.add(scanned)
            writer.add(scanned)
        writer.close(counts)
        stream.flush()
    for missed in guard.degraded if not quiet else ():
        terminal.print(f"aidefence: {missed.check} did not run: {missed.reason}", style="yellow")
    raise typer.Exit(counts.exit_code)


_FORMATS: Mapping[ChatFormat, Format] = {it: Format(it.value) for it in ChatFormat}


class _Scanner:
    """Follows each chat from its beginning, alone."""

    def __init__(
        self, guard: Guard, quarantine: Action, fail_on: FailOn, *, assemble: bool
    ) -> None:
        self._guard = guard
        self._quarantine = quarantine
        self._fail_on = fail_on
        self._assemble = assemble

    def scan(self, chat: Chat) -> Scanned:
        """Decide about one chat."""
        from aidefence import ConversationStore  # noqa: PLC0415

        talk = self._guard.conversation(
            "scanned",
            store=ConversationStore(),
            quarantine=self._quarantine,
            assemble=self._assemble,
        )
        given_chat: Any = chat.given
        decision = talk.inspect(given_chat)
        found = any(self._counts(told) for told in decision.messages)
        return Scanned(chat, decision, found, _texts(chat.given, decision))

    def _counts(self, told: Told) -> bool:
        severity = None if told.category is None else told.outcome.severity
        return self._fail_on.counts(told.action, severity)


def _texts(chat: object, decision: ConversationDecision) -> dict[str, tuple[str, ...]]:
    """Read the offending turns once more, for what the report shows of them."""
    wanted = {told.path for told in decision.messages if told.action > Action.ALLOW}
    request = open_request(chat, messages_max=max(CONTENTS_MAX, len(decision.messages)))
    places = (*request.head, *(request.place(at) for at in range(len(request.messages))))
    return {
        place.path: tuple(
            content.text for content in place.read(Origin.USER, Direction.INPUT).contents
        )
        for place in places
        if place.path in wanted
    }


class _Writer:
    """Writes chats as they are known, in the format that was asked for."""

    def __init__(
        self,
        output_format: ChatFormat | None,
        stream: TextIO,
        colour: Colour,
        with_text: bool,
        show_clean: bool,
    ) -> None:
        self._format = output_format
        self._stream = stream
        self._terminal = console(stream, colour=colour.forced)
        self._with_text = with_text
        self._show_clean = show_clean
        self._objects: list[dict[str, Any]] = []

    def add(self, scanned: Scanned) -> None:
        """Write or keep one chat."""
        match self._format:
            case ChatFormat.HUMAN:
                if self._show_clean or scanned.action > Action.ALLOW:
                    write_chat(scanned, self._terminal)
            case ChatFormat.JSON:
                self._objects.append(chat_object(scanned, with_text=self._with_text))
            case ChatFormat.JSONL:
                told = chat_object(scanned, with_text=self._with_text)
                self._stream.write(json_text(told) + "\n")
            case None:
                pass

    def close(self, counts: Counts) -> None:
        """Write what stands at the end."""
        if self._format is ChatFormat.HUMAN:
            self._terminal.print(summary_line(counts))
        elif self._format is ChatFormat.JSON:
            write_json(self._stream, self._objects, counts)
