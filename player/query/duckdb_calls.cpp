#include "player/query/duckdb_calls.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>

namespace zbag {
namespace {

struct Loaded {
  std::optional<DuckdbCalls> calls;
  std::string why_not;
};

Loaded load() {
  Loaded loaded;
  void* library = nullptr;
  for (const char* const name : {ZBAG_DUCKDB_LIBRARY, "libduckdb.so"}) {
    if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  }
  if (library == nullptr) {
    loaded.why_not = "DuckDB's library is not there: run launch/setup.sh";
    return loaded;
  }
  loaded.calls.emplace(library);
  if (loaded.calls->missing().empty()) return loaded;
  loaded.why_not =
      fmt::format("DuckDB's library is another version: it lacks {}; run launch/setup.sh",
                  fmt::join(loaded.calls->missing(), ", "));
  loaded.calls.reset();
  return loaded;
}

// Never unloaded: its threads may end after main().
const Loaded& loaded_once() {
  static const Loaded kLoaded = load();
  return kLoaded;
}

}  // namespace

void* DuckdbCalls::find(const char* name) {
  void* const found = dlsym(library_, name);
  if (found == nullptr) missing_.emplace_back(name);
  return found;
}

Result<const DuckdbCalls*> load_duckdb() {
  const Loaded& loaded = loaded_once();
  if (!loaded.calls) return fail(ErrorCode::kUnsupported, loaded.why_not);
  return &*loaded.calls;
}

const DuckdbCalls& duckdb() { return *loaded_once().calls; }

std::string take_text(char* text) {
  if (text == nullptr) return {};
  std::string taken(text);
  duckdb().free(text);
  return taken;
}

}  // namespace zbag
