#include "schemas/track_name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace zbag {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Cuts the first segment off `rest`; false when there is none left.
bool next_segment(std::string_view& rest, std::string_view& segment, bool& more) {
  if (!more) return false;
  const std::size_t slash = rest.find('/');
  segment = rest.substr(0, slash);
  more = slash != std::string_view::npos;
  rest = more ? rest.substr(slash + 1) : std::string_view();
  return true;
}

const char* strict_fault(std::string_view segment) {
  const bool first_ok = is_word(segment.front());
  const bool rest_ok = std::all_of(segment.begin() + 1, segment.end(),
                                   [](char c) { return is_word(c) || c == '.' || c == '-'; });
  return first_ok && rest_ok ? nullptr : "has a segment that is not [A-Za-z0-9_][A-Za-z0-9_.-]*";
}

// The length of the UTF-8 sequence at the start of `text`, 0 when it is malformed.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return 0;
  }
  const unsigned second = byte(1);
  if (lead == 0xe0 && second < 0xa0) return 0;  // over-long
  if (lead == 0xed && second > 0x9f) return 0;  // surrogate
  if (lead == 0xf0 && second < 0x90) return 0;  // over-long
  if (lead == 0xf4 && second > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

// Whether `segment` is what `pattern` says, whose `*` stand for any characters. Greedy: only the
// last
// `*` is ever tried again with one character more.
bool match_segment(std::string_view pattern, std::string_view segment) {
  if (pattern.find('*') == std::string_view::npos) return pattern == segment;
  std::size_t at = 0;
  std::size_t from = 0;
  std::size_t retry_at = 0;  // the pattern behind the last `*`; 0: there was none
  std::size_t retry_from = 0;
  while (from < segment.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      retry_at = ++at;
      retry_from = from;
    } else if (at < pattern.size() && pattern[at] == segment[from]) {
      ++at;
      ++from;
    } else if (retry_at > 0) {
      at = retry_at;
      from = ++retry_from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

// Matches a name against segments. Greedy: only the last `**` is ever tried again with one segment
// more, which is enough for patterns of this form and keeps the cost at pattern x name.
bool match_segments(const std::vector<std::string>& pattern, std::string_view rest) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t at = 0;
  bool more = true;
  std::size_t retry_at = kNone;  // the pattern behind the last `**`
  std::string_view retry_rest;   // and the name from where it was tried
  bool retry_more = false;
  std::string_view segment;
  while (more || at < pattern.size()) {
    if (at < pattern.size() && pattern[at] == "**") {
      retry_at = ++at;
      retry_rest = rest;
      retry_more = more;
      continue;
    }
    const bool fits = at < pattern.size() && next_segment(rest, segment, more) &&
                      match_segment(pattern[at], segment);
    if (fits) {
      ++at;
    } else if (retry_at != kNone && next_segment(retry_rest, segment, retry_more)) {
      at = retry_at;
      rest = retry_rest;
      more = retry_more;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_system_track(std::string_view name) {
  return name.starts_with("_sys") && (name.size() == 4 || name[4] == '/');
}

const char* track_name_fault(std::string_view name, NameRule rule) {
  if (name.empty()) return "is empty";
  const std::size_t bytes_max = is_system_track(name) ? kSystemNameBytesMax : kTrackNameBytesMax;
  if (name.size() > bytes_max) return "is longer than 200 bytes";
  if (std::any_of(name.begin(), name.end(), is_control)) return "has a control byte";
  if (!is_utf8(name)) return "is not UTF-8";
  std::string_view rest = name;
  std::string_view segment;
  bool more = true;
  while (next_segment(rest, segment, more)) {
    if (segment.empty()) return "has an empty segment";
    if (segment == "." || segment == "..") return "has a '.' or '..' segment";
    if (rule == NameRule::kStrict) {
      if (const char* fault = strict_fault(segment)) return fault;
    }
  }
  return nullptr;
}

namespace {

// Whether it begins with a character that turns the text behind it around (Unicode UAX #9: LRE to
// RLO, LRI to PDI).
bool turns_text(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xe2') return false;
  const bool is_override = text[1] == '\x80' && text[2] >= '\xaa' && text[2] <= '\xae';
  return is_override || (text[1] == '\x81' && text[2] >= '\xa6' && text[2] <= '\xa9');
}

// Bytes at the start that a terminal would obey or no reader would take for text: control bytes, C1
// too, which are two bytes in UTF-8, what turns text around, and what is not UTF-8.
std::size_t harmful_at(std::string_view text) {
  const std::size_t length = utf8_sequence(text);
  if (length == 0 || is_control(text[0])) return 1;
  const bool is_c1 = length == 2 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
  if (turns_text(text)) return 3;
  return is_c1 ? 2 : 0;
}

// Moves the first character, or as many bytes as are harmful, from `text` to `out`.
void move_shown(std::string_view& text, std::size_t harmful, std::string& out) {
  const std::size_t length = harmful > 0 ? harmful : utf8_sequence(text);
  for (const char c : text.substr(0, harmful))
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  if (harmful == 0) out += text.substr(0, length);
  text.remove_prefix(length);
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr std::size_t kShownMax = 80;
  std::string out;
  while (!text.empty() && out.size() < kShownMax) move_shown(text, harmful_at(text), out);
  if (!text.empty()) out += "...";
  return out;
}

std::string harmless(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const bool is_layout = text[0] == '\n' || text[0] == '\t';
    move_shown(text, is_layout ? 0 : harmful_at(text), out);
  }
  return out;
}

Result<TrackName> TrackName::parse(std::string_view name, NameRule rule) {
  if (const char* fault = track_name_fault(name, rule)) {
    return fail(ErrorCode::kInvalid, fmt::format("track name '{}' {}; a name is like robot/arm/imu",
                                                 printable(name), fault));
  }
  return TrackName(name);
}

Result<TrackPattern> TrackPattern::parse(std::string_view pattern) {
  const std::string_view whole = pattern;
  pattern = plain_name(pattern);
  const auto refuse = [&](const char* why) {
    return fail(ErrorCode::kInvalid,
                fmt::format("track pattern '{}' {}; a pattern is like robot/*/imu, "
                            "arm*/joints or laser/**",
                            printable(whole), why));
  };
  if (pattern.empty()) return refuse("is empty");
  if (pattern.size() > kSystemNameBytesMax) return refuse("is longer than 245 bytes");
  if (std::any_of(pattern.begin(), pattern.end(), is_control)) return refuse("has a control byte");
  TrackPattern parsed;
  parsed.text_ = pattern;
  std::string_view segment;
  bool more = true;
  while (next_segment(pattern, segment, more)) {
    if (segment.empty()) return refuse("has an empty segment");
    if (segment == "." || segment == "..")
      return refuse("has a '.' or '..' segment, which no track has");
    if (segment != "**" && segment.find("**") != std::string_view::npos)
      return refuse("has '**' beside other characters in a segment");
    parsed.segments_.emplace_back(segment);
  }
  return parsed;
}

bool TrackPattern::matches(std::string_view name) const {
  if (is_system_track(name) && segments_.front() != "_sys") return false;
  return match_segments(segments_, name);
}

std::string TrackPattern::literal_prefix() const {
  std::string prefix;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i] == "**") return prefix;
    if (i > 0) prefix += "/";
    const std::size_t star = segments_[i].find('*');
    prefix += segments_[i].substr(0, star);
    if (star != std::string::npos) return prefix;
  }
  return prefix;
}

Result<TrackFilter> TrackFilter::parse(const std::vector<std::string>& include,
                                       const std::vector<std::string>& exclude) {
  TrackFilter filter;
  for (const auto& [texts, patterns] :
       {std::pair(&include, &filter.include_), std::pair(&exclude, &filter.exclude_)}) {
    for (const std::string& text : *texts) {
      Result<TrackPattern> pattern = TrackPattern::parse(text);
      if (!pattern) return tl::unexpected(pattern.error());
      patterns->push_back(std::move(*pattern));
    }
  }
  return filter;
}

bool TrackFilter::matches(std::string_view name) const {
  const auto hit = [&](const TrackPattern& pattern) { return pattern.matches(name); };
  const bool included = include_.empty() ? !is_system_track(name)
                                         : std::any_of(include_.begin(), include_.end(), hit);
  return included && std::none_of(exclude_.begin(), exclude_.end(), hit);
}

std::vector<std::string> TrackFilter::subscriptions() const {
  std::vector<std::string> prefixes;
  for (const TrackPattern& pattern : include_) {
    prefixes.push_back(pattern.literal_prefix());
    if (prefixes.back().empty()) return {""};
    prefixes.push_back("/" + prefixes.back());
  }
  if (prefixes.empty()) return {""};
  std::sort(prefixes.begin(), prefixes.end());
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
  return prefixes;
}

}  // namespace zbag
