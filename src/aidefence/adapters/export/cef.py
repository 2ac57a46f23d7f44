"""CEF: one line for each episode, as log collectors take it."""

from __future__ import annotations

from collections.abc import Iterable

from aidefence import __version__
from aidefence.domain.enums import Severity
from aidefence.domain.episode import Episode
from aidefence.domain.taxonomy import TAXONOMY

_SEVERITIES = {Severity.LOW: 3, Severity.MEDIUM: 5, Severity.HIGH: 8, Severity.CRITICAL: 10}
_HARMLESS = 0
_CONTROLS = dict.fromkeys((*range(32), 127, 133, 8232, 8233), " ")


class CefExporter:
    """One event on each line."""

    def begin(self) -> str:
        """Nothing: every line stands for itself."""
        return ""

    def tell(self, episode: Episode) -> Iterable[str]:
        """Write one event."""
        yield line(episode) + "\n"

    def end(self) -> str:
        """Nothing: every line stands for itself."""
        return ""


def line(episode: Episode) -> str:
    """Write one event."""
    category = episode.category
    head = (
        "CEF:0",
        "AI Defence",
        "aidefence",
        __version__,
        category.value if category else "benign",
        TAXONOMY[category].title if category else "No attack found",
        str(_SEVERITIES[episode.severity] if episode.detected else _HARMLESS),
    )
    return "|".join((*(map(_in_head, head)), " ".join(_extension(episode))))


def _extension(episode: Episode) -> Iterable[str]:
    rules = ",".join(dict.fromkeys(it.rule_id for it in episode.evidence))
    missed = ",".join(dict.fromkeys(it.check for it in episode.degraded))
    fields = {
        "rt": str(episode.at_ms),
        "externalId": episode.id,
        "act": episode.action.value,
        "outcome": "enforced" if episode.enforced else "observed",
        "deviceDirection": "0" if episode.direction.value == "input" else "1",
        "app": episode.door,
        "dvchost": episode.node,
        "fileHash": episode.digest,
        "src": episode.address,
        "suser": episode.user,
        "cs1": rules,
        "cs1Label": "rules",
        "cs2": episode.policy_version,
        "cs2Label": "policy",
        "cs3": missed,
        "cs3Label": "degraded",
        "cs4": episode.caller,
        "cs4Label": "caller",
        "cs5": episode.tenant,
        "cs5Label": "tenant",
        "cfp1": f"{episode.confidence:.6f}",
        "cfp1Label": "confidence",
    }
    for name, value in fields.items():
        # A label without its value says nothing.
        if value and fields.get(name.removesuffix("Label")):
            yield f"{name}={_in_extension(value)}"


def _in_head(text: str) -> str:
    return text.translate(_CONTROLS).replace("\\", "\\\\").replace("|", "\\|")


def _in_extension(text: str) -> str:
    return text.translate(_CONTROLS).replace("\\", "\\\\").replace("=", "\\=")
