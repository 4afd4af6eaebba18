#!/usr/bin/env bash
# Builds the release, runs zbag and the other formats interleaved, and leaves the results as JSON,
# CSV, PNG and SVG in a folder. Exit 1: a claim does not hold.
#
#   benchmarks/compare.sh [FOLDER] [OPTIONS OF bag_bench...]        # default: build/compare
set -euo pipefail
cd "$(dirname "$0")/.."

folder=build/compare
if [ $# -gt 0 ] && [[ $1 != -* ]]; then
  folder=$1
  shift
fi
mkdir -p "$folder"

launch/setup.sh
log=$folder/build.log
if ! { cmake --preset release && cmake --build --preset release --target bag_bench; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "compare: the build failed; the whole log is $log" >&2
  exit 1
fi

status=0
build/release/benchmarks/bag_bench --rounds 7 --json "$folder/compare.json" "$@" || status=$?
[ -s "$folder/compare.json" ] || exit "$status"
/usr/bin/python3 benchmarks/plot.py "$folder/compare.json" "$folder"
printf '\n%s: compare.json compare.csv compare.png compare.svg\n' "$folder"
exit "$status"
