// Which fields the points of a track have, and as what: what a table of them, an export or a plot
// asks first.
//
//   for (const TrackField& field : read_track_fields(reader, "robot/imu").value())
//     use(field.names, field.types);
//
// A field is a leaf: fields of nested maps are given one by one, an empty map is none. Decodes no
// value: where the track's record says all there is to know no block is read, else the directories
// of its blocks of columns are; blocks of rows are walked.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "recorder/bag/block/columns/column_set.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct TrackField {
  FieldNames names;
  std::set<ColumnType> types;  // at least one

  friend bool operator==(const TrackField&, const TrackField&) = default;
};

// A stranger's maps may have any number of names.
inline constexpr std::size_t kLeafFieldsMax = 4'096;

// The fields of the points in `range`, in order of their names; those of the whole blocks that
// reach into it, so that a field may have no value there. An unknown track has none. Blocks that
// are damaged are left out: who reads their points is told. kUnsupported: more than
// kLeafFieldsMax. Other errors as BagReader::cursor().
Result<std::vector<TrackField>> read_track_fields(const BagReader& reader, const std::string& track,
                                                  TimeRange range = TimeRange::all());

}  // namespace zbag
