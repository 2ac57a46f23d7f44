"""What a scan of chats writes: the offending turns, and what was found over several of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from aidefence.delivery.cli.chat_sources import Chat
from aidefence.delivery.cli.human import ACTION_STYLES, SEVERITY_STYLES
from aidefence.delivery.cli.terminal import json_text, printable
from aidefence.domain.conversation import Assembled, ConversationDecision, Told
from aidefence.domain.enums import Action
from aidefence.domain.verdict import Finding

_FINDINGS_MAX = 5
_EXCERPT_MAX = 160


@dataclass(frozen=True, slots=True)
class Scanned:
    """One chat with what was decided about it, and the texts of its offending turns."""

    chat: Chat
    decision: ConversationDecision
    found: bool
    texts: dict[str, tuple[str, ...]] = field(repr=False)

    @property
    def offending(self) -> tuple[Told, ...]:
        """The turns that are not simply allowed."""
        return tuple(it for it in self.decision.messages if it.action > Action.ALLOW)

    @property
    def action(self) -> Action:
        """The gravest action for any turn."""
        return max((it.action for it in self.decision.messages), default=Action.ALLOW)


@dataclass(slots=True)
class Counts:
    """Counts of a whole scan."""

    chats: int = 0
    messages: int = 0
    found: int = 0
    quarantined: int = 0
    errors: int = 0
    actions: Counter[str] = field(default_factory=Counter)

    def add(self, scanned: Scanned) -> None:
        """Count a chat."""
        self.chats += 1
        self.messages += len(scanned.decision.messages)
        self.found += scanned.found
        self.quarantined += len(scanned.decision.quarantined)
        self.actions[scanned.action.value] += 1

    @property
    def exit_code(self) -> int:
        """2 if something could not be checked, 1 if something was found, 0 if all is clean."""
        return 2 if self.errors else int(self.found > 0)


def write_chat(scanned: Scanned, terminal: Console) -> None:
    """Write the offending turns of one chat for people."""
    decision = scanned.decision
    head = Text(printable(scanned.chat.name), style="bold")
    if scanned.chat.record_id is not None:
        head.append(f" ({printable(scanned.chat.record_id)})")
    head.append(f"  {scanned.action.value}", style=ACTION_STYLES[scanned.action])
    if scanned.action is not Action.ALLOW and not decision.enforced:
        head.append(" (observed only)", style="dim")
    head.append(f"  {len(decision.messages):,} messages", style="dim")
    head.append(f"  risk {decision.risk:.2f}", style="dim")
    _print(terminal, head)
    for told in scanned.offending:
        for line in _turn_lines(told, scanned.texts.get(told.path, ())):
            _print(terminal, line)
    for whole in decision.assembled:
        _print(terminal, _assembled_line(whole))
    for missed in decision.degraded:
        _print(terminal, Text(f"  {missed.check}: {missed.reason}", style="yellow"))


def _turn_lines(told: Told, texts: tuple[str, ...]) -> Iterator[Text]:
    line = Text(f"  {printable(told.path)}  ")
    line.append(told.action.value, style=ACTION_STYLES[told.action])
    if told.category is not None:
        line.append(f"  {told.category.value}")
        line.append(
            f"  {told.outcome.severity.value}", style=SEVERITY_STYLES[told.outcome.severity]
        )
        line.append(f"  confidence {told.outcome.confidence:.2f}")
    if told.outcome.by_context:
        line.append("  by what came before it", style="magenta")
    if told.quarantined:
        line.append("  quarantined", style="bold")
    yield line
    for finding in _findings(told)[:_FINDINGS_MAX]:
        yield _finding_line(finding, texts)


def _finding_line(finding: Finding, texts: tuple[str, ...]) -> Text:
    line = Text("    \u2022 ")
    line.append(printable(finding.rule_id), style="bold")
    line.append(f"  {printable(finding.explanation)}")
    if finding.mention:
        line.append("  mentioned, not used", style="dim")
    said = finding.span.of(texts[finding.content]) if finding.content < len(texts) else ""
    if said:
        cut = said[:_EXCERPT_MAX] + ("\u2026" if len(said) > _EXCERPT_MAX else "")
        line.append(f"  \u27e6{printable(cut)}\u27e7")
    return line


def _assembled_line(whole: Assembled) -> Text:
    line = Text("  together  ")
    action = whole.decision.action
    line.append(action.value, style=ACTION_STYLES[action])
    category = whole.decision.category
    line.append(f"  {category.value if category else 'benign'}")
    line.append(f"  confidence {whole.decision.confidence:.2f}")
    turns = ", ".join(str(turn) for turn in dict.fromkeys(it.turn for it in whole.pieces))
    line.append(f"  {whole.how.value} of turns {turns}", style="magenta")
    return line


def chat_object(scanned: Scanned, *, with_text: bool) -> dict[str, Any]:
    """Return one chat as plain data. Texts only appear if they were asked for."""
    decision = scanned.decision
    return {
        "name": scanned.chat.name,
        "id": scanned.chat.record_id,
        "messages": len(decision.messages),
        "found": scanned.found,
        "action": scanned.action.value,
        "enforced": decision.enforced,
        "risk": round(decision.risk, 6),
        "quarantined": [it.path for it in decision.quarantined],
        "turns": [
            _turn_object(it, scanned.texts.get(it.path, ()), with_text=with_text)
            for it in scanned.offending
        ],
        "assembled": [_assembled_object(it) for it in decision.assembled],
        "reasons": list(decision.reasons),
        "degraded": [{"check": it.check, "reason": it.reason} for it in decision.degraded],
        "policy_version": decision.policy_version,
    }


def write_json(stream: TextIO, chats: list[dict[str, Any]], counts: Counts) -> None:
    """Write all chats as one document."""
    document = {"chats": chats, "summary": summary_object(counts)}
    stream.write(json_text(document, indent=1) + "\n")


def summary_object(counts: Counts) -> dict[str, Any]:
    """Return the counts as plain data."""
    return {
        "chats": counts.chats,
        "messages": counts.messages,
        "found": counts.found,
        "quarantined": counts.quarantined,
        "actions": dict(sorted(counts.actions.items())),
        "errors": counts.errors,
        "exit_code": counts.exit_code,
    }


def summary_line(counts: Counts) -> str:
    """Return the counts in one line."""
    told = ", ".join(
        f"{counts.actions[action.value]:,} {action.value}"
        for action in reversed(Action)
        if counts.actions[action.value]
    )
    line = f"{counts.chats:,} chats, {counts.messages:,} messages"
    return f"{line}: {told}" if told else line


def _turn_object(told: Told, texts: tuple[str, ...], *, with_text: bool) -> dict[str, Any]:
    outcome = told.outcome
    body: dict[str, Any] = {
        "path": told.path,
        "index": told.index,
        "action": outcome.action.value,
        "category": outcome.category.value if outcome.category else None,
        "severity": outcome.severity.value if outcome.category else None,
        "confidence": round(outcome.confidence, 6),
        "quarantined": outcome.quarantined,
        "by_context": outcome.by_context,
        "findings": [_finding_object(it, texts, with_text=with_text) for it in _findings(told)],
    }
    if with_text:
        body["texts"] = list(texts)
    return body


def _finding_object(finding: Finding, texts: tuple[str, ...], *, with_text: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "rule": finding.rule_id,
        "category": finding.category.value,
        "severity": finding.severity.value,
        "score": round(finding.score, 6),
        "explanation": finding.explanation,
        "content": finding.content,
        "start": finding.span.start,
        "end": finding.span.end,
        "mention": finding.mention,
        "taxonomy": list(finding.taxonomy.ids),
    }
    if with_text and finding.content < len(texts):
        body["text"] = finding.span.of(texts[finding.content])
    return body


def _assembled_object(whole: Assembled) -> dict[str, Any]:
    category = whole.decision.category
    return {
        "how": whole.how.value,
        "action": whole.decision.action.value,
        "category": category.value if category else None,
        "confidence": round(whole.decision.confidence, 6),
        "pieces": [
            {
                "turn": it.turn,
                "index": it.index,
                "content": it.content,
                "start": it.span.start,
                "end": it.span.end,
            }
            for it in whole.pieces
        ],
    }


def _findings(told: Told) -> tuple[Finding, ...]:
    alone = told.decision.findings if told.decision is not None else ()
    return (*alone, *told.found)


def _print(terminal: Console, line: Text) -> None:
    terminal.print(line, overflow="ignore", no_wrap=True, crop=False)
