"""What is checked by structure rather than by words: one table, told on the page about tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from aidefence.domain.content import Span
from aidefence.domain.enums import Action, Category, Severity
from aidefence.domain.tools import ToolCheck, ToolFinding


@dataclass(frozen=True, slots=True)
class StructureRule:
    """One such check: what a finding of it says."""

    check: ToolCheck
    category: Category
    severity: Severity
    action: Action
    title: str
    tags: tuple[str, ...] = ()


_I, _S, _P = ToolCheck.INVISIBLE, ToolCheck.SHADOWING, ToolCheck.POSTURE
_M, _A, _N = ToolCheck.SCHEMA, ToolCheck.ANNOTATION, ToolCheck.PIN
_TOOL, _LEAK, _HIDE = Category.TOOL_ABUSE, Category.DATA_EXFILTRATION, Category.OBFUSCATION
_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH
_CRITICAL = Severity.CRITICAL
_FLAG, _REVIEW, _BLOCK = Action.FLAG, Action.REVIEW, Action.BLOCK
_PULL = ("LLM03", "AML.T0109")
_Row = tuple[str, ToolCheck, Category, Severity, Action, str, tuple[str, ...]]

_ROWS: tuple[_Row, ...] = (
    ("tool-invisible-tags", _I, _HIDE, _CRITICAL, _BLOCK, ("Spells text in characters that nobody "
     "sees"), ("AML.T0110",)),
    ("tool-invisible-bidi", _I, _HIDE, _HIGH, _REVIEW, ("Turns the direction of its text, so that "
     "people read something else than the model"), ("AML.T0110",)),
    ("tool-invisible-marks", _I, _HIDE, _MEDIUM, _FLAG, ("Holds characters without width between "
     "its letters"), ("AML.T0110",)),
    ("tool-invisible-control", _I, _HIDE, _HIGH, _REVIEW, ("Holds control characters that steer a "
     "terminal"), ("AML.T0110",)),
    ("tool-invisible-padding", _I, _HIDE, _MEDIUM, _FLAG, ("Pushes the rest of its text out of "
     "sight with blanks"), ("AML.T0110",)),
    ("tool-secret", _M, Category.SECRET, _HIGH, _FLAG, "Holds a key or password", ()),
    ("tool-name-twice", _S, _TOOL, _HIGH, _REVIEW, "Has the name of another tool of its server",
     ("AML.T0110",)),
    ("tool-name-same", _S, _TOOL, _LOW, _FLAG, ("Has the name of a tool of another server: which "
     "one is called is up to the client"), ("AML.T0110",)),
    ("tool-name-alike", _S, _TOOL, _MEDIUM, _FLAG, ("Has almost the name of a tool of another "
     "server"), ("AML.T0110",)),
    ("tool-name-confusable", _S, _TOOL, _HIGH, _REVIEW, ("Has a name in look-alike letters or with "
     "unseen characters"), ("AML.T0110",)),
    ("tool-name-foreign", _S, _TOOL, _HIGH, _REVIEW, ("Has a name that pretends to be another "
     "server's"), ("AML.T0110",)),
    ("tool-of-another", _S, _TOOL, _HIGH, _REVIEW, "Gives orders about a tool of another server",
     ("AML.T0110", "ASI01")),
    ("posture-trifecta", _P, _LEAK, _MEDIUM, _FLAG, ("Private data, text from strangers and a way "
     "out together: one injected sentence can leak the first through the last"), ("ASI01",)),
    ("posture-shell-network", _P, _TOOL, _MEDIUM, _FLAG, ("Commands can be run and text from "
     "strangers comes in: one injected sentence can run a program"), ("ASI05",)),
    ("posture-write-network", _P, _TOOL, _LOW, _FLAG, ("Files can be changed and text from "
     "strangers comes in"), ("ASI05",)),
    ("tool-asks-conversation", _M, Category.PROMPT_EXTRACTION, _MEDIUM, _FLAG, ("A parameter asks "
     "for the conversation or the system prompt"), ("AML.T0110",)),
    ("tool-asks-credentials", _M, Category.SECRET, _MEDIUM, _FLAG, ("A parameter asks for keys or "
     "credentials that its job does not need"), ("AML.T0098",)),
    ("tool-asks-notes", _M, Category.PROMPT_EXTRACTION, _LOW, _FLAG, ("A required parameter takes "
     "notes beside the job: a side channel for what the model knows"), ("AML.T0110",)),
    ("tool-schema-broken", _M, _TOOL, _LOW, _FLAG, "The schema of its arguments is not one", ()),
    ("tool-schema-remote", _M, _TOOL, _MEDIUM, _FLAG, ("Its schema is loaded from elsewhere and "
     "can change there"), _PULL),
    ("annotation-broken", _A, _TOOL, _LOW, _FLAG, "Its annotations are not true or false", ()),
    ("annotation-read-only", _A, _TOOL, _MEDIUM, _FLAG, ("Calls itself read-only and has a name "
     "that changes things"), ("ASI09",)),
    ("annotation-not-destructive", _A, _TOOL, _MEDIUM, _FLAG, ("Calls itself not destructive and "
     "has a name that deletes"), ("ASI09",)),
    ("annotation-closed-world", _A, _TOOL, _LOW, _FLAG, ("Calls its world closed and has a name "
     "that goes out of it"), ("ASI09",)),
    ("pin-new", _N, _TOOL, _LOW, _FLAG, "Nobody approved this tool yet", _PULL),
    ("pin-changed", _N, _TOOL, _HIGH, _REVIEW, "Changed since it was approved", _PULL),
    ("pin-removed", _N, _TOOL, _LOW, _FLAG, "Was approved and is gone", _PULL),
)  # fmt: skip

STRUCTURE_RULES: Mapping[str, StructureRule] = MappingProxyType(
    {
        name: StructureRule(check, category, severity, action, title, tags)
        for name, check, category, severity, action, title, tags in _ROWS
    }
)


def structure_finding(
    rule_id: str,
    pointer: str,
    *,
    detail: str = "",
    server: str = "",
    tool: str = "",
    span: Span | None = None,
    score: float = 0.9,
    event: int | None = None,
    source: int | None = None,
) -> ToolFinding:
    """Make the finding of one structural check; `detail` says what it was here."""
    rule = STRUCTURE_RULES[rule_id]
    return ToolFinding(
        check=rule.check,
        rule_id=rule_id,
        category=rule.category,
        severity=rule.severity,
        action=rule.action,
        score=score,
        explanation=f"{rule.title}: {detail}" if detail else rule.title,
        pointer=pointer,
        server=server,
        tool=tool,
        span=span,
        event=event,
        source=source,
        tags=rule.tags,
    )
