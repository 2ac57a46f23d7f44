"""Make a text harmless before a model, a page or a terminal reads it."""

from __future__ import annotations

from collections.abc import Collection

from aidefence.domain.rewrite import Rewrite
from aidefence.respond.invisible import strip_invisible
from aidefence.respond.markup import defuse
from aidefence.respond.unveil import unveil


def neutralize_text(
    text: str, *, decode: bool = False, markup: bool = True, hosts: Collection[str] = ()
) -> Rewrite:
    """Strip what nobody sees, decode if asked, defuse mark-up. Doing it twice changes nothing."""
    done = strip_invisible(text)
    if decode:
        done = done.then(unveil(done.text))
        # What a code held may be as invisible as what stood there openly.
        done = done.then(strip_invisible(done.text))
    return done.then(defuse(done.text, hosts=hosts)) if markup else done
