"""Operations as they travel."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct


class Asked(Struct, forbid_unknown_fields=True, rename="camel"):
    """One operation as it travels."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


class AskedByUrl(Struct, forbid_unknown_fields=True, rename="camel"):
    """One operation in the query of a path; variables as JSON."""

    query: str
    variables: str = "{}"
    operation_name: str | None = None
    extensions: str = "{}"


decode_asked = msgspec.json.Decoder(Asked).decode
decode_variables = msgspec.json.Decoder(dict[str, Any] | None).decode
