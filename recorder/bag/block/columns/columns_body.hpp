// The body of a block of the `columns` codec (FORMAT.md, Body of columns): a directory, the columns
// of the points, and the data of each field's column, compressed in groups so that one field is
// read without the others.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "recorder/bag/block/columns/column_codec.hpp"
#include "recorder/bag/block/columns/column_set.hpp"
#include "recorder/bag/block/columns/map_splitter.hpp"
#include "recorder/bag/block/compression.hpp"

namespace zbag {

// What decoding may allocate follows from how large the block says it would be as rows; blocks
// larger than this are stored as rows.
inline constexpr std::size_t kColumnsRawBytesMax = 16u << 20;

inline Squeeze squeeze_for(CompressionSpec compression) {
  return compression.kind == Compression::kZstd ? Squeeze::kEntropy : Squeeze::kPack;
}

// What was best for a track's last blocks, so that not everything is tried for each. Whoever keeps
// it makes it forget now and then. Not thread-safe.
class ColumnsHabits {
 public:
  void forget_streams() {
    points_.forget();
    fields_.forget();
  }
  StreamHabits& points() { return points_; }  // of the streams beside the fields

 private:
  friend class ColumnsEncoder;
  StreamHabits points_;
  StreamHabits fields_;
  std::uint64_t names_ = 0;  // names_sum() of the columns
  // Whose streams fields_ are.
  std::vector<FieldPath> paths_;
  std::vector<Column> columns_;
  struct Group {
    std::size_t end = 0;    // the column behind it
    std::size_t rests = 0;  // blocks for which it is not compressed, since that was of no use
    std::size_t left = 0;   // of these
  };
  std::vector<Group> groups_;  // the head, then by the first column of each
  struct Records {             // of a column of bytes
    RecordForm form;
    std::size_t rests = 0;  // blocks for which nothing else is tried
    std::size_t left = 0;   // of these
  };
  std::vector<Records> records_;
};

// Stands for the names of the columns that have summaries, in their order.
std::uint64_t names_sum(std::span<const FieldPath> paths, std::span<const Column> columns);

// Makes bodies, one after another. Not thread-safe; keeps its memory.
class ColumnsEncoder {
 public:
  void clear() { splitter_.clear(); }
  // Adds the next point's map; false when the block is to be stored as rows.
  // REQUIRES: the bytes were validated.
  bool add(MapBytes map) { return splitter_.add(map); }
  // The body of the points added since clear(), in front of `point_columns`; lent until the next
  // call. Empty when columns are no use: no field is a number or bytes that are better as planes,
  // or they measure more than `size_max`. REQUIRES: compression is not none.
  std::span<const std::uint8_t> encode(std::span<const std::uint8_t> point_columns,
                                       CompressionSpec compression, std::size_t size_max,
                                       ColumnsHabits& habits);
  // The summary of the same points; lent until the next call. Empty when no field is a number.
  // REQUIRES: encode() has given a body.
  std::span<const std::uint8_t> summary(const ColumnsHabits& habits);

 private:
  void write_directory(Squeeze squeeze);
  bool choose_records(CompressionSpec compression, ColumnsHabits& habits);
  void write_columns(StreamAdvice advice, const std::vector<ColumnsHabits::Records>& records);
  void write_group(std::span<const std::uint8_t> raw, CompressionSpec compression, std::size_t end,
                   ColumnsHabits::Group& habit);

  MapSplitter splitter_;
  ColumnEncoder columns_;
  IntStreamEncoder codes_;
  Compressor compressor_;
  Bytes head_;
  Bytes data_;                      // the columns, one after another
  std::vector<std::size_t> sizes_;  // of each in data_
  struct Group {
    std::size_t begin;  // columns
    std::size_t end;
    std::size_t bytes;  // of data_
  };
  std::vector<Group> groups_;  // what is compressed together
  Bytes table_;
  Bytes stored_;
  Bytes body_;
  Bytes summary_;
};

// A body being read. Lends what it was opened with; takes bytes of strangers.
class ColumnsBody {
 public:
  // Reads the directory of a body of `count` points. nullopt when it is none, or speaks of more
  // than `size_max` bytes.
  static std::optional<ColumnsBody> open(std::span<const std::uint8_t> body,
                                         Compression compression, std::uint32_t count,
                                         std::size_t size_max);

  // Stands at the columns of the points, which take up what is left of it.
  ByteInput point_columns() const { return points_; }
  const std::vector<FieldPath>& paths() const { return paths_; }
  const std::vector<Column>& columns() const { return columns_; }
  const std::vector<Shape>& shapes() const { return shapes_; }
  // The shape of each point.
  const std::vector<std::uint64_t>& codes() const { return codes_; }
  // Where a column is: the names of the maps around it, then its own.
  std::vector<std::string> names_of(std::size_t column) const;
  // Whether points of that shape have a value in `column`.
  bool has_column(std::size_t shape, std::size_t column) const;
  // Decodes one column, decompressing its group when no other column has yet. False: damaged.
  bool read(std::size_t column, ColumnValues& values);
  // Whether both have the same columns, and each point the same of them.
  bool has_directory_of(const ColumnsBody& other) const;
  // Whether a column is stored in both as the same bytes, and so has the same values in both: it is
  // not decoded for that. False, too, where it is damaged. REQUIRES: has_directory_of(other).
  bool has_data_of(ColumnsBody& other, std::size_t column);
  // Puts all maps together, one after another, and tells their lengths. False: damaged.
  // REQUIRES: `room` measures maps_room().
  bool read_maps(std::span<std::uint8_t> room, std::vector<std::size_t>& lengths);
  std::size_t maps_room() const;

 private:
  struct Group {
    std::size_t begin;  // in the data of all columns
    std::size_t raw_bytes;
    std::span<const std::uint8_t> stored;
    Bytes raw;  // when it was needed
  };
  bool read_groups(std::span<const std::uint8_t> body);
  bool read_directory(std::uint32_t count);
  bool read_paths(ByteInput& in);
  bool read_columns(ByteInput& in);
  bool read_shapes(ByteInput& in);
  bool read_shape(ByteInput& in, Shape& shape);
  bool count_points();
  bool raw_of(Group& group, std::span<const std::uint8_t>& raw);
  Group* group_of(std::size_t column);
  bool raw_of(std::size_t column, std::span<const std::uint8_t>& raw);
  bool read(std::size_t column, std::size_t size_max, ColumnValues& values);

  Compression compression_ = Compression::kNone;
  std::size_t size_max_ = 0;
  std::vector<Group> groups_;  // the first is the head
  ByteInput points_;
  std::vector<FieldPath> paths_;
  std::vector<Column> columns_;
  std::vector<std::size_t> begins_;  // of each column's data
  std::vector<std::size_t> sizes_;
  std::vector<std::size_t> counts_;  // points that have it
  std::vector<Shape> shapes_;
  std::vector<std::uint64_t> codes_;
};

}  // namespace zbag
