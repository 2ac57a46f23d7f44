"""An allowed domain opens no door: whatever stands around it, another host is never let through."""

from hypothesis import given
from hypothesis import strategies as st

from aidefence.domain.lists import ListKind
from aidefence.knowledge.lists.entries import meant

_SIGNS = st.text(
    st.sampled_from("abz09-._~:/?#[]@!$&'()*+,;=%\\ \t\nX\u0430\u3002\uff0e"), max_size=8
)
_EVIL = st.sampled_from(
    [
        "evil.tld",
        "https://evil.tld",
        "//evil.tld/",
        "@evil.tld",
        ".evil.tld",
        "-evil.tld",
        "%40evil.tld",
    ]
)
_SCHEME = st.sampled_from(["", "https://", "http://", "ftp://", "![x](https://", "HTTPS://"])


@given(scheme=_SCHEME, before=_SIGNS, after=_SIGNS, evil=_EVIL, behind=_SIGNS)
def test_a_value_with_another_host_is_not_meant(
    scheme: str, before: str, after: str, evil: str, behind: str
) -> None:
    for value in (
        f"{scheme}{before}example.com{after}{evil}{behind}",
        f"{scheme}{evil}{before}example.com{behind}",
    ):
        if meant(ListKind.DOMAIN, "example.com", value):
            # Let through only where all that names the other host is a path or below our own.
            assert _is_harmless(value), value


def _is_harmless(value: str) -> bool:
    """A reader of its own: the host is what stands between `//` and the next sign that ends it."""
    hosts = []
    rest = value.replace("\\", "/")
    while "//" in rest:
        rest = rest.partition("//")[2]
        host = rest
        for sign in "/?# \t\n":
            host = host.partition(sign)[0]
        hosts.append(host.rpartition("@")[2].partition(":")[0].rstrip(".").casefold())
    if not hosts:
        hosts = [value.rpartition("@")[2].rstrip(".").casefold()]
    return all(host == "example.com" or host.endswith(".example.com") for host in hosts)


@given(st.text(), st.text(min_size=1))
def test_whatever_the_value_an_answer_comes(value: str, pattern: str) -> None:
    for kind in (ListKind.VALUE, ListKind.PHRASE, ListKind.DOMAIN, ListKind.EMAIL):
        meant(kind, pattern, value)
    meant(ListKind.IP, "10.0.0.0/8", value)


@given(st.text(min_size=1))
def test_a_value_is_meant_by_itself_only(value: str) -> None:
    assert meant(ListKind.VALUE, value, value)
    assert not meant(ListKind.VALUE, value, f"{value}x")
