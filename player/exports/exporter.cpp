#include "player/exports/exporter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Codec {
  std::string_view name;
  unsigned level_max = 0;  // its levels begin at 1; 0: it has none
};

struct Format {
  const char* name;
  Result<std::unique_ptr<Exporter>> (*make)(const ExportOptions& options);
  bool has_binary = false;             // knows BinaryAs
  std::span<const Codec> codecs = {};  // "none" is one where a format can do with and without
  bool has_video = false;              // knows VideoCodec
};

constexpr std::array kParquetCodecs{Codec{"none"}, Codec{"snappy"}, Codec{"gzip"},
                                    Codec{"lz4"},  Codec{"brotli"}, Codec{"zstd", 22}};

constexpr std::array kFormats{
    Format{"csv", make_csv_exporter, true},
    Format{"images", make_images_exporter},
    Format{"json", make_json_exporter, true},
    Format{"jsonl", make_jsonl_exporter, true},
    Format{"mocap", make_mocap_exporter},
    Format{.name = "mp4", .make = make_mp4_exporter, .has_video = true},
    Format{"parquet", make_parquet_exporter, false, kParquetCodecs},
    Format{"trc", make_trc_exporter},
};

// Whether the format knows the compression and the level that are asked for.
Status check_compression(const Format& format, const ExportOptions& options) {
  if (options.compression.empty() && !options.level) return {};
  if (format.codecs.empty()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} has no compression; leave --compression out", format.name));
  }
  const auto codec =
      std::find_if(format.codecs.begin(), format.codecs.end(),
                   [&](const Codec& one) { return one.name == options.compression; });
  if (codec == format.codecs.end()) {
    std::vector<std::string_view> names;
    for (const Codec& one : format.codecs) names.push_back(one.name);
    const std::string known = fmt::format("{}", fmt::join(names, ", "));
    return fail(ErrorCode::kInvalid,
                options.compression.empty()
                    ? fmt::format("--compression-level belongs to a --compression; {} has {}",
                                  format.name, known)
                    : fmt::format("{} has no compression '{}'; there are {}", format.name,
                                  printable(options.compression), known));
  }
  const unsigned level = options.level.value_or(1);
  if (options.level && codec->level_max == 0) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("compression {} has no levels; leave --compression-level out", codec->name));
  }
  if (options.level && (level < 1 || level > codec->level_max)) {
    return fail(ErrorCode::kInvalid, fmt::format("compression {} has the levels 1 to {}",
                                                 codec->name, codec->level_max));
  }
  return {};
}

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
  if (Status known = check_compression(*found, options); !known)
    return tl::unexpected(known.error());
  if (Status known = check_binary(*found, options); !known) return tl::unexpected(known.error());
  if (options.codec && !found->has_video) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} has no video; leave --codec out", found->name));
  }
  return found->make(options);
}

}  // namespace zbag
