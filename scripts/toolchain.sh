#!/usr/bin/env bash
# Says in one line what is missing to build: `toolchain.sh python` or `toolchain.sh rust`.
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf '%s\n' "$1" >&2
    exit 2
}

# Succeeds when dotted version $1 is at least $2.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

check_python() {
    python=${PYTHON:-python3}
    wanted=$(sed -n 's/^requires-python = ">=\([0-9.]*\)"$/\1/p' pyproject.toml)
    hint="install Python >= $wanted (or name one: make PYTHON=python3.12 ...): see https://www.python.org/downloads/"
    found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
        fail "\`$python\` is missing: $hint"
    at_least "$found" "$wanted" || fail "\`$python\` is Python $found: $hint"
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "\`$python\` has no venv module: install it, on Debian with: apt-get install python3-venv"
}

check_rust() {
    wanted=$(sed -n 's/^rust-version = "\([0-9.]*\)"$/\1/p' Cargo.toml)
    hint="install Rust >= $wanted: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    found=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || true
    [ -n "$found" ] || fail "\`cargo\` is missing: $hint"
    at_least "$found" "$wanted" || fail "\`cargo\` is $found: update it with: rustup update stable (or $hint)"
    command -v cc >/dev/null || fail "\`cc\` is missing: install a C compiler, on Debian with: apt-get install gcc"
}

case "${1:-}" in
python) check_python ;;
rust) check_rust ;;
*) fail "usage: toolchain.sh python|rust" ;;
esac
