// Which stamp an append gets (wire.md, Time): the one given, now, or the last one again.
#pragma once

#include <functional>
#include <optional>

#include "schemas/frame.hpp"
#include "schemas/most_recent.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

// The stamp argument of an append: nothing (now), seconds, or -1 (inherit).
class Stamp {
 public:
  Stamp() = default;
  Stamp(double seconds)
      : kind_(seconds == -1.0 ? StampKind::kInherit : StampKind::kGiven), seconds_(seconds) {}
  Stamp(int seconds) : Stamp(static_cast<double>(seconds)) {}
  // A resolved stamp as it is, for points at -1 s too, which the sentinel cannot say.
  Stamp(Timestamp stamp) : kind_(StampKind::kGiven), exact_(stamp) {}
  // A field `_ts`, as in ML-Dash's append(_ts=..., q=...). kInvalid: it is no number.
  static Result<Stamp> of_value(const Value& value);

  StampKind kind() const { return kind_; }
  double seconds() const { return seconds_; }
  const std::optional<Timestamp>& exact() const { return exact_; }

 private:
  StampKind kind_ = StampKind::kMissing;
  double seconds_ = 0.0;
  std::optional<Timestamp> exact_;
};

// Whose last stamp -1 means: any append's of the session, or only the calling thread's, as long as
// it is among the Stamper::kThreadsMax that appended most recently.
enum class InheritScope { kSession, kThread };

// What a session knows of stamps. A missing one is now, made strictly increasing. Not thread-safe:
// resolving, sending and remembering are one step under the session's lock.
class Stamper {
 public:
  static constexpr std::size_t kThreadsMax = 1'000;

  struct Options {
    TimestampMode missing = TimestampMode::kAuto;
    InheritScope inherit = InheritScope::kSession;
    std::function<double()> now;  // seconds since the epoch
  };
  explicit Stamper(Options options) : options_(std::move(options)) {}

  // Remembers nothing: the append may still fail. kInvalid: the stamp is no time, there is none to
  // inherit, or it is missing and required; that one names `track`.
  Result<Timestamp> resolve(const TrackName& track, const Stamp& stamp) const;
  // What `stamp` was resolved to was taken.
  void remember(const Stamp& stamp, Timestamp resolved);

  const std::optional<Timestamp>& last() const { return last_; }

 private:
  Timestamp next_now() const;

  const Options options_;
  std::optional<Timestamp> last_;
  MostRecent<std::optional<Timestamp>> last_of_thread_{kThreadsMax};
  double last_now_ = 0.0;  // the last that was missing
};

}  // namespace zbag
