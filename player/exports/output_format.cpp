#include "player/exports/output_format.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace zbag {

std::string format_by_name(std::string_view out) {
  static constexpr std::array<std::pair<std::string_view, const char*>, 13> kEndings = {
      {{".bvh", "bvh"},
       {".csv", "csv"},
       {".db", "sqlite"},
       {".h5", "hdf5"},
       {".hdf5", "hdf5"},
       {".json", "json"},
       {".jsonl", "jsonl"},
       {".mcap", "mcap"},
       {".mp4", "mp4"},
       {".parquet", "parquet"},
       {".sqlite", "sqlite"},
       {".sqlite3", "sqlite"},
       {".trc", "trc"}}};
  const auto* const found = std::ranges::find_if(
      kEndings, [&](const auto& ending) { return out.ends_with(ending.first); });
  return found == kEndings.end() ? "" : found->second;
}

}  // namespace zbag
