#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. Quick the second time.
#
#   tests/run.sh                  the release build, all tests
#   tests/run.sh dev tsan         other presets (CMakePresets.json), one after another
set -euo pipefail
cd "$(dirname "$0")/.."

launch/setup.sh
export ZBAG_TEST_DATA="${ZBAG_TEST_DATA:-$PWD/../shared/data}"
[ -d "$ZBAG_TEST_DATA" ] || echo "run: no recordings at $ZBAG_TEST_DATA; tests that need them are skipped"

for preset in "${@:-release}"; do
  log=$(mktemp)
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset"; } >"$log" 2>&1; then
    grep -E 'error|FAILED|Error' "$log" | head -n 40 >&2 || tail -n 40 "$log" >&2
    echo "run: the build failed ($preset); the whole log is $log" >&2
    exit 1
  fi
  rm -f "$log"
  ctest --preset "$preset" --parallel 2 --timeout 900
done
