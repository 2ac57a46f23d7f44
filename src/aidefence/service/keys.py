"""Make, show, rotate and revoke API keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aidefence.domain.access import GRANTS, Caller, Permission, Plan, Role
from aidefence.domain.api_key import (
    ID_LEN,
    KEY_PREFIX,
    NAME_LEN_MAX,
    SECRET_LEN,
    TENANT_SHAPE,
    ApiKey,
    NewKey,
    StoredKey,
    random_word,
    write_key,
)
from aidefence.domain.audit import AuditAction
from aidefence.domain.errors import SettingError
from aidefence.domain.refusals import ConflictError, ForbiddenError, NotFoundError
from aidefence.ports.api_keys import KeyStore
from aidefence.ports.audit import Together
from aidefence.ports.clock import Clock
from aidefence.service.audit import Audit
from aidefence.service.keyring import KeyRing, digest_of

_MS_PER_SECOND = 1000
LIFE_SECONDS_MAX = 10 * 365 * 86_400
OVERLAP_SECONDS = 86_400
OVERLAP_SECONDS_MAX = 30 * 86_400
KEYS_MAX = 100_000
# Enough for words of letters and digits that are as good as even.
_SECRET_BYTES = 32
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key is to be. Without permissions it has all of its role."""

    name: str
    role: Role = Role.SERVICE
    permissions: frozenset[Permission] | None = None
    tenant: str = "default"
    plan: Plan = Plan.ENTERPRISE
    life_seconds: int | None = None


