"""The routes of the console."""

from __future__ import annotations

from aidefence.delivery.console import pages
from aidefence.delivery.console.playground import Playground
from aidefence.delivery.http.operations import House
from aidefence.delivery.http.ways import Way
from aidefence.domain.access import Permission

INSPECT = "/console/inspect"


def make_console_ways(house: House) -> list[Way]:
    """Make the routes: pages are for everybody, asking takes the permission to detect."""
    return [
        Way("GET", "/", pages.playground, None),
        Way("GET", "/docs", pages.reference, None),
        Way("GET", "/console/{name}", pages.asset, None),
        Way("POST", INSPECT, Playground(house), Permission.DETECT),
    ]
