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
  bool is_usual = false;   // of the format, where none is asked for
};

// Options that not every format knows.
enum Knows : unsigned {
  kBinary = 1,
  kRows = 2,     // tracks as tables, whose rows may be aligned
  kColumns = 4,  // and whose columns are known before
  kPartitions = 8,
  kVideo = 16,
  kEncoding = 32,
  kLayout = 64,
  kOwnClock = 128,  // see aligns_itself()
};

constexpr std::array<std::pair<Knows, const char*>, 7> kOptions = {{{kBinary, "--binary"},
                                                                    {kRows, "--align"},
                                                                    {kColumns, "--expand-arrays"},
                                                                    {kPartitions, "--partition-by"},
                                                                    {kVideo, "--codec"},
                                                                    {kEncoding, "--encoding"},
                                                                    {kLayout, "--layout"}}};

const char* name_of(Knows option) {
  return std::ranges::find(kOptions, option, &std::pair<Knows, const char*>::first)->second;
}

struct Format {
  const char* name;
  Result<std::unique_ptr<Exporter>> (*make)(const ExportOptions& options);
  unsigned knows = 0;                  // Knows, or'ed
  std::span<const Codec> codecs = {};  // "none" is one where a format can do with and without
  const char* what = "";               // it writes, and which tool opens that
  const char* time = "timestamp";      // of a point, as the output calls it
};

constexpr std::array kParquetCodecs{Codec{"none"}, Codec{"snappy"}, Codec{"gzip"},
                                    Codec{"lz4"},  Codec{"brotli"}, Codec{"zstd", 22, true}};
constexpr std::array kHdf5Codecs{Codec{"none"}, Codec{"gzip", 9, true}, Codec{"lzf"},
                                 Codec{"szip"}};
constexpr std::array kMcapCodecs{Codec{"none"}, Codec{"lz4", 12}, Codec{"zstd", 19, true}};

constexpr std::array kFormats{
    Format{"bvh",
           make_bvh_exporter,
           0,
           {},
           "A body whose joints move, of a kind of skeleton; Blender",
           "Frame Time"},
    Format{"csv",
           make_csv_exporter,
           kBinary | kRows | kColumns,
           {},
           "A table a track, RFC 4180; pandas.read_csv, a spreadsheet"},
    Format{"hdf5", make_hdf5_exporter, kRows | kColumns, kHdf5Codecs,
           "One file, a group a run and a track, a dataset a column; h5py, h5dump, MATLAB", "_ts"},
    Format{"images",
           make_images_exporter,
           0,
           {},
           "Pictures as files, JPEG and PNG as they are, and an index; any viewer",
           "_ts"},
    Format{"json",
           make_json_exporter,
           kBinary | kRows,
           {},
           "Rows of a track in one document; jq .entries, json.load"},
    Format{"jsonl",
           make_jsonl_exporter,
           kBinary | kRows | kLayout,
           {},
           "A neutral recording for zbag import and pub, or rows a track, NaN null, infinities "
           "\"inf\", \"-inf\"; pandas.read_json(lines=True)"},
    Format{"lerobot",
           make_lerobot_exporter,
           kRows | kVideo | kOwnClock,
           {},
           "A LeRobotDataset v3.0 of one episode; LeRobotDataset"},
    Format{"mcap", make_mcap_exporter, kEncoding, kMcapCodecs,
           "One recording; Foxglove, Lichtblick, PlotJuggler", "log_time"},
    Format{"mocap", make_mocap_exporter, 0, {}, "A track as ML-Dash has it; json.load", "time"},
    Format{"mp4",
           make_mp4_exporter,
           kVideo,
           {},
           "A camera, frames at their own stamps; mpv, PyAV",
           "the times of frames"},
    Format{"parquet", make_parquet_exporter, kRows | kColumns | kPartitions, kParquetCodecs,
           "A table a track, lists as lists; DuckDB, pandas, polars"},
    Format{"rosbag2", make_rosbag2_exporter, 0, kMcapCodecs,
           "A folder of ROS 2 messages, of tracks from ROS or of kinds that it has; ros2 bag play",
           "log_time"},
    Format{"sqlite", make_sqlite_exporter, kRows, {}, "One database, a table a track; sqlite3"},
    Format{"trc", make_trc_exporter, 0, {}, "Markers of a track of that kind; OpenSim", "Time"},
};

std::string codec_names(const Format& format) {
  std::vector<std::string_view> names;
  for (const Codec& one : format.codecs) names.push_back(one.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// "--compression none|lz4|zstd (zstd)": the usual one behind them.
std::string codecs_text(const Format& format) {
  std::string text = "--compression";
  char before = ' ';
  for (const Codec& one : format.codecs) text += std::exchange(before, '|') + std::string(one.name);
  const auto usual = std::ranges::find_if(format.codecs, &Codec::is_usual);
  return usual == format.codecs.end() ? text : fmt::format("{} ({})", text, usual->name);
}

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
    const std::string known = codec_names(format);
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
  const std::array<std::pair<bool, Knows>, 7> given = {
      {{options.binary != BinaryAs::kByFormat, kBinary},
       {options.layout != ExportLayout::kByName, kLayout},
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

std::vector<FormatHelp> export_formats() {
  std::vector<FormatHelp> formats;
  for (const Format& format : kFormats) {
    std::vector<std::string> options;
    for (const auto& [option, name] : kOptions) {
      if ((format.knows & option) != 0) options.emplace_back(name);
    }
    if (!format.codecs.empty()) options.push_back(codecs_text(format));
    formats.push_back({format.name, format.what, fmt::format("{}", fmt::join(options, ", "))});
  }
  return formats;
}

std::string formats_with(std::string_view option) {
  std::vector<std::string_view> names;
  for (const Format& format : kFormats) {
    const bool knows = std::ranges::any_of(kOptions, [&](const auto& one) {
      return one.second == option && (format.knows & one.first) != 0;
    });
    if (knows || (option == "--compression" && !format.codecs.empty()))
      names.emplace_back(format.name);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string time_name_of(const ExportOptions& options) {
  if (options.format == "jsonl" && is_neutral(options)) return "_ts";
  return std::ranges::find(kFormats, options.format, &Format::name)->time;
}

bool aligns_itself(const std::string& format) {
  return std::ranges::any_of(kFormats, [&](const Format& one) {
    return one.name == format && (one.knows & kOwnClock) != 0;
  });
}

Result<std::unique_ptr<Exporter>> make_exporter(const ExportOptions& options) {
  const auto* const found =
      std::find_if(kFormats.begin(), kFormats.end(),
                   [&](const Format& format) { return format.name == options.format; });
  if (found == kFormats.end()) {
    std::vector<std::string_view> names;
    names.reserve(kFormats.size());
    for (const Format& format : kFormats) names.emplace_back(format.name);
    return fail(ErrorCode::kInvalid, fmt::format("unknown format '{}'; there are {}",
                                                 options.format, fmt::join(names, ", ")));
  }
  if (Status known = check_compression(*found, options); !known)
    return tl::unexpected(known.error());
  if (Status known = check_options(*found, options); !known) return tl::unexpected(known.error());
  const auto usual = std::ranges::find_if(found->codecs, &Codec::is_usual);
  if (!options.compression.empty() || usual == found->codecs.end()) return found->make(options);
  ExportOptions with_usual = options;
  with_usual.compression = usual->name;
  return found->make(with_usual);
}

}  // namespace zbag
