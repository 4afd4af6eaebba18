#!/usr/bin/env bash
# Installs what is missing, builds, runs the tests. Quick the second time.
#
#   tests/run.sh                  the release build, every test at its quick size: some minutes
#   tests/run.sh dev tsan         other presets (CMakePresets.json), one after another
#   tests/run.sh --long           before an issue is called resolved: full size, then the sanitizers
#                                 at the quick one, the benchmarks built; under an hour
#   tests/run.sh --lint           and then this: clang-tidy and -Wthread-safety over every file, no
#                                 test; half an hour, the second time what has changed
#   tests/run.sh --soak [NAME]    an hour of one program; without a name: their names
#
# The last line counts the tests; those that were skipped stand above it, each with its reason. With
# CI=true a skipped test fails the run where the recordings are (tests/summary.py).
set -euo pipefail
cd "$(dirname "$0")/.."

scale=quick
case "${1:-}" in
  --long | --lint | --soak) scale=${1#--}; shift ;;
  -*) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
esac

soaks=(record_soak decode_frame_fuzz block_fuzz columns_fuzz track_filter_fuzz)
if [ "$scale" = soak ] && [ $# -eq 0 ]; then
  printf '%s\n' "${soaks[@]}"
  exit 0
fi

launch/setup.sh
export ZBAG_TEST_DATA="${ZBAG_TEST_DATA:-$PWD/../shared/data}"

# placed PRESET COMMAND...: where addresses are drawn at random, one start of ThreadSanitizer's
# programs in some hundred finds its own taken and ends by SIGSEGV.
placed() {
  local preset=$1
  shift
  if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then setarch -R "$@"; else "$@"; fi
}

# build PRESET TARGET...: quiet, but for the errors of a build that fails.
build() {
  local preset=$1 log
  shift
  log=$(mktemp)
  if ! { cmake --preset "$preset" &&
    placed "$preset" cmake --build --preset "$preset" --target "$@"; } >"$log" 2>&1; then
    grep -E 'error|FAILED|Error' "$log" | head -n 40 >&2 || tail -n 40 "$log" >&2
    echo "run: the build failed ($preset); the whole log is $log" >&2
    exit 1
  fi
  rm -f "$log"
}

if [ "$scale" = soak ]; then
  name=$1
  if [[ " ${soaks[*]} " != *" $name "* ]]; then
    echo "run: $name is no soak; it is one of ${soaks[*]}" >&2
    exit 2
  fi
  if [ "$name" = record_soak ]; then
    build release record_soak
    exec build/release/benchmarks/record_soak small --seconds 3600 --ring 256
  fi
  build release "fuzz_${name%_fuzz}"
  ZBAG_FUZZ_SECONDS=3600 exec tests/fuzz/run_fuzz.sh "${name%_fuzz}" "build/release/tests/$name"
fi

if [ "$scale" = lint ]; then
  cmake --preset release >/dev/null
  exec tests/lint.py all
fi

/usr/bin/python3 tests/system/python_packages.py || true
[ -d "$ZBAG_TEST_DATA" ] || echo "run: no recordings at $ZBAG_TEST_DATA; tests that need them are skipped"
presets=("${@:-release}")
if [ "$scale" = long ]; then
  export ZBAG_TEST_LONG=1
  [ $# -gt 0 ] || presets=(release dev tsan)
fi

# jobs PRESET: half of the tests wait for sockets and clocks; under sanitizers they compute.
jobs() {
  [ "$1" = release ] && echo $((2 * $(nproc))) || nproc
}

failed=0
reports=()
for preset in "${presets[@]}"; do
  build "$preset" tests
  [ "$scale $preset" != "long release" ] || build release benchmarks
  report=$PWD/build/$preset/tests.xml
  rm -f "$report"
  placed "$preset" ctest --preset "$preset" --parallel "$(jobs "$preset")" --timeout 900 --test-output-size-passed 65536 \
    --output-junit "$report" || failed=1
  reports+=("$report")
done
tests/summary.py "${reports[@]}" || failed=1
exit $failed
