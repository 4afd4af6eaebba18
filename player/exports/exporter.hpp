// Writes points of bags in other formats.
//
//   ExportSource source(playlist, choice, progress, remark);
//   Status written = make_exporter({.format = "jsonl", .out = "rows"}).value()->write(source);
//
// One exporter writes one output, which appears when it is whole; what could not be finished is
// removed. A format is a file of this folder and a line in the table of exporter.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "player/exports/export_source.hpp"
#include "player/exports/output_file.hpp"
#include "player/exports/video/video_file.hpp"

namespace zbag {

// How formats of text have bytes.
enum class BinaryAs {
  kByFormat,  // base64
  kBase64,
  kHex,
  kFiles,  // the path of a file beside the output
};

enum class ExportLayout {
  kByName,   // jsonl: neutral for `-` and OUT.jsonl, else rows
  kNeutral,  // one neutral recording, what `import` and `pub` read
  kRows,     // a file of rows for each track (requirements 1.5)
};

struct ExportOptions {
  std::string format;  // one of export_formats()
  std::string out;     // a file or folder; "-" is stdout
  Existing existing = Existing::kStays;
  ExportLayout layout = ExportLayout::kByName;
  std::string encoding;  // of messages, one that the format knows; empty: the format's own choice
  BinaryAs binary = BinaryAs::kByFormat;
  std::string compression;        // one that the format knows; empty: the usual one of the format
  std::optional<unsigned> level;  // of the compression; none: its own choice
  std::vector<std::string> partition_by;  // see Partitions
  // What the ExportChoice has of it.
  bool is_aligned = false;
  Alignment alignment =
      {};  // for formats that align their rows themselves; "": on a clock of theirs
  bool expands_arrays = false;
  std::optional<VideoCodec> codec;  // none: the format's own choice
};

class Exporter {
 public:
  virtual ~Exporter() = default;
  // All of the output, which is complete on disk when it returns well; nothing is left where it
  // does not. Called once. kExists: something has its name; kDiskFull, kIo; kClosed: stopped.
  virtual Status write(ExportSource& source) = 0;
};

// What there is to say of a format to who chooses one.
struct FormatHelp {
  std::string name;
  std::string what;     // it writes, and which tool opens that
  std::string options;  // that not all formats know, "--binary, --align"; empty: none
};
// By name.
std::vector<FormatHelp> export_formats();
// The names of those that know an option which not all do, "csv, json"; "--binary" is one.
std::string formats_with(std::string_view option);
// Whether its exporter aligns rows itself and wants lists of numbers as columns: the ExportChoice
// has then no Alignment.
bool aligns_itself(const std::string& format);

// What the output calls the time of a point, "timestamp". REQUIRES: the format is known.
std::string time_name_of(const ExportOptions& options);
// Of jsonl: one neutral recording, and not a file of rows a track.
bool is_neutral(const ExportOptions& options);

// kInvalid: an unknown format (the message lists the known ones), or an option that the format does
// not know.
Result<std::unique_ptr<Exporter>> make_exporter(const ExportOptions& options);

// For the table of exporter.cpp, each in a file of its format's name.
Result<std::unique_ptr<Exporter>> make_bvh_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_csv_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_hdf5_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_images_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_json_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_jsonl_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_lerobot_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_mcap_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_rosbag2_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_mocap_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_mp4_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_parquet_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_sqlite_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_trc_exporter(const ExportOptions& options);

}  // namespace zbag
