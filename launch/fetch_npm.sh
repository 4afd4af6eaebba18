#!/usr/bin/env bash
# Puts what Debian lacks into ~/.cache/zbag: DuckDB's C library and header, which `zbag sql` and
# Parquet need, and MCAP's JavaScript library with all it needs, which the benchmarks compare with.
# Where npm is missing or a download fails it says so and all else goes on. Says nothing when all is
# there.
set -euo pipefail

# What goes where: FOLDER PACKAGE@VERSION SHA512 [FILE]; the folder gets that file of the package, or
# without one the whole of it as node_modules/PACKAGE.
table='
duckdb @duckdb/node-bindings-linux-x64@1.4.4-r.1 7e360d73eb78fd3ee6873679ee8268210696bdb615bf186275c34d6a7b101625a777afc930b0942dde2a9edf172374edd81ad9b2b687ebdd0a481212dd03edd3 package/libduckdb.so
duckdb duckdb@1.4.4 844249e61c9517454b8f776638ba6c5ab411d1bddde1892ab72826ea25178c72430e74aa83f5122b171be6abcdace84560f824b5ac94e9d5c2b603ea7269a9a2 package/src/duckdb/src/include/duckdb.h
mcap @mcap/core@2.2.2 5b83458b2a90949b0d8f0f09c40010f3bdaed312d6272d06142dd8166f1b4cb6cdb3e1dd0d67bc0f006ace7af43066295adc3e017f17cc7581e58f6b2c418926
mcap @foxglove/crc@0.0.3 0e3219b272f70b23ffc90fef51803d723ac3d1affc6177a3239666b1a3a24f5e9c2df65c4f0682c48374d7fcace23b32f9d64243ff439d6167ec01056e230368
mcap heap-js@2.7.1 1107decd18343426463658650d1dc4bebc351552f61b72e153b1203e8c6e7d02abb8d052600f0c8913c77966d4fb7ea8f8585e974c0cc0cfac2c488102534b24
mcap tslib@2.8.1 a0916ef781d06fe29576e49440bef09e99aa9df98bb0e03f9c087a6fa107d30084a0ad3f98f79753a737c0a0d5f373243ae1cf447b525ca294f7d2016b34bfdb
mcap @foxglove/wasm-zstd@1.0.1 86a2933b8e5297e912abd483a8cf718b92fe1a77231446482606049064e5a495d37e1cb519ff9afb77a958c704d2d2d42a6cccefb76dbbcb276a97bf27eeee79
'
cache=${XDG_CACHE_HOME:-$HOME/.cache}/zbag
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT

# bring FOLDER PACKAGE@VERSION SHA512 [FILE]: a line of the table, below $work.
bring() {
  local archive target=$work/$1 inside=${4:-package}
  [ $# -eq 4 ] || target=$target/node_modules/${2%@*}
  mkdir -p "$target"
  archive=$work/$(npm pack --loglevel=error --pack-destination "$work" "$2" 2>"$work/log") || return 1
  echo "$3  $archive" | sha512sum --check --quiet >>"$work/log" 2>&1 || return 1
  local depth=${inside//[!\/]/}
  [ $# -eq 4 ] || depth=/
  tar -xzf "$archive" -C "$target" --strip-components=${#depth} "$inside" 2>>"$work/log"
}

# provide FOLDER WHAT WITHOUT: the folder as the table has it, all of it or nothing; what is missing
# then.
provide() {
  local lines fields
  lines=$(grep "^$1 " <<<"$table")
  [ "$(cat "$cache/$1/.version" 2>/dev/null)" = "$lines" ] && return
  if ! command -v npm >/dev/null; then
    echo "setup: $2 is not fetched, as npm is missing; $3" >&2
    return
  fi
  echo "setup: fetching $2"
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/.fetch.XXXXXX")
  while read -ra fields; do
    bring "${fields[@]}" && continue
    tail -n 5 "$work/log" >&2
    echo "setup: $2 could not be fetched; $3" >&2
    rm -rf "$work"
    return
  done <<<"$lines"
  echo "$lines" >"$work/$1/.version"
  rm -rf "${cache:?}/$1"
  mv "$work/$1" "$cache/$1"
  rm -rf "$work"
}

[ "$(uname -sm)" != "Linux x86_64" ] ||
  provide duckdb "DuckDB (35 MB)" "zbag has no SQL and no Parquet without it"
provide mcap "MCAP for JavaScript (0.5 MB)" "the benchmarks leave it out"
