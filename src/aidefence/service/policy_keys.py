"""The names under which policies remember: digests that tell nothing of whom they are about."""

from __future__ import annotations

from hashlib import blake2b

from aidefence.domain.asking import Context


def session_of(context: Context) -> str | None:
    """Name a session: one that is not named is that of its user; none where neither is."""
    return context.session or (context.user and f"\0{context.user}")


def state_key(realm: str, tenant: str, scope: int, name: str) -> bytes:
    """Make a key; `realm` keeps apart what is remembered for different ends."""
    parts = (realm, tenant, str(scope), name)
    written = "".join(f"{len(it)}:{it}" for it in parts)
    return blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).digest()
