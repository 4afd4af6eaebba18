#!/usr/bin/env bash
# Installs the Debian packages zbag is built, tested and compared with, then what Debian lacks
# (fetch_npm.sh), and nothing that is already there.
# Says nothing when there is nothing to do. Needs root (or sudo) only when something is missing.
set -euo pipefail

packages=(
  # compiler, build, checks
  g++ clang libclang-rt-14-dev cmake ninja-build ccache pkg-config clang-format clang-tidy git
  # the bus, the frames, the bag, the configuration
  libzmq3-dev cppzmq-dev liblmdb-dev libyaml-cpp-dev
  # results, checksums, compression, text
  libexpected-dev libxxhash-dev liblz4-dev libzstd-dev liblzma-dev libbz2-dev libcli11-dev libfmt-dev
  nlohmann-json3-dev libsimdjson-dev
  # SQL at a prompt
  libedit-dev
  # videos
  libavcodec-dev libavformat-dev libswscale-dev
  # HDF5, its codec lzf, and what that forgets to ask for
  libhdf5-dev hdf5-plugin-lzf liblzf1
  # the demo camera; zbag plot
  libjpeg62-turbo-dev gnuplot-nox
  # tests; a second implementation of every format
  libgtest-dev libgmock-dev libbenchmark-dev libmsgpack-cxx-dev tmux zsh fish
  python3 python3-zmq python3-msgpack python3-protobuf python3-lmdb python3-xxhash xz-utils jq sqlite3 hdf5-tools
  # the packages of tests/requirements.txt
  python3-venv python3-pip
  # benchmarks: other formats, the plot
  liblcm-dev libglib2.0-dev librosbag-storage-dev librocksdb-dev python3-cairo
)

command -v npm >/dev/null || packages+=(npm)  # whoever brought it

missing=()
installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')
for package in "${packages[@]}"; do
  grep -qxF "$package" <<<"$installed" || missing+=("$package")
done

install_missing() {
  local as_root=() log
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: run as root: apt-get install ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
  fi
  echo "setup: installing ${missing[*]}"
  log=$(mktemp)
  install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
  }
  if ! { "${as_root[@]}" apt-get update && install; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    echo "setup: apt-get failed; the lines above say why" >&2
    exit 1
  fi
  rm -f "$log"
}
[ ${#missing[@]} -eq 0 ] || install_missing

"$(dirname "$0")/fetch_npm.sh" || true  # says what is missing
