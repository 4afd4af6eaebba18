#!/usr/bin/env bash
# Puts DuckDB's C library and header into ~/.cache/zbag/duckdb: Debian has neither. Optional: where
# npm is missing it does nothing, where the download fails it says so and all else goes on.
# Says nothing when this version is there already.
set -euo pipefail

version=1.4.4
library=@duckdb/node-bindings-linux-x64@$version-r.1
library_sha512=7e360d73eb78fd3ee6873679ee8268210696bdb615bf186275c34d6a7b101625a777afc930b0942dde2a9edf172374edd81ad9b2b687ebdd0a481212dd03edd3
header=duckdb@$version
header_sha512=844249e61c9517454b8f776638ba6c5ab411d1bddde1892ab72826ea25178c72430e74aa83f5122b171be6abcdace84560f824b5ac94e9d5c2b603ea7269a9a2

folder=${XDG_CACHE_HOME:-$HOME/.cache}/zbag/duckdb
[ "$(cat "$folder/.version" 2>/dev/null)" = "$version" ] && exit 0
[ "$(uname -sm)" = "Linux x86_64" ] && command -v npm >/dev/null || exit 0

echo "setup: fetching DuckDB $version (35 MB)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# fetch PACKAGE SHA512 FILE-IN-IT: leaves the file in $work.
fetch() {
  local archive
  archive=$work/$(npm pack --loglevel=error --pack-destination "$work" "$1" 2>"$work/log") || return 1
  echo "$2  $archive" | sha512sum --check --quiet >>"$work/log" 2>&1 || return 1
  tar -xzf "$archive" -C "$work" --strip-components="$(tr -cd / <<<"$3" | wc -c)" "$3"
}
if ! { fetch "$library" "$library_sha512" package/libduckdb.so &&
       fetch "$header" "$header_sha512" package/src/duckdb/src/include/duckdb.h; }; then
  tail -n 5 "$work/log" >&2
  echo "setup: DuckDB $version could not be fetched; the benchmarks leave it out" >&2
  exit 0
fi
mkdir -p "$folder"
rm -f "$folder/.version"  # last, so that a half-made folder is fetched again
mv "$work/libduckdb.so" "$work/duckdb.h" "$folder"
echo "$version" >"$folder/.version"
