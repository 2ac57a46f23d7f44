#!/usr/bin/env bash
# Resolves every package that pyproject.toml names and pins it with hashes; names no index.
set -eu
cd "$(dirname "$0")/.."
scripts/toolchain.sh python
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"${PYTHON:-python3}" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet pip-tools
"$scratch/venv/bin/python" - >"$scratch/all.in" <<'PY'
import tomllib

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)["project"]
extras = project["optional-dependencies"].values()
print(*sorted({*project["dependencies"], *(name for extra in extras for name in extra)}), sep="\n")
PY
mkdir "$scratch/bare"
cd "$scratch/bare"
"$scratch/venv/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate \
    --output-file "$scratch/constraints.txt" "$scratch/all.in"
cd - >/dev/null
{
    echo "# Every package that make install puts into .venv, pinned by version and hash. Rewritten by: make lock"
    cat "$scratch/constraints.txt"
} >constraints.txt
