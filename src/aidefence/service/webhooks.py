"""What a webhook is told, and how it knows that we said it (the Standard Webhooks convention)."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

from aidefence.domain.job import Job, JobState


class Signer:
    """Signs messages with a secret that the receiver knows, too."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def headers(self, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
        """Name, date and sign a message."""
        signed = b"%b.%d.%b" % (message_id.encode(), timestamp, body)
        signature = b64encode(hmac.digest(self._secret, signed, sha256)).decode()
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": f"v1,{signature}",
        }


def message_of(job: Job) -> bytes:
    """Write what a webhook is told about a settled job."""
    done = job.state is JobState.DONE
    head = {
        "type": "job.done" if done else "job.failed",
        "timestamp": job.settled_ms,
        "jobId": job.id,
    }
    if not done:
        return json.dumps({**head, "problem": job.problem}).encode()
    # The result is JSON already: it goes out byte for byte as the door wrote it.
    return json.dumps(head)[:-1].encode() + b', "data": ' + (job.result or b"null") + b"}"
