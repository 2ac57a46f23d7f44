"""The public surface is a promise: it changes only together with this list."""

import subprocess
import sys
from importlib import import_module

import aidefence

PROMISED = [
    *("Change", "ChangeKind", "LimitError", "OffsetMap", "Restorer", "Rewrite"),
    *("RewrittenContent", "Vault", "VaultError"),
    *("AnswerCheck", "AnswerReport", "Canaries", "Remark"),
    *("AIDefenceError", "Action", "AddressError", "Category", "ConfigError", "Content"),
    *("ContentError", "Decision", "DecisionBatch", "Degraded", "Direction", "Finding", "Guard"),
    *("Match", "MissingExtraError", "Modality", "ModelError", "Origin", "Profile", "RuleError"),
    *("RulebookError", "SettingError", "Severity", "Span", "TierTiming", "Verdict"),
    *("ImageError", "PolicyError", "PolicyStateError"),
    *("Capability", "PinError", "ToolFinding", "ToolPins", "ToolReport", "ToolsDecision"),
    *("Assembled", "Conversation", "ConversationDecision", "ConversationError"),
    *("ConversationStore", "Joint", "Piece", "Told"),
    *("CallDecision", "LaunchError", "TraceDecision"),
    "Allowed",
    *("OnFinding", "Released", "Stream", "StreamEnd", "StreamMode", "StreamTally"),
    "__version__",
]
GUARD = {
    *("ainspect", "ainspect_batch", "confidences", "degraded", "from_config", "inspect"),
    *("inspect_batch", "of", "policy_version", "setup", "thresholds", "warm"),
    *("answer_thresholds", "inspect_answer"),
    *("inspect_call", "inspect_tools", "inspect_trace"),
    *("conversation", "neutralize", "redact", "stream", "unseal"),
}
_HEAVY = {
    *("asyncio", "granian", "msgspec", "numpy", "onnxruntime", "pyarrow", "pydantic", "rich"),
    *("starlette", "tokenizers"),
}


def test_all_is_pinned() -> None:
    assert sorted(aidefence.__all__) == sorted(PROMISED)


def test_the_guard_is_pinned() -> None:
    public = {name for name in vars(aidefence.Guard) if not name.startswith("_")}
    assert public == GUARD


def test_every_promised_name_is_there_and_public() -> None:
    for name in aidefence.__all__:
        thing = getattr(aidefence, name)
        assert name == "__version__" or thing.__doc__, f"{name} has no docstring"
    assert sorted(dir(aidefence)) == sorted(aidefence.__all__)


def test_every_error_is_public_and_in_the_tree() -> None:
    errors = import_module("aidefence.domain.errors")
    named = {name for name in vars(errors) if name.endswith("Error")}
    assert named <= set(aidefence.__all__)
    assert all(issubclass(getattr(errors, name), aidefence.AIDefenceError) for name in named)


def test_versions_agree(root) -> None:  # type: ignore[no-untyped-def]
    version = aidefence.__version__
    assert f'version = "{version}"' in (root / "pyproject.toml").read_text()
    assert f'version = "{version}"' in (root / "Cargo.toml").read_text()


def test_the_front_door_loads_nothing_heavy() -> None:
    script = "import sys; from aidefence import Guard; Guard(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout.split()
    assert _HEAVY.isdisjoint(loaded)
