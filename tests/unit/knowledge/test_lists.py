"""Files of lists: what they may say, and what an entry means."""

from pathlib import Path

import pytest

from aidefence.domain.errors import ConfigError, SettingError
from aidefence.domain.lists import ListKind, ListSet
from aidefence.knowledge.lists.denied import addresses
from aidefence.knowledge.lists.entries import digest, meant, normal_pattern
from aidefence.knowledge.lists.reader import read_lists


def _read(tmp_path: Path, text: str) -> ListSet:
    path = tmp_path / "lists.toml"
    path.write_text(text, "utf-8")
    return read_lists([path])


@pytest.mark.parametrize(
    ("given", "expires_ms"),
    [
        ("2027-01-31", 1801440000000),
        ('"2027-01-31"', 1801440000000),
        ("2027-01-31T12:00:00Z", 1801396800000),
        ("2027-01-31T12:00:00", 1801396800000),
        ('"2027-01-31T14:00:00+02:00"', 1801396800000),
    ],
)
def test_a_day_counts_to_its_end_and_a_time_to_itself(
    tmp_path: Path, given: str, expires_ms: int
) -> None:
    lists = _read(tmp_path, f'[[allow]]\nvalue = "x"\nreason = "r"\nexpires = {given}\n')
    assert lists.allow[0].expires_ms == expires_ms
    assert not lists.over(expires_ms - 1)
    assert lists.over(expires_ms) == lists.allow


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[allow]]\nvalue = "x"\n', "allow entry 1: `reason` says"),
        ('[[allow]]\nreason = "r"\n', "exactly one of value, phrase"),
        ('[[allow]]\nvalue = "x"\nemail = "a@b.cd"\nreason = "r"\n', "exactly one of"),
        ('[[allow]]\nvalue = "x"\nreason = "r"\nsince = 1\n', "unknown key `since`"),
        ('[[allow]]\nvalue = "x"\nreason = "r"\ncategory = "odd"\n', "`odd` is unknown"),
        ('[[allow]]\nvalue = "x"\nreason = "r"\nexpires = 3\n', "is no date and no time"),
        ('[[allow]]\nvalue = "x"\nreason = "r"\nexpires = "soon"\n', "`soon` is no date"),
        ('[[allow]]\ndomain = "a b"\nreason = "r"\n', "`a b` is no domain"),
        ('[[allow]]\nemail = "ab.cd"\nreason = "r"\n', "`ab.cd` is no address"),
        ('[[allow]]\nip = "10.0.0"\nreason = "r"\n', "no address and no network"),
        ('[[allow]]\nregex = "a(?=b)"\nreason = "r"\n', "look-around"),
        ('[[allow]]\nphrase = "--"\nreason = "r"\n', "no word and no phrase"),
        ('[[allow]]\ndigest = "sha256:1"\nreason = "r"\n', "`sha256:` and 64"),
        ('[[deny]]\nvalue = "x"\nreason = "r"\naction = "allow"\n', "expected one of flag"),
        ('[[deny]]\nvalue = "x"\nreason = "r"\nrule = "a"\n', "unknown key `rule`"),
        ('[[block]]\nvalue = "x"\n', "unknown table `block`"),
        ("allow = 3\n", "`allow` is no list of tables"),
        (
            '[[allow]]\nvalue="x"\nreason="r"\nid="a"\n[[deny]]\nvalue="y"\nreason="r"\nid="a"\n',
            "two entries have the id `a`",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(SettingError) as refused:
        _read(tmp_path, text)
    assert why in str(refused.value)


def test_what_is_no_file_of_lists_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read lists"):
        read_lists([tmp_path / "none.toml"])
    with pytest.raises(ConfigError, match="are not TOML"):
        _read(tmp_path, "[[allow")


@pytest.mark.parametrize(
    ("kind", "pattern", "values", "others"),
    [
        ("value", "AB-1", ["AB-1"], ["ab-1", "AB-1 ", "AB-12"]),
        ("phrase", "Café rules", ["cafe RULES", "café, rules"], ["cafe", "the cafe rules"]),
        (
            "domain",
            "Example.com",
            [
                *("example.com", "a.example.com", "EXAMPLE.com.", "https://example.com/x?y=1"),
                *("https://a.example.com:8080", "bob@mail.example.com", "ftp://example.com"),
                "![x](https://example.com/a.png)",
            ],
            [
                *("evil-example.com", "example.com.evil.tld", "https://example.com@evil.tld"),
                *("https://example.com\\@evil.tld", "https://example.com%2f@evil.tld", "example"),
                *("https://example.com/?u=https://evil.tld", "https://evil.tld/example.com"),
                *("https://example.com https://evil.tld", "https://example.com evil.tld/x"),
                *("https://example.com/\u3002evil", "https://ex\u0430mple.com", "//evil.tld"),
                *("https://example.com/%2F%2Fevil.tld", "javascript:example.com", ""),
            ],
        ),
        ("email", "Bob@Example.com", ["bob@example.com", "BOB@EXAMPLE.COM"], ["rob@example.com"]),
        ("ip", "10.1.0.0/16", ["10.1.2.3"], ["10.2.2.3", "10.1.2.3.4", "x"]),
        ("ip", "10.1.*", ["10.1.2.3"], ["10.2.2.3"]),
        ("ip", "2001:db8::/32", ["2001:db8::1", "[2001:db8::1]"], ["2001:db9::1", "10.1.2.3"]),
        ("regex", "T-[0-9]{4}", ["T-1234"], ["T-12345", "xT-1234", "T-1234\n"]),
    ],
)
def test_a_value_is_meant_as_a_whole(
    kind: str, pattern: str, values: list[str], others: list[str]
) -> None:
    normal = normal_pattern(ListKind(kind), pattern)
    assert [it for it in values if not meant(ListKind(kind), normal, it)] == []
    assert [it for it in others if meant(ListKind(kind), normal, it)] == []


def test_names_beyond_ascii_have_one_form() -> None:
    assert normal_pattern(ListKind.DOMAIN, "bücher.example") == "xn--bcher-kva.example"
    assert digest("ä") == f"sha256:{digest('ä')[7:]}"


def test_addresses_are_found_in_any_spelling(tmp_path: Path) -> None:
    lists = _read(
        tmp_path,
        '[[deny]]\nip = "203.0.113.0/24"\nreason = "r"\n[[deny]]\nip = "2001:db8::/32"\n'
        'reason="r"\n',
    )
    four, six = lists.deny
    text = "a 203.0.113.7. b 2001:0db8:0:0::1 c ::ffff:203.0.113.9 d 1203.0.113.7 e 203.0.113.7.1"
    assert [text[a:b] for a, b in addresses(four, text)] == ["203.0.113.7", "::ffff:203.0.113.9"]
    assert [text[a:b] for a, b in addresses(six, text)] == ["2001:0db8:0:0::1"]
