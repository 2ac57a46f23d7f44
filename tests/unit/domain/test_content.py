import pytest

from aidefence import Content, Origin, Span


def test_span_covers_code_points() -> None:
    assert Span(2, 4).of("a😀bc") == "bc"
    assert len(Span(2, 4)) == 2


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2)])
def test_span_refuses_what_is_no_range(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="is not a range"):
        Span(start, end)


def test_content_repr_is_silent() -> None:
    content = Content("the launch code is 0000", Origin.TOOL)
    assert "launch" not in repr(content)
    assert "tool" in repr(content)


def test_digest_names_a_text_even_with_lone_surrogates() -> None:
    assert Content("a\ud800").digest != Content("a").digest
    assert len(Content("a").digest) == 32
