#!/usr/bin/env bash
# Installs what is missing, builds, and shows what zbag does: a small robot is recorded for five
# seconds, looked at, exported and replayed. Leaves its bag in build/demo/demo.zbag.
set -euo pipefail
cd "$(dirname "$0")/.."

launch/setup.sh
log=$(mktemp)
if ! { cmake --preset release && cmake --build --preset release --target zbag demo_sensor; } >"$log" 2>&1; then
  grep -E 'error|FAILED|Error' "$log" | head -n 40 >&2 || tail -n 40 "$log" >&2
  echo "demo: the build failed; the whole log is $log" >&2
  exit 1
fi
rm -f "$log"

zbag="$PWD/build/release/zbag"
out="$PWD/build/demo"
rm -rf "$out"
mkdir -p "$out"
# Ports and names of the demonstration's own: it never meets a bus that runs already.
export ZBAG_RUNTIME_DIR="$out/run"
port=$((20000 + RANDOM % 10000))
bus=(--publish-to "tcp://127.0.0.1:$port" --subscribe-to "tcp://127.0.0.1:$((port + 1))")

step() { printf '\n\033[1m%s\033[0m\n' "$*"; }

step "1. Four sensors publish, a recorder hosts the bus and writes a bag (zbag launch launch/demo.yaml):"
"$zbag" launch launch/demo.yaml --args bag="$out/demo.zbag" --args seconds=5 \
  --args publish_to="${bus[1]}" --args subscribe_to="${bus[3]}"

step "2. What is in the bag, and what became of every frame (zbag info):"
"$zbag" info "$out/demo.zbag"

step "3. Is it whole? Every page, checksum and count (zbag check):"
"$zbag" check "$out/demo.zbag"

step "4. The first points, in order of time (zbag cat; the camera's JPEG bytes are cut off here):"
"$zbag" cat "$out/demo.zbag" --limit 4 | cut -c1-110

step "5. The laser's points as JSON lines for other tools (zbag export):"
"$zbag" export "$out/demo.zbag" -o "$out/export" --format jsonl --track 'laser/**'
ls -l "$out/export/laser"

step "6. A replay at ten times the speed, seen by a live tap (zbag play, zbag tap):"
"$zbag" broker "${bus[@]}" 2>"$out/broker.log" &
broker=$!
trap 'kill "$broker" 2>/dev/null || true' EXIT
until grep -qs '^ready' "$out/broker.log"; do sleep 0.05; done
"$zbag" tap 'robot/imu' -n 3 --fields ax,ay,az "${bus[@]:2}" --quiet &
tap=$!
"$zbag" play "$out/demo.zbag" --rate 10 "${bus[@]}"
wait "$tap"

echo
echo "The bag is $out/demo.zbag. Try: $zbag cat $out/demo.zbag --track 'robot/*' | head"
