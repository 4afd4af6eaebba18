// Bags of a few points, written through a session.
#pragma once

#include <string>
#include <vector>

#include "recorder/bag_session.hpp"
#include "schemas/check.hpp"

namespace zbag {

struct BagPoint {
  std::string track;
  double seconds;
  Fields fields;
};

// Writes `points` in the order given and closes the bag.
inline std::string write_bag(const std::string& path, const std::vector<BagPoint>& points) {
  const std::unique_ptr<Session> session = open_bag_session(path, {}).value();
  for (const BagPoint& point : points) {
    Track track = session->track(point.track).value();
    const Timestamp stamp = Timestamp::from_seconds(point.seconds).value();
    ZBAG_CHECK(track.append(point.fields, stamp).has_value());
  }
  ZBAG_CHECK(session->close().has_value());
  return path;
}

}  // namespace zbag
