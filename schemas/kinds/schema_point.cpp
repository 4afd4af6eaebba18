#include "schemas/kinds/schema_point.hpp"

#include <utility>

#include "schemas/check.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {

Result<WriteReport> write_schema(const std::string& track, const Kind& kind, Timestamp stamp,
                                 const std::function<Result<WriteReport>(const Batch&)>& write) {
  return write_one_point(schema_track(track), written_kind(kind), stamp, write);
}

Result<WriteReport> write_one_point(const std::string& track, const Fields& fields, Timestamp stamp,
                                    const std::function<Result<WriteReport>(const Batch&)>& write) {
  std::string map;
  encode_fields(fields, map);
  PointHead head;
  head.set_stamp(stamp);
  head.wall_ns = static_cast<std::int64_t>(wall_seconds() * 1e9);
  const std::optional<RowPoint> row = row_of(head, bytes_of(map));
  ZBAG_CHECK(row.has_value());
  TrackBatch of_track;
  of_track.name = track;
  of_track.points.push_back(*row);
  of_track.fate.received = 1;
  Batch batch;
  batch.tracks.push_back(std::move(of_track));
  return write(batch);
}

}  // namespace zbag
