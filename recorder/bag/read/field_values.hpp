// What the values of fields come to that their types do not tell: what a table has to know before
// it says which columns it has.
//
//   const auto fields = read_track_fields(reader, "robot/imu").value();
//   const auto values = read_field_values(reader, "robot/imu", fields).value();  // one of each
//
// Of integers the summaries of blocks say it, a page each; what has none is decoded, and so are
// lists of integers and whatever lies among lists. A field that has nothing to tell costs nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/track_fields.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct FieldValues {
  // Of integers, also in lists:
  bool has_above_int64 = false;
  bool has_negative = false;
  bool has_beyond_double = false;  // more than 2^53 from 0: not all of such are a double
  // Of lists: some come as doubles, of ColumnType::kOther, too: those that mix types of numbers of
  // which a double holds every one (column_append.hpp).
  bool has_double_lists = false;
  // Of values of ColumnType::kOther: some are neither these nor empty lists.
  bool has_other = false;

  FieldValues& operator|=(const FieldValues& more);
  bool operator==(const FieldValues&) const = default;
};

// Of each of `fields`, where it matters which column would hold them all: of numbers with integers,
// and of lists alone. Others are as a FieldValues that was just made, but for `has_other`. What is
// damaged is left out. Errors as BagReader::cursor().
Result<std::vector<FieldValues>> read_field_values(const BagReader& reader,
                                                   const std::string& track,
                                                   const std::vector<TrackField>& fields,
                                                   TimeRange range = TimeRange::all());

// Whether a value of ColumnType::kOther is a list without values. Of lists alone a block knows how
// long they are; other values are what they say in MessagePack.
bool is_empty_list(std::span<const std::uint8_t> value);

}  // namespace zbag
