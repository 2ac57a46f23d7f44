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
_C, _F = ToolCheck.CALL, ToolCheck.FLOW
_M, _A, _N = ToolCheck.SCHEMA, ToolCheck.ANNOTATION, ToolCheck.PIN
_TOOL, _LEAK, _HIDE = Category.TOOL_ABUSE, Category.DATA_EXFILTRATION, Category.OBFUSCATION
_LOW, _MEDIUM, _HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH
_CRITICAL = Severity.CRITICAL
_FLAG, _REVIEW, _BLOCK = Action.FLAG, Action.REVIEW, Action.BLOCK
_INDIRECT = ("LLM01", "ASI01", "AML.T0051")
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
    ("call-not-json", _C, _TOOL, _MEDIUM, _FLAG, "The arguments are not JSON", ()),
    ("call-key-twice", _C, _TOOL, _MEDIUM, _FLAG, ("A key stands twice: checkers and tools may "
     "read different ones"), ()),
    ("call-unknown-tool", _C, _TOOL, _MEDIUM, _FLAG, "There is no such tool", ()),
    ("call-missing-argument", _C, _TOOL, _LOW, _FLAG, "A required argument is missing", ()),
    ("call-unknown-argument", _C, _TOOL, _LOW, _FLAG, "The tool has no such argument", ()),
    ("call-wrong-type", _C, _TOOL, _LOW, _FLAG, "The argument has another type", ()),
    ("call-not-in-enum", _C, _TOOL, _LOW, _FLAG, "The argument has none of the values allowed", ()),
    ("call-out-of-range", _C, _TOOL, _LOW, _FLAG, "The argument is too large, small or long", ()),
    ("call-destructive-sql", _C, Category.SQL_INJECTION, _HIGH, _REVIEW, ("A statement deletes or "
     "changes whole tables, or rights"), ("AML.T0101",)),
    ("call-destructive-shell", _C, Category.COMMAND_INJECTION, _CRITICAL, _REVIEW, ("A command "
     "deletes, loads and runs, or stays behind"), ("AML.T0101",)),
    ("call-sensitive-path", _C, Category.PATH_TRAVERSAL, _HIGH, _REVIEW, ("A path leads to keys, "
     "passwords or settings"), ("AML.T0083",)),
    ("call-climbing-path", _C, Category.PATH_TRAVERSAL, _MEDIUM, _FLAG, ("A path climbs out of its "
     "folder"), ()),
    ("call-inside-address", _C, Category.MALICIOUS_URL, _HIGH, _REVIEW, ("An address leads inside: "
     "to this machine, its network or its cloud's metadata"), ("CWE-918",)),
    ("call-odd-scheme", _C, Category.MALICIOUS_URL, _MEDIUM, _FLAG, ("An address with a scheme "
     "that reads files or speaks to other services"), ("CWE-918",)),
    ("call-secret-out", _C, _LEAK, _CRITICAL, _BLOCK, "A key or password goes out", ()),
    ("call-private-out", _C, _LEAK, _MEDIUM, _FLAG, ("Private data that the task does not name "
     "goes out"), ()),
    ("flow-destination", _F, _TOOL, _HIGH, _REVIEW, ("Who gets it was named by text that speaks to "
     "the model, and by nobody else"), _INDIRECT),
    ("flow-stranger", _F, _TOOL, _MEDIUM, _FLAG, ("Who gets it was named by text from strangers, "
     "and by nobody else"), _INDIRECT),
    ("flow-command", _F, _TOOL, _CRITICAL, _REVIEW, ("What is run was given by text that speaks to "
     "the model"), (*_INDIRECT, "ASI05")),
    ("flow-tool", _F, _TOOL, _HIGH, _REVIEW, "Text that speaks to the model chose this tool",
     _INDIRECT),
    ("flow-obeyed", _F, Category.INDIRECT_INJECTION, _HIGH, _REVIEW, ("What the call carries was "
     "given by text that speaks to the model"), ("AML.T0053",)),
    ("flow-private-out", _F, _LEAK, _HIGH, _REVIEW, ("Private data goes out to somebody the user "
     "did not name, after text that speaks to the model"), _INDIRECT),
    ("flow-secret-out", _F, _LEAK, _CRITICAL, _BLOCK, "A key that a tool showed goes out", ()),
    ("flow-link", _F, _LEAK, _CRITICAL, _BLOCK, ("The answer carries private data in an address "
     "that only strangers named"), _INDIRECT),
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
