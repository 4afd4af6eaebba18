#include "recorder/bag/read/field_values.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <variant>

#include "recorder/bag/read/column_reader.hpp"
#include "recorder/bag/read/track_summaries.hpp"
#include "schemas/item.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kDoubleMax = std::int64_t{1} << 53;

// What decides about the column of a field.
enum class Asks : std::uint8_t { kNothing, kSizes, kLists };

Asks asks_of(const TrackField& field) {
  std::set<ColumnType> types = field.types;
  types.erase(ColumnType::kNil);
  const auto is_scalar = [](ColumnType type) { return is_number(type) && !is_list(type); };
  if (std::all_of(types.begin(), types.end(), is_scalar))
    return types.contains(ColumnType::kInt) ? Asks::kSizes : Asks::kNothing;
  const bool has_others = types.erase(ColumnType::kOther) > 0;
  const bool is_of_lists = std::all_of(types.begin(), types.end(), is_list);
  return is_of_lists && (has_others || types.contains(ColumnType::kInts)) ? Asks::kLists
                                                                          : Asks::kNothing;
}

void note_int(std::int64_t value, FieldValues& values) {
  values.has_negative = values.has_negative || value < 0;
  values.has_beyond_double = values.has_beyond_double || value > kDoubleMax || value < -kDoubleMax;
}

void note_ints(const FieldPart& part, FieldValues& values) {
  const auto& above = part.unsigned_at;
  if (above.empty()) {
    if (part.ints.empty()) return;
    const auto [least, most] = std::minmax_element(part.ints.begin(), part.ints.end());
    note_int(*least, values);
    return note_int(*most, values);
  }
  values.has_above_int64 = true;
  values.has_beyond_double = true;
  for (std::size_t i = 0; i < part.ints.size(); ++i) {
    if (!std::binary_search(above.begin(), above.end(), i)) note_int(part.ints[i], values);
  }
}

void note_others(const FieldPart& part, FieldValues& values) {
  std::size_t begin = 0;
  for (const std::uint64_t end : part.ends) {
    const std::span value(part.bytes.data() + begin, end - begin);
    values.has_other = values.has_other || !is_empty_list(value);
    begin = end;
  }
}

void note_column(const FieldColumn& column, FieldValues& values) {
  for (const FieldPart& part : column.parts) {
    if (part.type == ColumnType::kInt || part.type == ColumnType::kInts) note_ints(part, values);
    if (part.type == ColumnType::kOther) note_others(part, values);
    values.has_double_lists = values.has_double_lists || part.type == ColumnType::kFloat64s;
  }
}

void note_summary(const ColumnSummary& numbers, FieldValues& values) {
  if (numbers.type != ColumnType::kInt) return;
  for (const std::optional<Number>& number : {numbers.min(), numbers.max()}) {
    if (!number) continue;
    if (const auto* const value = std::get_if<std::int64_t>(&*number)) {
      note_int(*value, values);
    } else {
      values.has_above_int64 = true;
      values.has_beyond_double = true;
    }
  }
}

// Some of the fields that were asked for: where they are, and where what is found of them goes.
struct Chosen {
  std::vector<FieldNames> names;
  std::vector<std::size_t> places;
};

class ValuesReader {
 public:
  ValuesReader(const BagReader& reader, const std::string& track, std::size_t fields)
      : reader_(reader), track_(track), found_(fields) {}

  Status decode(const Chosen& chosen, TimeRange range) {
    Result<ColumnCursor> cursor =
        ColumnCursor::open(reader_, {.track = track_, .range = range, .fields = chosen.names});
    if (!cursor) return tl::unexpected(cursor.error());
    ColumnChunk chunk;
    while (true) {
      const Result<bool> is_there = cursor->next(chunk);
      if (!is_there) {
        if (is_there.error().code == ErrorCode::kDamaged && cursor->skip_damage()) continue;
        return tl::unexpected(is_there.error());
      }
      if (!*is_there) return {};
      for (std::size_t i = 0; i < chosen.places.size(); ++i)
        note_column(chunk.fields[i], found_[chosen.places[i]]);
    }
  }

  // Decodes what has no summary alone.
  Status look(const Chosen& chosen, TimeRange range) {
    const auto blocks =
        read_summaries(reader_, {.track = track_, .range = range, .fields = chosen.names}, SIZE_MAX,
                       LoneBlocks::kLookedInto);
    if (!blocks) return tl::unexpected(blocks.error());
    std::optional<TimeRange> unknown;
    for (const SummarizedBlock& block : *blocks) {
      for (const auto& [number, numbers] : block.fields)
        note_summary(numbers, found_[chosen.places[number]]);
      if (block.is_known || !block.points) continue;
      if (unknown && block.first <= unknown->last) {
        unknown->last = std::max(unknown->last, block.last);
        continue;
      }
      if (unknown) {
        if (Status status = decode(chosen, *unknown); !status) return status;
      }
      unknown = TimeRange{.first = block.first, .last = block.last};
    }
    return unknown ? decode(chosen, *unknown) : Status();
  }

  std::vector<FieldValues> take_found() { return std::move(found_); }

 private:
  const BagReader& reader_;
  const std::string& track_;
  std::vector<FieldValues> found_;
};

}  // namespace

FieldValues& FieldValues::operator|=(const FieldValues& more) {
  has_above_int64 = has_above_int64 || more.has_above_int64;
  has_negative = has_negative || more.has_negative;
  has_beyond_double = has_beyond_double || more.has_beyond_double;
  has_double_lists = has_double_lists || more.has_double_lists;
  has_other = has_other || more.has_other;
  return *this;
}

Result<std::vector<FieldValues>> read_field_values(const BagReader& reader,
                                                   const std::string& track,
                                                   const std::vector<TrackField>& fields,
                                                   TimeRange range) {
  Chosen sizes;
  Chosen lists;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Asks asks = asks_of(fields[i]);
    if (asks == Asks::kNothing) continue;
    Chosen& chosen = asks == Asks::kSizes ? sizes : lists;
    chosen.names.push_back(fields[i].names);
    chosen.places.push_back(i);
  }
  ValuesReader values(reader, track, fields.size());
  Status status;
  if (!sizes.names.empty()) status = values.look(sizes, range);
  if (status && !lists.names.empty()) status = values.decode(lists, range);
  if (!status) return tl::unexpected(status.error());
  return values.take_found();
}

bool is_empty_list(std::span<const std::uint8_t> value) {
  item::Cursor in(value);
  std::uint32_t count = 0;
  return item::take_array(in, count) && count == 0;
}

}  // namespace zbag
