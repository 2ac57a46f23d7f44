import pytest

from aidefence import Category, Profile, SettingError
from aidefence.policy.profiles import NEVER, Anchors, Threshold, make_policy

ANCHORS = Anchors(fpr_5=0.4, fpr_1=0.8, fpr_02=0.95)


def _of(profile: Profile, category: Category) -> Threshold:
    return make_policy(profile, ANCHORS, {}).thresholds[category.code]


def test_learned_categories_follow_the_anchors() -> None:
    category = Category.JAILBREAK
    assert _of(Profile.BALANCED, category) == Threshold(0.8, 0.95)
    assert _of(Profile.STRICT, category) == Threshold(0.4, 0.8)
    assert _of(Profile.OBSERVE, category) == Threshold(0.95, NEVER)


@pytest.mark.parametrize("category", Category)
def test_strict_is_never_laxer_than_balanced(category: Category) -> None:
    strict, balanced = _of(Profile.STRICT, category), _of(Profile.BALANCED, category)
    assert strict.flag <= balanced.flag
    assert strict.block <= balanced.block


@pytest.mark.parametrize("category", Category)
def test_observe_never_blocks(category: Category) -> None:
    assert _of(Profile.OBSERVE, category).block == NEVER


def test_only_observe_is_not_enforced() -> None:
    enforced = {profile: make_policy(profile, ANCHORS, {}).enforced for profile in Profile}
    assert [profile for profile, is_it in enforced.items() if not is_it] == [Profile.OBSERVE]


def test_the_operator_wins() -> None:
    policy = make_policy(Profile.BALANCED, ANCHORS, {Category.PII: Threshold(0.1, 0.2)})
    assert policy.thresholds[Category.PII.code] == Threshold(0.1, 0.2)
    assert policy.flag[Category.PII.code] == 0.1


def test_thresholds_that_do_not_rise_are_refused() -> None:
    with pytest.raises(SettingError, match=r"thresholds\.pii"):
        make_policy(Profile.BALANCED, ANCHORS, {Category.PII: Threshold(0.9, 0.2)})
