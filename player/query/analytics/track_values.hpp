// The fields of a track's range as numbers, over several bags in order of time: what analytics and
// plots read.
//
//   TrackValues values = TrackValues::open(bags, {.track = "robot/imu", .fields = {ax}}).value();
//   ValueChunk chunk;
//   while (values.next(chunk).value()) use(chunk.keys, chunk.numbers[0]);
//
// A chunk is about a block, so memory is bounded whatever the range. Points of one stamp come in
// the order of their bags. Damaged blocks are left out and told of. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "player/query/analytics/number_column.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct ValueChunk {
  std::vector<std::int64_t> keys;            // ns
  std::vector<std::vector<double>> numbers;  // a field each; NaN: no number
  std::vector<std::optional<Group>> groups;  // where they were asked for

  void clear();
};

class TrackValues {
 public:
  struct Query {
    std::string track;
    TimeRange range = TimeRange::all();
    std::vector<ValueField> fields;
    std::optional<ValueField> group = {};
    std::function<void(const std::string&)> warn = {};  // of damage
  };

  // The bags must outlive it. A track that none of them has gives no points.
  static Result<TrackValues> open(std::span<const BagReader> bags, Query query);

  // Replaces `chunk` by the next one, at least one point; false at the end.
  Result<bool> next(ValueChunk& chunk);

  std::uint64_t points() const { return points_; }
  // Of a field, by its place in the query, so far.
  const Skipped& skipped(std::size_t field) const { return skipped_[field]; }
  std::uint64_t left_out() const { return left_out_; }  // damaged blocks

 private:
  struct Bag {
    ColumnCursor cursor;
    ValueChunk chunk = {};  // read ahead
    std::size_t at = 0;     // in it: what was not given yet
    bool is_done = false;

    std::int64_t key() const { return chunk.keys[at]; }
  };
  explicit TrackValues(Query query) : query_(std::move(query)), skipped_(query_.fields.size()) {}
  Status fill(Bag& bag);
  void convert(const ColumnChunk& columns, ValueChunk& chunk);
  std::size_t end_of_run(std::size_t bag) const;

  Query query_;
  std::vector<Bag> bags_;
  ColumnChunk columns_;
  std::vector<Skipped> skipped_;
  std::uint64_t points_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace zbag
