#!/usr/bin/env bash
# Fuzzes every target of every crate, one after another: FUZZ_SECONDS each, 60 by default.
set -eu
cd "$(dirname "$0")/../crates"
seconds=${FUZZ_SECONDS:-60}

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzzing needs a nightly compiler: rustup toolchain install nightly" >&2
    exit 2
fi
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    echo "fuzzing needs cargo-fuzz: cargo install cargo-fuzz --locked" >&2
    exit 2
fi

for target in */fuzz/fuzz_targets/*.rs; do
    name=$(basename "$target" .rs)
    echo "fuzzing $name for $seconds s"
    (
        cd "${target%/fuzz_targets/*}"
        cargo +nightly fuzz run --fuzz-dir . "$name" -- \
            -max_total_time="$seconds" -max_len=8192 -timeout=5 -rss_limit_mb=2048
    )
done
