// A session over a bag: append and read back in one process, without a bus.
//
//   auto session = open_bag_session("run.zbag", {}).value();
//   Track arm = session->track("robot/arm").value();
//   arm.append({{"q", q}}, 1.5);
//   auto points = arm.read().value();   // sees its own writes
//
// With `sync` on (the default) what was appended is durable one interval (and a tenth, and what the
// disk takes) later, at the latest after flush(). With `sync` off appends stay in memory until a
// track holds `points_max` points, is `age_max` old, or is flushed, alone or with all others.
// Appending waits when memory is full.
#pragma once

#include <memory>
#include <string>

#include "bus/session/session.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "recorder/recording.hpp"

namespace zbag {

struct BagSessionOptions {
  Session::Options session;
  Recording::Options recording;
  BagOptions bag;
};

// Opens `path`, creating it when missing. kInvalid: with rules of a split; others as
// BagWriter::open.
Result<std::unique_ptr<Session>> open_bag_session(const std::string& path,
                                                  BagSessionOptions options);

// The same in two steps, for somebody who looks after the recording, too, which is closed with the
// session: what it may say meanwhile, and what its end makes of the bag. Without a `source` nothing
// is read back.
Result<std::shared_ptr<Recording>> open_session_recording(const std::string& path,
                                                          BagSessionOptions& options);
Result<std::unique_ptr<Session>> session_into(std::shared_ptr<Recording> recording,
                                              std::unique_ptr<PointSource> source,
                                              Session::Options options);

}  // namespace zbag
