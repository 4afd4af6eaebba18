// Writes points of bags in other formats.
//
// One exporter writes one output; export_points() drives it. More formats come as further files
// export_*.cpp behind make_exporter(). Output appears when it is whole; what could not be finished
// is removed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "recorder/bag/read/playlist.hpp"

namespace zbag {

enum class ExportLayout {
  kByName,   // jsonl: neutral for `-` and OUT.jsonl, else rows
  kNeutral,  // one neutral recording, what `import` and `pub` read
  kRows,     // a file of rows for each track (requirements 1.5)
};

struct ExportOptions {
  std::string format;  // "json", "jsonl"
  std::string out;     // a file or folder; "-" is stdout
  ExportLayout layout = ExportLayout::kByName;
  std::vector<std::string> columns;  // see is_chosen_field()
};

// What an exporter is told before the first point.
struct ExportPlan {
  // Tracks that may have points, each with what is known of its fields.
  std::map<std::string, std::set<std::string>> tracks;
  // Told of what is written under another name than its own. May be empty.
  std::function<void(const std::string&)> note;
};

class Exporter {
 public:
  virtual ~Exporter() = default;
  // Called once before the first point: names are decided here. kExists: one of them is taken.
  virtual Status begin(const ExportPlan& plan) {
    static_cast<void>(plan);
    return {};
  }
  // Points come in global order of time, or track by track when `by_track()` says so.
  // REQUIRES: its map was validated.
  virtual Status write(const PointView& point) = 0;
  // The output is complete on disk when it returns well. Without it the destructor removes it.
  virtual Status finish() = 0;
  virtual bool by_track() const { return false; }
};

// kInvalid: an unknown format (the message lists the known ones); kExists: the output is there
// already; kIo.
Result<std::unique_ptr<Exporter>> make_exporter(const ExportOptions& options);

struct ExportReport {
  std::uint64_t points = 0;
  std::uint64_t left_out = 0;  // to damage in the bag
};
// `progress` hears how many points are done; where it gives false the export stops, kClosed.
// Damaged blocks are left out, counted and told to `warn`, as is what gets another name. `limit`:
// so many points at most, the first in time; 0: all.
Result<ExportReport> export_points(Playlist& playlist, const BagReader::Selection& selection,
                                   Exporter& exporter,
                                   const std::function<bool(std::uint64_t)>& progress,
                                   const std::function<void(const std::string&)>& warn,
                                   std::uint64_t limit = 0);

// For the files export_*.cpp.
Result<std::unique_ptr<Exporter>> make_json_exporter(const ExportOptions& options);
Result<std::unique_ptr<Exporter>> make_jsonl_exporter(const ExportOptions& options);

}  // namespace zbag
