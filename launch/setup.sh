#!/usr/bin/env bash
# Installs the Debian packages zbag is built, tested and compared with, and nothing that is already
# there.
# Says nothing when there is nothing to do. Needs root (or sudo) only when something is missing.
set -euo pipefail

"$(dirname "$0")/fetch_npm.sh" || true  # optional; says what is missing

packages=(
  # compiler, build, checks
  g++ clang libclang-rt-14-dev cmake ninja-build ccache pkg-config clang-format clang-tidy git
  # the bus, the frames, the bag, the configuration
  libzmq3-dev cppzmq-dev liblmdb-dev libyaml-cpp-dev
  # results, checksums, compression, text
  libexpected-dev libxxhash-dev liblz4-dev libzstd-dev liblzma-dev libcli11-dev libfmt-dev
  nlohmann-json3-dev
  # videos
  libavcodec-dev libavformat-dev libswscale-dev
  # the demo camera; zbag plot
  libjpeg62-turbo-dev gnuplot-nox
  # tests; a second implementation of every format
  libgtest-dev libgmock-dev libbenchmark-dev libmsgpack-cxx-dev tmux zsh fish
  python3 python3-zmq python3-msgpack python3-lmdb python3-xxhash xz-utils jq sqlite3
  # the packages of tests/requirements.txt
  python3-venv python3-pip
  # benchmarks: other formats, the plot
  liblcm-dev libglib2.0-dev librosbag-storage-dev librocksdb-dev python3-cairo
)

missing=()
installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')
for package in "${packages[@]}"; do
  grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup: run as root: apt-get install ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}
if ! { "${as_root[@]}" apt-get update && install; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup: apt-get failed; the lines above say why" >&2
  exit 1
fi
