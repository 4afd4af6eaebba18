// One track of a session: a small handle to append to it and, where the session is over a bag, to
// read it back. Lives as long as its session; thread-safe as that is.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "bus/session/sink.hpp"
#include "bus/session/stamp.hpp"
#include "schemas/frame.hpp"

namespace zbag {

class Session;
struct TrackState;

class Track {
 public:
  const TrackName& name() const;

  // kInvalid: a field name begins with '_' (only `_ts` may, and then holds the stamp), the stamp is
  // no time, or nothing can be inherited; kTimeout, kDiskFull, kClosed: the sink's word.
  Status append(std::initializer_list<FieldView> fields, Stamp stamp = {}) {
    return enabled_ ? append_views({fields.begin(), fields.size()}, stamp) : Status();
  }
  Status append(const Fields& fields, Stamp stamp = {});
  Status log(std::initializer_list<FieldView> fields, Stamp stamp = {}) {
    return append(fields, stamp);
  }
  Status append_at(std::int64_t ns, const Fields& fields) {
    return append(fields, Timestamp::from_ns(ns));
  }

  // Points one after another, each with a `_ts` among its fields or without. They are looked at
  // before the first is appended: kInvalid names the one that can not be, and none is. Returns how
  // many there were; an error of the sink says how many it has taken.
  Result<std::size_t> append_batch(std::span<const Fields> points);
  // Says what the track is about; what was said before is replaced. It lies beside the track, not
  // in it. As append().
  Status describe(const TrackAbout& about);

  // Sends fields that are a MessagePack map already, as stored in a bag; reserved names other than
  // _ts, _seq and _src pass unchanged. A _seq or _src that is no uint, which a stranger's point may
  // hold, is left out: the frame has the session's. Never merges in the buffer. kInvalid: the map
  // is malformed.
  Status append_map(std::span<const std::uint8_t> map, Timestamp stamp);

  Result<FlushResult> flush();

  // Reading (a session over a bag; kUnsupported on the bus). Closed range, both ends optional.
  Result<std::vector<Point>> read(std::optional<Timestamp> start = {},
                                  std::optional<Timestamp> end = {});
  // kInvalid: limit is 0 or above kPageMax.
  Result<Page> read_page(std::uint64_t start_index, std::size_t limit = kPageDefault);
  Result<Page> list_entries(std::uint64_t start_index = 0, std::size_t limit = kPageDefault) {
    return read_page(start_index, limit);
  }
  // Half-open [start, end).
  Result<std::vector<Point>> read_by_time(Timestamp start, Timestamp end,
                                          std::size_t limit = kPageDefault, bool reverse = false);
  Result<std::vector<Point>> slice(Timestamp start, Timestamp end) { return read(start, end); }
  // The last point at or before `stamp`; kNotFound before the first.
  Result<Point> find_by_time(Timestamp stamp);
  Result<std::vector<Point>> find_by_time(std::span<const Timestamp> stamps);
  Result<TrackStats> stats();

 private:
  friend class Session;
  friend class Frame;
  Track(Session* session, TrackState* state, bool enabled)
      : session_(session), state_(state), enabled_(enabled) {}
  Status append_views(std::span<const FieldView> fields, Stamp stamp);

  Session* session_;
  TrackState* state_;
  bool enabled_;
};

}  // namespace zbag
