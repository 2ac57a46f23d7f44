"""A prover that is competent and not perfect: it answers like a model, over real HTTP.

What it knows: the proof of nine theorems of ten (drawn once, by name). What it does with that: its
first answer is that proof with a mistake in it; once the prompt, or a tool, has shown it what Lean
says of a mistake of its own, it answers without. Of the tenth it has only wrong proofs. It reads
nothing but what it is sent: which theorem is meant it sees from the statement.

So what is measured is the loop (what is asked, told back, tried, mended, judged), not a model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from bench.broken_proofs import Original, misspelt

_SEED = 5
_KNOWN = 0.9
_WRONG = "by\n  exact nothing_of_the_kind"


class Script:
    """What it answers to whom."""

    def __init__(self, originals: Mapping[str, Original]) -> None:
        """Take the theorems by the statements that it will be sent."""
        self._originals = originals

    def answer(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the message for a request."""
        talk = body["messages"]
        prompt = str(talk[0]["content"])
        found = next((it for said, it in self._originals.items() if said in prompt), None)
        told = [str(it["content"]) for it in talk if it["role"] == "tool"]
        if found is None:
            return _block(_WRONG)
        if not body.get("tools"):
            return _block(self._proof(found, corrected="Lean said:" in prompt))
        if not told:
            return _call("search", {"about": found.claim})
        if len(told) == 1:
            return _call("check", {"proof": self._proof(found, corrected=False)})
        return _block(self._proof(found, corrected=True))

    @staticmethod
    def _proof(original: Original, *, corrected: bool) -> str:
        dice = Random(f"{_SEED}{original.name}")
        if dice.random() > _KNOWN:
            return _WRONG
        return original.proof if corrected else misspelt(original, dice) or _WRONG


def _block(proof: str) -> dict[str, Any]:
    return {"role": "assistant", "content": f"```lean4\n{proof}\n```\n"}


def _call(name: str, given: Mapping[str, str]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(given)}
    called = {"id": "1", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [called]}
