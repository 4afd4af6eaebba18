#include "bus/session/stamp.hpp"

#include <fmt/format.h>

#include <atomic>

#include "schemas/check.hpp"
#include "schemas/field_lookup.hpp"

namespace zbag {
namespace {

// Its own for ever: a std::thread::id is given out again when its thread has ended.
std::uint64_t number_of_this_thread() {
  static std::atomic<std::uint64_t> last{0};
  thread_local const std::uint64_t kNumber = ++last;
  return kNumber;
}

}  // namespace

Result<Stamp> Stamp::of_value(const Value& value) {
  if (const std::optional<double> seconds = number_of(value)) return Stamp(*seconds);
  return fail(
      ErrorCode::kInvalid,
      fmt::format("_ts must be a number (seconds since the epoch), got {}", value.type_name()));
}

Timestamp Stamper::next_now() const {
  double seconds = options_.now();
  if (seconds <= last_now_) seconds = last_now_ + 1e-6;
  const std::optional<Timestamp> stamp = Timestamp::from_seconds(seconds);
  ZBAG_CHECK(stamp.has_value());
  return *stamp;
}

Result<Timestamp> Stamper::resolve(const TrackName& track, const Stamp& stamp) const {
  if (stamp.exact()) return *stamp.exact();
  if (stamp.kind() == StampKind::kGiven) {
    const std::optional<Timestamp> given = Timestamp::from_seconds(stamp.seconds());
    if (given) return *given;
    return fail(ErrorCode::kInvalid,
                fmt::format("_ts must be a number of seconds within years 1678-2262, got {}",
                            stamp.seconds()));
  }
  if (stamp.kind() == StampKind::kInherit) {
    if (options_.inherit == InheritScope::kThread) {
      if (const auto* const last = last_of_thread_.find(number_of_this_thread())) return **last;
    } else if (last_) {
      return *last_;
    }
    return fail(ErrorCode::kInvalid, "Cannot use _ts=-1: no previous timestamp to inherit");
  }
  if (options_.missing == TimestampMode::kRequire) {
    return fail(ErrorCode::kInvalid,
                fmt::format("track {}: _ts is missing and timestamps are required", track.str()));
  }
  return next_now();
}

void Stamper::remember(const Stamp& stamp, Timestamp resolved) {
  if (stamp.kind() == StampKind::kMissing) last_now_ = resolved.seconds();
  last_ = resolved;
  if (options_.inherit == InheritScope::kThread)
    last_of_thread_.hear(number_of_this_thread())->value = resolved;
}

}  // namespace zbag
