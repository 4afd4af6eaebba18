#include "player/exports/exporter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace zbag {
namespace {

struct Format {
  const char* name;
  Result<std::unique_ptr<Exporter>> (*make)(const ExportOptions& options);
};

constexpr std::array kFormats{
    Format{"json", make_json_exporter},
    Format{"jsonl", make_jsonl_exporter},
    Format{"sqlite", make_sqlite_exporter},
};

}  // namespace

std::vector<std::string> export_formats() {
  std::vector<std::string> names;
  for (const Format& format : kFormats) names.emplace_back(format.name);
  return names;
}

Result<std::unique_ptr<Exporter>> make_exporter(const ExportOptions& options) {
  const auto* const found =
      std::find_if(kFormats.begin(), kFormats.end(),
                   [&](const Format& format) { return format.name == options.format; });
  if (found != kFormats.end()) return found->make(options);
  return fail(ErrorCode::kInvalid, fmt::format("unknown format '{}'; there are {}", options.format,
                                               fmt::join(export_formats(), ", ")));
}

}  // namespace zbag
