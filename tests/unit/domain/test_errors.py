import pickle

import pytest

from aidefence import ContentError, MissingExtraError, RuleError, SettingError


@pytest.mark.parametrize(
    "error",
    [
        RuleError("rules/a.yml", 3, 7, "a list", "a number"),
        SettingError("paranoia", "`9` is too high"),
        ContentError("not text", "/0/content"),
        MissingExtraError("`to_arrow`", "arrow"),
    ],
)
def test_errors_travel_with_their_parts(error: Exception) -> None:
    twin = pickle.loads(pickle.dumps(error))
    assert str(twin) == str(error)
    assert vars(twin) == vars(error)


def test_rule_error_says_where_and_what() -> None:
    error = RuleError("rules/a.yml", 3, 7, "a list", "a number")
    assert str(error) == "rules/a.yml:3:7: a number, expected a list"
