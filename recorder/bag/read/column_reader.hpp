// Fields of a track as columns: what exports, plots and queries read.
//
//   ColumnCursor cursor = ColumnCursor::open(reader, {.track = "robot/imu",
//                                                     .fields = {{"acc", "x"}}}).value();
//   ColumnChunk chunk;
//   while (cursor.next(chunk).value()) use(chunk.keys, chunk.fields[0].parts[0].doubles);
//
// Of blocks of columns only the fields asked for are decompressed; blocks of rows are walked. Late
// points come where their keys belong. A chunk is the points of one block and of the late blocks
// beside it, so memory is bounded by the block size, whatever the range.
//
// Works in short read transactions like BagCursor: a point written meanwhile may or may not be
// met, one that was there is met exactly once. Every block's checksum is verified. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/block/columns/column_set.hpp"
#include "recorder/bag/read/bag_reader.hpp"

namespace zbag {

// Where a field is: the names of the maps around it, then its own.
using FieldNames = std::vector<std::string>;
// "pose.position.x" as names. A name that has dots in it can only be given as a list.
FieldNames split_field(std::string_view dotted);

// The values of one type that a field has in a chunk, in order of the points. Which buffer is used
// depends on `type`.
struct FieldPart {
  ColumnType type = ColumnType::kNil;
  std::size_t count = 0;            // points that have it
  std::vector<double> doubles;      // float64
  std::vector<float> floats;        // float32
  std::vector<std::int64_t> ints;   // int; two's complement where `unsigned_at` says so
  std::vector<std::uint8_t> bools;  // 0 or 1
  Bytes bytes;                      // text, bin; other: whole MessagePack values
  // Of lists and bytes: where each point's values end in its buffer; they begin where those of the
  // point before end.
  std::vector<std::uint64_t> ends;
  // Positions in `ints` of values above INT64_MAX, which are to be read as uint64; ascending.
  std::vector<std::uint64_t> unsigned_at;
};

struct FieldColumn {
  FieldNames names;
  // A byte a point: 0 where the field is absent (nil is a value, not absence), else 1 + position in
  // `parts` of its type.
  std::vector<std::uint8_t> validity;
  std::vector<FieldPart> parts;  // one a type that was met; mostly one

  bool is_everywhere() const;  // every point has it, in one type
};

struct ColumnChunk {
  std::vector<std::int64_t> keys;   // ns
  std::vector<double> seconds;      // as the publisher gave them
  std::vector<FieldColumn> fields;  // as they were asked for

  void clear();
};

class ColumnCursor {
 public:
  struct Selection {
    std::string track;
    TimeRange range = TimeRange::all();
    std::vector<FieldNames> fields;
  };
  // An unknown track has no points. Errors as BagReader::cursor().
  static Result<ColumnCursor> open(const BagReader& reader, Selection selection);
  ColumnCursor(ColumnCursor&&) noexcept;
  ColumnCursor& operator=(ColumnCursor&&) noexcept;
  ~ColumnCursor();

  // Replaces `chunk` by the next one, at least one point; false at the end, with `chunk` empty.
  // kDamaged names track and time, or the record; skip_damage() goes on behind it.
  Result<bool> next(ColumnChunk& chunk);
  // As next(), behind what `chunk` holds already.
  Result<bool> append_next(ColumnChunk& chunk);
  // Leaves out the block or record that could not be read; returns which points that costs.
  std::optional<BagCursor::Damage> skip_damage();
  // Lets go of the transaction, for a caller about to wait. Chunks hold copies and stay good.
  void release();

  // What it has read so far, to tell what a selection costs.
  struct Cost {
    std::uint64_t blocks = 0;  // opened
    std::uint64_t fields = 0;  // of those, one after another, decoded
  };
  Cost cost() const;

 private:
  struct State;
  explicit ColumnCursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Everything the selection holds at once. kUnsupported when that is more than `points_max` points:
// use a cursor.
Result<ColumnChunk> read_columns(const BagReader& reader, const ColumnCursor::Selection& selection,
                                 std::size_t points_max);

}  // namespace zbag
