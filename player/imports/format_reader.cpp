#include "player/imports/format_reader.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "schemas/file_kind.hpp"

namespace zbag {
namespace {

struct Format {
  const char* name;
  const char* what;
  const char* endings;  // of names of its files, ".mcap .bag"; empty: of JSON, and of folders
  // `begin`: up to kFileKindBytes, empty of folders and of what can not be opened.
  bool (*is_it)(const std::string& path, std::string_view begin);
  Result<std::unique_ptr<FormatReader>> (*open)(const FoundRecording& recording,
                                                const ImportOptions& options);
  unsigned uses = 0;  // FormatOption, added up
  bool is_of_one_track = false;
};

constexpr unsigned bit(FormatOption option) { return static_cast<unsigned>(option); }

// Behind a mark of UTF-8 and blanks, its letters large or small.
bool begins_with_word(std::string_view begin, std::string_view word) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (begin.starts_with(kMark)) begin.remove_prefix(kMark.size());
  begin.remove_prefix(std::min(begin.find_first_not_of(" \t\r\n\""), begin.size()));
  return begin.size() >= word.size() && ::strncasecmp(begin.data(), word.data(), word.size()) == 0;
}

// `endings`: ".csv .tsv"
bool has_ending(const std::string& path, const char* endings) {
  const std::string ending = std::filesystem::path(path).extension().string();
  return !ending.empty() &&
         fmt::format(" {} ", endings).find(fmt::format(" {} ", ending)) != std::string::npos;
}

bool is_hdf5(const std::string& /*path*/, std::string_view begin) {
  return begin.starts_with("\x89HDF\r\n\x1a\n") || begin.starts_with("MATLAB 7.3 MAT-file");
}

// In this order; the last one takes, or refuses, what no other does.
constexpr std::array kFormats{
    Format{"ros1", "ROS 1 bags (.bag), of any messages: their definitions are in them", ".bag",
           [](const std::string&, std::string_view begin) { return begin.starts_with("#ROSBAG"); },
           open_ros1_bag, bit(FormatOption::kStamp)},
    Format{
        "ulog",
        "flight logs of PX4 (.ulg): a track an instance of a topic (vehicle_attitude/0), texts in "
        "log/0; _ts is the time since boot",
        ".ulg .ulog",
        [](const std::string&, std::string_view begin) { return begin.starts_with("ULog\x01"); },
        open_ulog},
    Format{"lcm",
           "logs of LCM (lcm-logger): a track a channel, whose messages stay bytes, in the field "
           "data",
           ".lcm .lcmlog",
           [](const std::string&, std::string_view begin) {
             return begin.starts_with("\xed\xa1\xda\x01");
           },
           open_lcm_log},
    Format{"trc",
           "markers of OpenSim (.trc): one track, FILE without .trc, or as its folder says; _ts is "
           "their Time",
           ".trc",
           [](const std::string&, std::string_view begin) {
             return begins_with_word(begin, "PathFileType");
           },
           open_trc, 0, true},
    Format{"bvh",
           "motion of a body (.bvh): one track, as of trc, with its joints as its kind; _ts begins "
           "with 0",
           ".bvh",
           [](const std::string&, std::string_view begin) {
             return begins_with_word(begin, "HIERARCHY");
           },
           open_bvh, 0, true},
    Format{"mcap", "MCAP (.mcap) of json, msgpack, protobuf, ros1 and cdr (ROS 2) messages",
           ".mcap",
           [](const std::string&, std::string_view begin) { return begin.starts_with("\x89MCAP"); },
           open_mcap, bit(FormatOption::kStamp)},
    Format{"sqlite", "databases that export --format sqlite has made (.db): all their tracks",
           ".db .sqlite .sqlite3", is_own_sqlite, open_sqlite},
    Format{
        "ros2",
        "ROS 2 bags: folders with a metadata.yaml, files of them (.db3, .mcap; .zstd behind them)",
        ".db3", is_rosbag2, open_rosbag2, bit(FormatOption::kStamp)},
    Format{"hdf5",
           "HDF5 (.h5, .hdf5; MATLAB 7.3): all tracks of export --format hdf5; of others a track a "
           "group, whose data sets are its fields, _ts from the one called as csv has it, in the "
           "group or around it, or --time-field",
           ".h5 .hdf5", is_hdf5, open_hdf5, bit(FormatOption::kTimeField)},
    Format{"lerobot",
           "data sets of LeRobot, v2.0 to v3.0 (folders with a meta/info.json): a track a feature "
           "(observation/state), episode says where each begins; they follow one another from _ts "
           "0 on; videos by reference, or as --videos says",
           "", is_lerobot, open_lerobot, bit(FormatOption::kVideos)},
    // Nothing but its name says that it is one.
    Format{
        "csv",
        "tables of text (.csv, .tsv): one track, as of trc, whose fields are the columns (a.b: b "
        "in a); _ts is the column _ts, timestamp, time, t... or --time-field",
        ".csv .tsv",
        [](const std::string& path, std::string_view begin) {
          std::error_code error;
          return has_ending(path, ".csv .tsv") && kind_of_file(begin) == nullptr &&
                 !std::filesystem::is_directory(path, error);
        },
        open_csv, bit(FormatOption::kTimeField), true},
    Format{"parquet",
           "Parquet (.parquet), as csv: lists stay lists, structs are maps; read by DuckDB",
           ".parquet",
           [](const std::string&, std::string_view begin) { return begin.starts_with("PAR1"); },
           open_parquet, bit(FormatOption::kTimeField), true},
    Format{"jsonl", "JSON lines, plain or xz: neutral recordings, what export and cat have written",
           "", [](const std::string&, std::string_view) { return true; }, open_neutral},
};

// Nothing of a pipe, which could be read once.
std::string begin_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};
  std::string begin(kFileKindBytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<std::size_t>(file.gcount()));
  return begin;
}

