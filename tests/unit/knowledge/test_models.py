from aidefence.knowledge import models


def test_an_unknown_model_is_none() -> None:
    assert models.load("no-such-model") is None


def test_the_shipped_model_is_anchored_at_one_percent() -> None:
    model = models.load()
    assert model is not None
    assert model.fpr_1 == 0.8
    assert 0 < model.fpr_5 < model.fpr_1 < model.fpr_02 < 1
    assert len(model.digest) == 16
