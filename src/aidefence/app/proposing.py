"""Opens the model that proposes policies, for whoever has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from aidefence.adapters.proposer_openai import Endpoint, OpenAiProposer
from aidefence.ports.proposing import Proposer


@contextmanager
def opened_proposer(base_url: str, model: str, api_key: str) -> Iterator[Proposer]:
    """Open a model behind an endpoint that speaks OpenAI's protocol."""
    proposer = OpenAiProposer(Endpoint(base_url, model, api_key))
    try:
        yield proposer
    finally:
        proposer.close()
