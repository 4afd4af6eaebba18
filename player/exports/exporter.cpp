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
  bool has_codec = false;  // knows VideoCodec
};

constexpr std::array kFormats{
    Format{"images", make_images_exporter},
    Format{"json", make_json_exporter},
    Format{"jsonl", make_jsonl_exporter},
    Format{"mocap", make_mocap_exporter},
    Format{.name = "mp4", .make = make_mp4_exporter, .has_codec = true},
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
  if (found == kFormats.end()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("unknown format '{}'; there are {}", options.format,
                            fmt::join(export_formats(), ", ")));
  }
  if (options.codec && !found->has_codec) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} has no video; leave --codec out", found->name));
  }
  return found->make(options);
}

}  // namespace zbag
