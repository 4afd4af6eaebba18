// Reads a bag, also while it is being written.
//
//   BagReader reader = BagReader::open("day.zbag").value();
//   BagCursor cursor = reader.cursor({.range = range, .filter = filter}).value();
//   while (std::optional<PointView> point = cursor.next().value()) { ... }
//
// Every block's and every record's checksum is verified when it is read. Thread-safe: several
// threads may read through one reader at once. A cursor is for one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/read/cursor.hpp"
#include "recorder/bag/read/summary.hpp"
#include "schemas/points/point.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

class BagReader {
 public:
  // Errors as BagFile::open_to_read.
  static Result<BagReader> open(const std::string& path);
  explicit BagReader(std::shared_ptr<BagFile> file) : file_(std::move(file)) {}

  // A damaged record costs itself alone, and is named.
  Result<BagSummary> summary() const { return read_summary(*file_); }

  using Selection = BagCursor::Selection;
  Result<BagCursor> cursor(const Selection& selection) const {
    return BagCursor::open(file_, selection);
  }

  // Points of one track by index. An unknown track has none.
  Result<Page> read_page(const std::string& track, std::uint64_t start, std::size_t limit) const;
  // The last point of a track at or before `stamp`.
  Result<std::optional<Point>> floor(const std::string& track, Timestamp stamp) const;

  const std::shared_ptr<BagFile>& file() const { return file_; }

 private:
  std::shared_ptr<BagFile> file_;
};

}  // namespace zbag
