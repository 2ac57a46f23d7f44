"""What variables of the environment say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError

from aidefence.app.settings.listing import AsWritten
from aidefence.domain.errors import SettingError

_DELIMITER = "__"


def read_environment(
    kind: type[BaseModel], prefix: str, short: Mapping[str, str]
) -> dict[str, Any]:
    """Read the variables of these settings; `short` are other names of some.

    Raises:
        SettingError: a variable that must be JSON is none.

    """
    source = _Environment(
        # It asks for fields and configuration only, which every model has.
        cast("type[BaseSettings]", kind),
        env_prefix=prefix,
        env_nested_delimiter=_DELIMITER,
    )
    source.env_vars = {short.get(name, name): value for name, value in source.env_vars.items()}
    try:
        return source()
    except SettingsError as error:
        name = str(error).partition('"')[2].partition('"')[0]
        raise SettingError(name, "expected JSON", f"{prefix}{name.upper()}") from None


class _Environment(EnvSettingsSource):
    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ANN401
        if AsWritten in field.metadata:
            return value
        return super().decode_complex_value(field_name, field, value)
