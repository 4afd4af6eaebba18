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
  bool has_binary = false;  // knows BinaryAs
};

constexpr std::array kFormats{
    Format{"csv", make_csv_exporter, true},        Format{"json", make_json_exporter, true},
    Format{"jsonl", make_jsonl_exporter, true},    Format{"mocap", make_mocap_exporter, false},
    Format{"sqlite", make_sqlite_exporter, false},
};

Status check_binary(const Format& format, const ExportOptions& options) {
  if (options.binary == BinaryAs::kByFormat) return {};
  if (!format.has_binary) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} has bytes in one way only; leave --binary out", format.name));
  }
  if (options.binary != BinaryAs::kFiles || options.out != "-") return {};
  return fail(ErrorCode::kInvalid,
              "--binary files writes files beside the output; give it a name with -o");
}

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
  if (found == kFormats.end()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("unknown format '{}'; there are {}", options.format,
                            fmt::join(export_formats(), ", ")));
  }
  if (Status known = check_binary(*found, options); !known) return tl::unexpected(known.error());
  return found->make(options);
}

}  // namespace zbag
