"""Inspect what goes into and comes out of a language model, and decide.

from aidefence import Guard

decision = Guard().inspect("Ignore all previous instructions.")
print(decision.action, decision.category, decision.confidence)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidefence.app.conversation import Conversation, ConversationStore
    from aidefence.app.guard import Guard
    from aidefence.app.stream import Stream
    from aidefence.app.tools import ToolPins
    from aidefence.app.vault import Vault
    from aidefence.domain.answer import AnswerCheck, AnswerReport, Remark
    from aidefence.domain.content import Content, Degraded, Span
    from aidefence.domain.conversation import Assembled, ConversationDecision, Joint, Piece, Told
    from aidefence.domain.decision import Decision, TierTiming
    from aidefence.domain.enums import (
        Action,
        Category,
        Direction,
        Modality,
        Origin,
        Profile,
        Severity,
    )
    from aidefence.domain.errors import (
        AddressError,
        AIDefenceError,
        ConfigError,
        ContentError,
        ConversationError,
        ImageError,
        LaunchError,
        LimitError,
        MissingExtraError,
        ModelError,
        PinError,
        PolicyError,
        PolicyStateError,
        RulebookError,
        RuleError,
        SettingError,
        VaultError,
    )
    from aidefence.domain.rewrite import Change, ChangeKind, OffsetMap, Rewrite, RewrittenContent
    from aidefence.domain.streaming import (
        OnFinding,
        Released,
        StreamEnd,
        StreamMode,
        StreamTally,
    )
    from aidefence.domain.tools import (
        CallDecision,
        Capability,
        ToolFinding,
        ToolReport,
        ToolsDecision,
        TraceDecision,
    )
    from aidefence.domain.verdict import Allowed, Finding, Match, Verdict
    from aidefence.respond.batch import DecisionBatch
    from aidefence.respond.restoring import Restorer
    from aidefence.service.answers.canaries import Canaries

__version__ = "0.1.0"

__all__ = [
    "AIDefenceError",
    "Action",
    "AddressError",
    "Allowed",
    "AnswerCheck",
    "AnswerReport",
    "Assembled",
    "CallDecision",
    "Canaries",
    "Capability",
    "Category",
    "Change",
    "ChangeKind",
    "ConfigError",
    "Content",
    "ContentError",
    "Conversation",
    "ConversationDecision",
    "ConversationError",
    "ConversationStore",
    "Decision",
    "DecisionBatch",
    "Degraded",
    "Direction",
    "Finding",
    "Guard",
    "ImageError",
    "Joint",
    "LaunchError",
    "LimitError",
    "Match",
    "MissingExtraError",
    "Modality",
    "ModelError",
    "OffsetMap",
    "OnFinding",
    "Origin",
    "Piece",
    "PinError",
    "PolicyError",
    "PolicyStateError",
    "Profile",
    "Released",
    "Remark",
    "Restorer",
    "Rewrite",
    "RewrittenContent",
    "RuleError",
    "RulebookError",
    "SettingError",
    "Severity",
    "Span",
    "Stream",
    "StreamEnd",
    "StreamMode",
    "StreamTally",
    "TierTiming",
    "Told",
    "ToolFinding",
    "ToolPins",
    "ToolReport",
    "ToolsDecision",
    "TraceDecision",
    "Vault",
    "VaultError",
    "Verdict",
    "__version__",
]

_HOMES = {
    "aidefence.app.conversation": "Conversation ConversationStore",
    "aidefence.app.guard": "Guard",
    "aidefence.app.tools": "ToolPins",
    "aidefence.app.stream": "Stream",
    "aidefence.app.vault": "Vault",
    "aidefence.domain.answer": "AnswerCheck AnswerReport Remark",
    "aidefence.domain.content": "Content Degraded Span",
    "aidefence.domain.conversation": "Assembled ConversationDecision Joint Piece Told",
    "aidefence.domain.decision": "Decision TierTiming",
    "aidefence.domain.enums": "Action Category Direction Modality Origin Profile Severity",
    "aidefence.domain.errors": "AIDefenceError AddressError ConfigError ContentError"
    " ConversationError ImageError LaunchError LimitError MissingExtraError ModelError PinError"
    " PolicyError PolicyStateError RuleError RulebookError SettingError VaultError",
    "aidefence.domain.rewrite": "Change ChangeKind OffsetMap Rewrite RewrittenContent",
    "aidefence.domain.tools": "CallDecision Capability ToolFinding ToolReport ToolsDecision"
    " TraceDecision",
    "aidefence.domain.streaming": "OnFinding Released StreamEnd StreamMode StreamTally",
    "aidefence.domain.verdict": "Allowed Finding Match Verdict",
    "aidefence.respond.batch": "DecisionBatch",
    "aidefence.respond.restoring": "Restorer",
    "aidefence.service.answers.canaries": "Canaries",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    # Loaded when first asked for: a command line that only prints its help needs no engine.
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module `aidefence` has no attribute `{name}`")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
