#!/usr/bin/env bash
# Runs a fuzzer from its seeds: some seconds, a minute with ZBAG_TEST_LONG, or ZBAG_FUZZ_SECONDS.
#
#   tests/fuzz/run_fuzz.sh block build/release/tests/block_fuzz
#
# What it finds is kept beside the program for the next run, never among the seeds.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=$1
program=$(realpath "$2")
seconds=${ZBAG_FUZZ_SECONDS:-$([ -n "${ZBAG_TEST_LONG:-}" ] && echo 60 || echo 3)}
found=$(dirname "$program")/fuzz/$name
mkdir -p "$found"
cd "$found"
exec "$program" -max_total_time="$seconds" -rss_limit_mb=1024 -max_len=8192 \
  -artifact_prefix="$found/" "$found" "$here/seeds/$name"
