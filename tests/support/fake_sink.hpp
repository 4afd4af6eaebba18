// A FrameSink that keeps what it is given, fails when told to, and clocks turned by hand.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bus/session/session.hpp"
#include "schemas/check.hpp"

namespace zbag {

// What a sink was given, read by the test while a session owns the sink.
class SentFrames {
 public:
  struct Sent {
    std::string track;
    FrameScan scan;
    Fields fields;  // without _ts, _seq and _src
  };

  void add(const TrackName& track, std::span<const std::uint8_t> frame) {
    const ScanOutcome outcome = scan_frame(frame);
    ZBAG_CHECK(!outcome.refusal);
    Fields fields = decode_fields(frame).value();
    std::erase_if(fields, [](const auto& field) {
      return field.first == "_ts" || field.first == "_seq" || field.first == "_src";
    });
    const std::lock_guard lock(mutex_);
    sent_.push_back({track.str(), outcome.scan, std::move(fields)});
  }

  std::vector<Sent> all() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }
  std::size_t count() const { return all().size(); }
  std::vector<Sent> of(const std::string& track) const {
    std::vector<Sent> chosen = all();
    std::erase_if(chosen, [&](const Sent& sent) { return sent.track != track; });
    return chosen;
  }
  std::vector<double> stamps() const {
    std::vector<double> seconds;
    for (const Sent& sent : all()) seconds.push_back(sent.scan.stamp.seconds());
    return seconds;
  }
  std::vector<double> stamps(const std::string& track) const {
    std::vector<double> seconds;
    for (const Sent& sent : of(track)) seconds.push_back(sent.scan.stamp.seconds());
    return seconds;
  }

  // Writes to this track fail with this error until it is taken out again.
  void fail_track(const std::string& track, ErrorCode code) {
    const std::lock_guard lock(mutex_);
    failing_[track] = code;
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    failing_.clear();
  }
  Status fault(const TrackName& track) const {
    const std::lock_guard lock(mutex_);
    const auto it = failing_.find(track.str());
    if (it == failing_.end()) return {};
    return fail(it->second, "injected on " + track.str());
  }

  bool closed = false;
  int flushes = 0;

 private:
  mutable std::mutex mutex_;
  std::vector<Sent> sent_;
  std::map<std::string, ErrorCode> failing_;
};

class FakeSink : public FrameSink {
 public:
  explicit FakeSink(SentFrames& sent) : sent_(sent) {}

  Status write(const TrackName& track, std::span<const std::uint8_t> frame) override {
    if (Status status = sent_.fault(track); !status) return status;
    sent_.add(track, frame);
    return {};
  }
  Result<FlushResult> flush(const TrackName*) override {
    ++sent_.flushes;
    return FlushResult{};
  }
  Status tick() override { return {}; }
  Status close() override {
    sent_.closed = true;
    return {};
  }

 private:
  SentFrames& sent_;
};

// Both clocks of a session, turned by hand.
struct ManualTime {
  double wall = 1'000.0;
  std::chrono::steady_clock::time_point steady{};
};

// A session into `sent`, without a thread of its own, on clocks that stand still.
inline std::unique_ptr<Session> session_into(SentFrames& sent, ManualTime& time,
                                             Session::Options options = {}) {
  options.background = false;
  options.now = [&time] { return time.wall; };
  options.monotonic = [&time] { return time.steady; };
  return Session::into(std::make_unique<FakeSink>(sent), nullptr, std::move(options)).value();
}

}  // namespace zbag
