// Time of a measurement: a double of seconds since the epoch, keyed by int64 nanoseconds.
//
// The double is what the publisher sent and what readers get back, bit for bit. The nanoseconds
// are the key of a point (wire.md, Time): whole seconds are split off first, then
// ns = s * 10^9 + nearbyint((ts - s) * 10^9), half to even. round(ts * 1e9) would merge
// neighbours: 6.9 % of adjacent doubles of today collide under it.
//
// Values only: trivially copyable, no clock is read here.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/result.hpp"

namespace zbag {

class Timestamp {
 public:
  constexpr Timestamp() = default;  // the epoch

  // NaN, infinities and what int64 nanoseconds cannot hold give nullopt; -0.0 becomes 0.0.
  static std::optional<Timestamp> from_seconds(double seconds);
  // The stamp whose double is nearest to `ns`; its own key is that double's, so at today's scale
  // it can differ from `ns` by 119 ns.
  static Timestamp from_ns(std::int64_t ns);
  // The MessagePack timestamp: `nanos` in [0, 10^9) is added to `seconds`, rounded to the nearest
  // double.
  static std::optional<Timestamp> from_parts(std::int64_t seconds, std::uint32_t nanos);
  // As stored in a bag. REQUIRES: the pair came from one of the above.
  static constexpr Timestamp from_stored(std::int64_t ns, double seconds) { return {ns, seconds}; }

  constexpr std::int64_t ns() const { return ns_; }
  constexpr double seconds() const { return seconds_; }

  // Stamps are equal when their keys are.
  friend constexpr bool operator==(Timestamp a, Timestamp b) { return a.ns_ == b.ns_; }
  friend constexpr auto operator<=>(Timestamp a, Timestamp b) { return a.ns_ <=> b.ns_; }

 private:
  constexpr Timestamp(std::int64_t ns, double seconds) : ns_(ns), seconds_(seconds) {}

  std::int64_t ns_ = 0;
  double seconds_ = 0.0;
};

// The double a key stands for when the publisher's own double is not stored beside it: exact at
// today's epoch scale, where doubles are 238 ns apart; cheap, for the read path.
inline double seconds_of_key(std::int64_t ns) {
  std::int64_t whole = ns / 1'000'000'000;
  std::int64_t rest = ns % 1'000'000'000;
  if (rest < 0) {
    --whole;
    rest += 1'000'000'000;
  }
  return static_cast<double>(whole) + static_cast<double>(rest) / 1e9;
}

// The shortest decimal text that reads back to the same double, always with '.' or an exponent.
std::string seconds_text(double seconds);

// A closed range of keys [first, last], in nanoseconds; empty when first > last.
struct TimeRange {
  std::int64_t first = std::numeric_limits<std::int64_t>::min();
  std::int64_t last = std::numeric_limits<std::int64_t>::max();

  static constexpr TimeRange all() { return {}; }
  static constexpr TimeRange none() { return {1, 0}; }
  static constexpr TimeRange closed(Timestamp first, Timestamp last) {
    return {first.ns(), last.ns()};
  }
  // [first, limit)
  static constexpr TimeRange half_open(Timestamp first, Timestamp limit) {
    if (limit.ns() == std::numeric_limits<std::int64_t>::min()) return none();
    return {first.ns(), limit.ns() - 1};
  }

  constexpr bool empty() const { return first > last; }
  constexpr bool contains(std::int64_t ns) const { return first <= ns && ns <= last; }
  constexpr bool overlaps(std::int64_t other_first, std::int64_t other_last) const {
    return first <= other_last && other_first <= last;
  }
};

}  // namespace zbag
