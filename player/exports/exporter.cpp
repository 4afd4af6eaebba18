#include "player/exports/exporter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Codec {
  std::string_view name;
  unsigned level_max = 0;  // its levels begin at 1; 0: it has none
};

// Options that not every format knows.
enum Knows : unsigned {
  kBinary = 1,
  kRows = 2,     // tracks as tables, whose rows may be aligned
  kColumns = 4,  // and whose columns are known before
  kPartitions = 8,
  kVideo = 16,
  kEncoding = 32,
};

const char* name_of(Knows option) {
  if (option == kBinary) return "--binary";
  if (option == kRows) return "--align";
  if (option == kColumns) return "--expand-arrays";
  if (option == kVideo) return "--codec";
  return option == kEncoding ? "--encoding" : "--partition-by";
}

struct Format {
  const char* name;
  Result<std::unique_ptr<Exporter>> (*make)(const ExportOptions& options);
  unsigned knows = 0;                  // Knows, or'ed
  std::span<const Codec> codecs = {};  // "none" is one where a format can do with and without
};

constexpr std::array kParquetCodecs{Codec{"none"}, Codec{"snappy"}, Codec{"gzip"},
                                    Codec{"lz4"},  Codec{"brotli"}, Codec{"zstd", 22}};
constexpr std::array kHdf5Codecs{Codec{"none"}, Codec{"gzip", 9}, Codec{"lzf"}, Codec{"szip"}};
constexpr std::array kMcapCodecs{Codec{"none"}, Codec{"lz4", 12}, Codec{"zstd", 19}};

constexpr std::array kFormats{
    Format{"csv", make_csv_exporter, kBinary | kRows | kColumns},
    Format{"hdf5", make_hdf5_exporter, kRows | kColumns, kHdf5Codecs},
    Format{"images", make_images_exporter},
    Format{"json", make_json_exporter, kBinary | kRows},
    Format{"jsonl", make_jsonl_exporter, kBinary | kRows},
    Format{"mcap", make_mcap_exporter, kEncoding, kMcapCodecs},
    Format{"mocap", make_mocap_exporter},
    Format{"mp4", make_mp4_exporter, kVideo},
    Format{"parquet", make_parquet_exporter, kRows | kColumns | kPartitions, kParquetCodecs},
    Format{"rosbag2", make_rosbag2_exporter, 0, kMcapCodecs},
    Format{"sqlite", make_sqlite_exporter, kRows},
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

// Whether the format knows the options that are given, and not all formats do.
Status check_options(const Format& format, const ExportOptions& options) {
  const std::array<std::pair<bool, Knows>, 6> given = {
      {{options.binary != BinaryAs::kByFormat, kBinary},
       {options.is_aligned, kRows},
       {options.expands_arrays, kColumns},
       {options.codec.has_value(), kVideo},
       {!options.encoding.empty(), kEncoding},
       {!options.partition_by.empty(), kPartitions}}};
  for (const auto& [is_given, option] : given) {
    if (!is_given || (format.knows & option) != 0) continue;
    return fail(ErrorCode::kInvalid,
                fmt::format("{} does not know {}; leave it out", format.name, name_of(option)));
  }
  if (options.binary != BinaryAs::kFiles || options.out != "-") return {};
  return fail(ErrorCode::kInvalid,
              "--binary files writes files beside the output; give it a name with -o");
}

}  // namespace

std::vector<std::string> export_formats() {
  std::vector<std::string> names;
  names.reserve(kFormats.size());
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
  if (Status known = check_options(*found, options); !known) return tl::unexpected(known.error());
  return found->make(options);
}

}  // namespace zbag
