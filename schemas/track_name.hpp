// Names of tracks, and patterns over them (wire.md, Message and Topology).
//
// A name is UTF-8, 1-200 bytes, segments parted by '/': no empty, "." or ".." segment, no control
// byte. System tracks ("_sys/...") may have 245 bytes: libzmq 4.3.4 never matches subscriptions of
// 246-255. The ZeroMQ topic is the same string.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

inline constexpr std::size_t kTrackNameBytesMax = 200;
inline constexpr std::size_t kSystemNameBytesMax = 245;

enum class NameRule {
  kWire,    // what wire.md allows
  kStrict,  // besides, every segment is [A-Za-z0-9_][A-Za-z0-9_.-]*
};

// Why `name` is no track name, as a phrase ("is empty"); nullptr when it is one. Allocates nothing.
const char* track_name_fault(std::string_view name, NameRule rule = NameRule::kWire);

// True for "_sys" and what lies below it.
bool is_system_track(std::string_view name);

// Without the one leading '/' that others put before names: "/imu" is the track "imu".
inline std::string_view plain_name(std::string_view name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

class TrackName {
 public:
  // kInvalid: the name breaks the rule; the message quotes it with control bytes escaped.
  static Result<TrackName> parse(std::string_view name, NameRule rule = NameRule::kWire);

  const std::string& str() const { return name_; }
  friend bool operator==(const TrackName&, const TrackName&) = default;
  friend auto operator<=>(const TrackName&, const TrackName&) = default;

 private:
  explicit TrackName(std::string_view name) : name_(name) {}

  std::string name_;
};

// One pattern: segments, where `*` stands for any characters of one segment, none too beside
// others, and `**` for any number of segments, none too. "laser/**" matches "laser", "robot*/imu"
// matches "robot2/imu". Only a pattern whose first segment is literally "_sys" matches system
// tracks.
class TrackPattern {
 public:
  // One leading '/' is left out. kInvalid: empty, an empty segment, `**` beside other characters in
  // a segment, a control byte.
  static Result<TrackPattern> parse(std::string_view pattern);

  bool matches(std::string_view name) const;
  // The longest text every matching name begins with: what to subscribe to. "laser/**" gives
  // "laser".
  std::string literal_prefix() const;
  const std::string& str() const { return text_; }

 private:
  std::string text_;
  std::vector<std::string> segments_;
};

// What passes: any of `include` (all tracks when there is none) and none of `exclude`.
// A copyable value; matches() may be called from several threads.
class TrackFilter {
 public:
  TrackFilter() = default;  // everything but system tracks
  static Result<TrackFilter> parse(const std::vector<std::string>& include,
                                   const std::vector<std::string>& exclude = {});

  bool matches(std::string_view name) const;
  // What to subscribe to so that no matching name is missed, nor those that others send with a
  // leading '/'; sorted. {""} when there is no narrower set.
  std::vector<std::string> subscriptions() const;

 private:
  std::vector<TrackPattern> include_;
  std::vector<TrackPattern> exclude_;
};

// `text` with control bytes (C1 too), what turns text around, and what is not UTF-8 written as
// \xNN, cut at 80 bytes: for messages.
std::string printable(std::string_view text);

// The same for whole lines of any length: newlines and tabs stay.
std::string harmless(std::string_view text);

// True when `text` is well-formed UTF-8 (no surrogates, nothing over-long).
bool is_utf8(std::string_view text);

}  // namespace zbag
