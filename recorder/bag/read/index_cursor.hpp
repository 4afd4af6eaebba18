// Walks the points of one track by index, the order in which they were first written, also while
// the bag is being written.
//
// In their bytes, so that a point costs no more than it has; BagReader::read_page() makes values of
// them. Works in short read transactions like BagCursor. Every block's checksum is verified; damage
// is an error that names the point, its block or the record. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/read/cursor.hpp"
#include "schemas/points/point.hpp"
#include "schemas/result.hpp"

namespace zbag {

class IndexCursor {
 public:
  // `start`: the index of the first point. An unknown track has no points.
  static Result<IndexCursor> open(std::shared_ptr<BagFile> file, std::string track,
                                  std::uint64_t start);
  IndexCursor(IndexCursor&&) noexcept;
  IndexCursor& operator=(IndexCursor&&) noexcept;
  ~IndexCursor();

  // nullopt at the end. After an error the cursor stays where it is.
  Result<std::optional<PointView>> next();
  // Leaves out the block that could not be read, or the record of the journal; returns which points
  // that costs. nullopt: it was something else.
  std::optional<BagCursor::Damage> skip_damage();
  // Leaves out the point that comes next, whatever is damaged of it. False: there is none.
  bool skip_point();
  std::uint64_t index() const;  // of the point that comes next
  // Whether there is one.
  bool has_next() const;

 private:
  struct State;
  explicit IndexCursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zbag
