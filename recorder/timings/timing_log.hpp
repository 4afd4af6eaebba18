// A folder's timings: `timings_detailed.jsonl`, a record a line, and where that is asked for
// `timings_summary.csv`, a line of four columns for spreadsheets.
//
//   TimingLog log = TimingLog::open("runs/today", {}).value();
//   Status written = log.append(record);
//
// Each line is one write() to a file opened with O_APPEND: any number of threads and processes may
// append at once, and no line is ever within another. What a crash has torn off stays a line of its
// own. append() blocks as long as the disk does (timing_writer.hpp does not), and is not durable
// when it returns. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recorder/bag/pages/file_descriptor.hpp"
#include "schemas/mutex.hpp"
#include "schemas/result.hpp"
#include "schemas/timings/timing_record.hpp"

namespace zbag {

inline constexpr std::string_view kTimingsFile = "timings_detailed.jsonl";
inline constexpr std::string_view kTimingsSummaryFile = "timings_summary.csv";

class TimingLog {
 public:
  struct Options {
    // The table, which a next version will not write any more: `warn` hears so, once in a process.
    bool enable_csv_output = false;
    std::function<void(const std::string&)> warn = {};
  };

  // Makes the folder, those it lies in, and the files. kDiskFull, kIo.
  static Result<TimingLog> open(const std::string& folder, const Options& options);

  // kDiskFull, kIo: not all of it is written, and what is may be half a line.
  Status append(const TimingRecord& record);

  const std::string& path() const { return detailed_.path; }  // of the lines of JSON

 private:
  struct File {
    std::string path;
    std::unique_ptr<FileDescriptor> file;
  };
  TimingLog(File detailed, std::optional<File> summary)
      : detailed_(std::move(detailed)), summary_(std::move(summary)) {}
  friend Status log_timing(const std::string&, std::string_view, std::vector<PhaseTiming>,
                           const Fields&);
  static Result<File> open_file(const std::string& path);
  Status append_summary(const TimingRecord& record) const;

  File detailed_;
  std::optional<File> summary_;
  // Locks of files are the process's: between its threads this one stands.
  std::unique_ptr<Mutex> mutex_ = std::make_unique<Mutex>();
};

// Appends one record, stamped now, to the file `path`, for who has no more to say than that. Makes
// what TimingLog::open() does.
Status log_timing(const std::string& path, std::string_view registration_id,
                  std::vector<PhaseTiming> phases, const Fields& metadata = {});

}  // namespace zbag
