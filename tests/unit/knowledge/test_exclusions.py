import pytest

from aidefence import SettingError
from aidefence.knowledge.exclusions import Exclusion


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("pi-0007", ("pi-0007", "*")),
        ("pii-*@tool", ("pii-*", "tool")),
        ("model.ngram@*", ("model.ngram", "*")),
    ],
)
def test_parse(text: str, pair: tuple[str, str]) -> None:
    assert Exclusion.parse(text).pair == pair


@pytest.mark.parametrize("text", ["", "@tool", "PI 7", "pi-*@moon", "x" * 65])
def test_refuse(text: str) -> None:
    with pytest.raises(SettingError, match="exclude"):
        Exclusion.parse(text)
