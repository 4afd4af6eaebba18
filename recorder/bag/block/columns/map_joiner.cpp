#include "recorder/bag/block/columns/map_joiner.hpp"

#include <algorithm>

#include "schemas/byte_io.hpp"
#include "schemas/put_item.hpp"

namespace zbag {
namespace {

// How far a column's values have been taken.
struct Taken {
  std::size_t points = 0;  // of those with lengths
  std::size_t numbers = 0;
  std::size_t bytes = 0;
  std::size_t above = 0;
};

class Joiner {
 public:
  Joiner(std::span<const FieldPath> paths, std::span<const Shape> shapes,
         std::span<const Column> columns, std::span<const ColumnValues> values,
         std::span<std::uint8_t> room)
      : shapes_(shapes),
        columns_(columns),
        values_(values),
        taken_(columns.size()),
        at_(room.data()),
        end_(room.data() + room.size()) {
    for (const FieldPath& path : paths) {
      keys_.emplace_back(path.name.size() + item::kHeadMax);
      std::uint8_t* at = keys_.back().data();
      item::put_text(at, path.name.size());
      byte_io::store_bytes(
          at, {reinterpret_cast<const std::uint8_t*>(path.name.data()), path.name.size()});
      keys_.back().resize(static_cast<std::size_t>(at - keys_.back().data()));
    }
  }

  const std::uint8_t* at() const { return at_; }

  bool put_point(std::uint64_t code) {
    const Shape& shape = shapes_[code];
    if (!has_room(item::kHeadMax)) return false;
    item::put_map(at_, shape.pairs);
    return std::all_of(shape.nodes.begin(), shape.nodes.end(), [this](const ShapeNode& node) {
      const Bytes& key = keys_[node.path];
      if (!has_room(key.size() + item::kHeadMax)) return false;
      byte_io::store_bytes(at_, key);
      if (!node.is_map()) return put_value(columns_[node.column].type, node.column);
      item::put_map(at_, node.pairs);
      return true;
    });
  }

 private:
  bool has_room(std::size_t bytes) const { return static_cast<std::size_t>(end_ - at_) >= bytes; }

  // There is room for one item's head already.
  bool put_value(ColumnType type, std::size_t column) {
    const ColumnValues& values = values_[column];
    Taken& taken = taken_[column];
    if (type == ColumnType::kNil) {
      item::put_nil(at_);
      return true;
    }
    if (is_bytes(type)) return put_bytes(type, values, taken);
    if (is_list(type)) return put_list(type, values, taken);
    if (taken.numbers == values.numbers.size()) return false;
    put_number(type, values, taken);
    return true;
  }

  void put_number(ColumnType type, const ColumnValues& values, Taken& taken) {
    const std::size_t number = taken.numbers++;
    const std::uint64_t bits = values.numbers[number];
    switch (type) {
      case ColumnType::kBool:
        item::put_bool(at_, bits != 0);
        break;
      case ColumnType::kFloat64:
      case ColumnType::kFloat64s:
        item::put_float64(at_, bits);
        break;
      case ColumnType::kFloat32:
      case ColumnType::kFloat32s:
        item::put_float32(at_, static_cast<std::uint32_t>(bits));
        break;
      default:
        if (taken.above < values.unsigned_at.size() && values.unsigned_at[taken.above] == number) {
          ++taken.above;
          item::put_unsigned(at_, bits);
        } else {
          item::put_signed(at_, static_cast<std::int64_t>(bits));
        }
    }
  }

  bool put_list(ColumnType type, const ColumnValues& values, Taken& taken) {
    if (taken.points == values.lengths.size()) return false;
    const std::uint64_t count = values.lengths[taken.points++];
    item::put_array(at_, count);
    // What the numbers are is asked once a list, not once a number: lists are long.
    if (type == ColumnType::kFloat64s) return put_numbers(count, values, taken, item::put_float64);
    if (type == ColumnType::kFloat32s) {
      return put_numbers(count, values, taken, [](std::uint8_t*& at, std::uint64_t bits) {
        item::put_float32(at, static_cast<std::uint32_t>(bits));
      });
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!has_room(item::kHeadMax)) return false;
      put_number(type, values, taken);
    }
    return true;
  }

  template <class Put>
  bool put_numbers(std::uint64_t count, const ColumnValues& values, Taken& taken, Put put) {
    std::uint8_t* at = at_;
    const std::uint64_t* number = values.numbers.data() + taken.numbers;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (static_cast<std::size_t>(end_ - at) < item::kHeadMax) return false;
      put(at, number[i]);
    }
    at_ = at;
    taken.numbers += count;
    return true;
  }

  bool put_bytes(ColumnType type, const ColumnValues& values, Taken& taken) {
    if (taken.points == values.lengths.size()) return false;
    const std::size_t size = values.lengths[taken.points++];
    if (type == ColumnType::kText) item::put_text(at_, size);
    if (type == ColumnType::kBinary) item::put_binary(at_, size);
    if (!has_room(size)) return false;
    byte_io::store_bytes(at_, std::span(values.bytes).subspan(taken.bytes, size));
    taken.bytes += size;
    return true;
  }

  std::span<const Shape> shapes_;
  std::span<const Column> columns_;
  std::span<const ColumnValues> values_;
  std::vector<Taken> taken_;
  std::vector<Bytes> keys_;  // of every path, encoded
  std::uint8_t* at_;
  std::uint8_t* end_;
};

}  // namespace

bool join_maps(std::span<const FieldPath> paths, std::span<const Shape> shapes,
               std::span<const Column> columns, std::span<const ColumnValues> values,
               std::span<const std::uint64_t> codes, std::span<std::uint8_t> room,
               std::vector<std::size_t>& lengths) {
  Joiner joiner(paths, shapes, columns, values, room);
  lengths.clear();
  lengths.reserve(codes.size());
  for (const std::uint64_t code : codes) {
    const std::uint8_t* const begin = joiner.at();
    if (!joiner.put_point(code)) return false;
    lengths.push_back(static_cast<std::size_t>(joiner.at() - begin));
  }
  return true;
}

}  // namespace zbag
