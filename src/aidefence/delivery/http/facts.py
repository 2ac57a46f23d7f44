"""What an application tells policies of a request, held to bounds."""

from __future__ import annotations

from collections.abc import Mapping

from aidefence.delivery.http.problems import invalid
from aidefence.domain.asking import FACT_NAME_MAX, FACT_VALUE_MAX, FACTS_MAX, Facts


def read_facts(given: Mapping[str, object], pointer: str) -> Facts:
    """Take facts as they came.

    Raises:
        Refusal: there are too many, or one is none.

    """
    if len(given) > FACTS_MAX:
        raise invalid(pointer, f"{len(given)} facts are more than {FACTS_MAX}")
    told: dict[str, str | int | float | bool] = {}
    for name, value in given.items():
        if not 0 < len(name) <= FACT_NAME_MAX:
            raise invalid(pointer, f"a name has 1 to {FACT_NAME_MAX} characters")
        if not isinstance(value, str | int | float | bool):
            raise invalid(pointer, f"`{name}` is a text, a number or a flag")
        if isinstance(value, str) and len(value) > FACT_VALUE_MAX:
            raise invalid(pointer, f"`{name}` has more than {FACT_VALUE_MAX} characters")
        told[name] = value
    return told