// One that is cut off at its beginning, or empty, is told by its name: what that format is missing
// is said then.
const Format& format_of(const std::string& path) {
  constexpr std::string_view kXz(
      "\xfd"
      "7zXZ",
      5);
  const std::string begin = begin_of(path);
  const auto* const found =
      std::ranges::find_if(kFormats, [&](const Format& one) { return one.is_it(path, begin); });
  std::error_code error;
  const bool may_be_lines = begins_with_word(begin, "{") || begins_with_word(begin, "[") ||
                            begin.starts_with(kXz) || kind_of_file(begin) != nullptr ||
                            !std::filesystem::is_regular_file(path, error);
  if (found->open != open_neutral || may_be_lines) return *found;
  const auto* const named = std::ranges::find_if(
      kFormats, [&](const Format& one) { return has_ending(path, one.endings); });
  return named == kFormats.end() ? *found : *named;
}

}  // namespace

bool has_format_name(const std::string& path) {
  return std::ranges::any_of(
      kFormats, [&](const Format& format) { return has_ending(path, format.endings); });
}

bool is_recording_folder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error) &&
         std::ranges::any_of(kFormats, [&](const Format& format) {
           return format.open != open_neutral && format.is_it(path, {});
         });
}

bool has_use_for(FormatOption option, const std::string& path) {
  return (format_of(path).uses & bit(option)) != 0;
}

bool is_of_one_track(const std::string& path) { return format_of(path).is_of_one_track; }

std::string formats_with_use_for(FormatOption option) {
  std::string names;
  for (const Format& format : kFormats) {
    if ((format.uses & bit(option)) == 0) continue;
    names += (names.empty() ? "" : ", ") + std::string(format.name);
  }
  return names;
}

Result<std::unique_ptr<FormatReader>> open_recording(const FoundRecording& recording,
                                                     const ImportOptions& options) {
  return format_of(recording.path).open(recording, options);
}

std::vector<ImportFormatHelp> import_formats() {
  std::vector<ImportFormatHelp> all;
  all.reserve(kFormats.size());
  for (const Format& format : kFormats) all.push_back({format.name, format.what});
  return all;
}

}  // namespace zbag