class Keys:
    """Looks after API keys. Safe to share between threads."""

    __slots__ = ("_audit", "_clock", "_entropy", "_pepper", "_ring", "_store", "_together")

    def __init__(
        self,
        store: KeyStore,
        ring: KeyRing,
        pepper: bytes,
        clock: Clock,
        entropy: Callable[[int], bytes],
        audit: Audit | None,
        together: Together,
    ) -> None:
        """What is changed and what the audit says of it are kept `together`, or neither is."""
        self._audit = audit
        self._together = together
        self._store = store
        self._ring = ring
        self._pepper = pepper
        self._clock = clock
        self._entropy = entropy

    def create(self, by: Caller, wish: KeyWish) -> NewKey:
        """Make a key. Nobody gives away what they may not do themselves.

        Raises:
            SettingError: a wish that makes no key; it names the field.
            ForbiddenError: the key could do more than whoever makes it.
            UnavailableError: the store does not answer.

        """
        permissions = _permissions(wish)
        _check(wish)
        more = sorted(permissions - by.permissions)
        if more:
            raise ForbiddenError(f"`{by.id}` may not `{more[0]}`, and so make no key that may")
        if len(self._store.all()) >= KEYS_MAX:
            raise ConflictError(f"there are {KEYS_MAX} keys: more are not kept")
        now_ms = self._clock.now_ms()
        life_ms = None if wish.life_seconds is None else wish.life_seconds * _MS_PER_SECOND
        key = ApiKey(
            id=random_word(self._entropy(_ID_BYTES), ID_LEN),
            name=wish.name,
            role=wish.role,
            permissions=permissions,
            tenant=wish.tenant,
            plan=wish.plan,
            created_ms=now_ms,
            expires_ms=None if life_ms is None else now_ms + life_ms,
        )
        text = self._fresh_text(key.id)
        with self._together():
            self._store.add(StoredKey(key, digest_of(self._pepper, text)))
            self._note(by, AuditAction.KEY_CREATED, key)
        self._ring.refresh()
        return NewKey(key, text)

    def list(self) -> Sequence[ApiKey]:
        """All keys, revoked and expired ones too, the oldest first.

        Raises:
            UnavailableError: the store does not answer.

        """
        return [stored.key for stored in self._store.all()]

    def show(self, key_id: str) -> ApiKey:
        """One key, by its id or by how it begins.

        Raises:
            NotFoundError: there is none.
            UnavailableError: the store does not answer.

        """
        return self._find(key_id).key

    def rotate(self, by: Caller, key_id: str, overlap_seconds: int = OVERLAP_SECONDS) -> NewKey:
        """Give a key a new secret; the one before opens for so much longer, none before that.

        Raises:
            SettingError: the overlap is too long.
            NotFoundError: there is no such key.
            ForbiddenError: the key may more than whoever rotates it.
            ConflictError: it is revoked or expired, or somebody else was faster.
            UnavailableError: the store does not answer.

        """
        if not 0 <= overlap_seconds <= OVERLAP_SECONDS_MAX:
            reason = f"`{overlap_seconds}` is not between 0 and {OVERLAP_SECONDS_MAX}"
            raise SettingError("overlapSeconds", reason)
        old = self._find(key_id)
        now_ms = self._clock.now_ms()
        if not old.key.lives(now_ms):
            raise ConflictError(f"key `{old.key.prefix}` is revoked or expired: make a new one")
        more = sorted(old.key.permissions - by.permissions)
        if more:
            raise ForbiddenError(f"`{by.id}` may not `{more[0]}`, and so see no key that may")
        text = self._fresh_text(old.key.id)
        until_ms = now_ms + overlap_seconds * _MS_PER_SECOND
        key = replace(old.key, rotated_ms=now_ms, previous_until_ms=until_ms)
        new = StoredKey(key, digest_of(self._pepper, text), old.digest)
        self._replace(by, AuditAction.KEY_ROTATED, old, new)
        return NewKey(key, text)

    def revoke(self, by: Caller, key_id: str) -> ApiKey:
        """Shut a key out for good. One that is revoked already stays as it is.

        Raises:
            NotFoundError: there is no such key.
            ConflictError: somebody else changed it at the same time.
            UnavailableError: the store does not answer.

        """
        old = self._find(key_id)
        if old.key.revoked_ms is not None:
            return old.key
        key = replace(old.key, revoked_ms=self._clock.now_ms())
        self._replace(by, AuditAction.KEY_REVOKED, old, StoredKey(key, old.digest))
        return key

    def _find(self, key_id: str) -> StoredKey:
        stored = self._store.find(key_id.removeprefix(KEY_PREFIX)[:ID_LEN])
        if stored is None:
            raise NotFoundError(f"no key `{key_id[: len(KEY_PREFIX) + ID_LEN]}`")
        return stored

    def _replace(self, by: Caller, action: AuditAction, old: StoredKey, new: StoredKey) -> None:
        with self._together():
            if not self._store.replace(old, new):
                raise ConflictError(f"key `{old.key.prefix}` was changed meanwhile: look again")
            self._note(by, action, new.key)
        self._ring.refresh()

    def _note(self, by: Caller, action: AuditAction, key: ApiKey) -> None:
        if self._audit is not None:
            told = {"name": key.name, "role": key.role.value, "tenant": key.tenant}
            self._audit.note(by, action, key.prefix, **told)

    def _fresh_text(self, key_id: str) -> str:
        return write_key(key_id, random_word(self._entropy(_SECRET_BYTES), SECRET_LEN))


def _permissions(wish: KeyWish) -> frozenset[Permission]:
    granted = GRANTS[wish.role]
    if wish.permissions is None:
        return granted
    if not wish.permissions:
        raise SettingError("permissions", "a key that may nothing is none")
    more = sorted(wish.permissions - granted)
    if more:
        raise SettingError("permissions", f"the role `{wish.role}` may not `{more[0]}`")
    return wish.permissions


def _check(wish: KeyWish) -> None:
    if not 1 <= len(wish.name) <= NAME_LEN_MAX or not wish.name.isprintable():
        raise SettingError("name", f"expected 1 to {NAME_LEN_MAX} printable characters")
    if not TENANT_SHAPE.fullmatch(wish.tenant):
        reason = "expected up to 64 of a-z, 0-9, `.`, `_` and `-`, a letter or digit first"
        raise SettingError("tenant", reason)
    if wish.life_seconds is not None and not 1 <= wish.life_seconds <= LIFE_SECONDS_MAX:
        reason = f"`{wish.life_seconds}` is not between 1 and {LIFE_SECONDS_MAX}"
        raise SettingError("lifeSeconds", reason)
