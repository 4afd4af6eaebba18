#include "nodes/option_type.hpp"

#include <strings.h>

#include <charconv>
#include <cstdlib>

#include "schemas/quantity_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> refuse(const std::string& what, Bounds bounds) {
  return fail(ErrorCode::kInvalid,
              fmt::format("give {} from {} to {}", what, bounds.low, bounds.high));
}

bool holds(Bounds bounds, double value) {
  return value >= bounds.low && value <= bounds.high;  // NaN is nowhere
}

// A number alone, or what `with_unit` has made of the text.
Result<double> parse_amount(const std::string& text, std::optional<double> with_unit, Bounds bounds,
                            const std::string& what, const std::string& example) {
  if (with_unit && holds(bounds, *with_unit)) return *with_unit;
  Result<double> alone = parse_number(text, bounds, what);
  if (!alone) return fail(alone.error().code, alone.error().message + ", or as in " + example);
  return alone;
}

}  // namespace

Result<double> parse_number(const std::string& text, Bounds bounds, const std::string& what) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool is_number = end != text.c_str() && end == text.c_str() + text.size();
  if (!is_number || !holds(bounds, value)) return refuse(what, bounds);
  return value;
}

Result<double> parse_seconds(const std::string& text, Bounds bounds) {
  return parse_amount(text, parse_span(text, 1.0), bounds, "seconds", "1m30s");
}

Result<double> parse_milliseconds(const std::string& text, Bounds bounds) {
  return parse_amount(text, parse_span(text, 1e3), bounds, "milliseconds", "250ms");
}

Result<double> parse_mb(const std::string& text, Bounds bounds) {
  return parse_amount(text, parse_megabytes(text), bounds, "MB", "512MB or 1GiB");
}

Result<std::uint64_t> parse_count(const std::string& text, Bounds bounds) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && holds(bounds, static_cast<double>(value))) return value;
  return fail(ErrorCode::kInvalid,
              fmt::format("give a whole number from {:.0f} to {:.0f}", bounds.low, bounds.high));
}

std::string alternatives(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

namespace option_type {

OptionType<std::string> any_text(std::string metavar) {
  return {std::move(metavar), [](const std::string& text) -> Result<std::string> { return text; },
          [](const std::string& text) { return text; },
          [](const std::string& text) { return Value(text); }};
}

OptionType<std::string> track_pattern(std::string metavar) {
  OptionType<std::string> type = any_text(std::move(metavar));
  type.parse = [](const std::string& text) -> Result<std::string> {
    const Result<TrackPattern> pattern = TrackPattern::parse(text);
    if (!pattern) return tl::unexpected(pattern.error());
    return pattern->str();
  };
  return type;
}

OptionType<std::string> track_name(std::string metavar) {
  OptionType<std::string> type = any_text(std::move(metavar));
  type.parse = [](const std::string& text) -> Result<std::string> {
    return std::string(plain_name(text));
  };
  return type;
}

OptionType<std::pair<std::string, std::string>> track_rename() {
  using Pair = std::pair<std::string, std::string>;
  OptionType<Pair> type = text_pair("FROM:=TO", ":=", false);
  type.parse = [parse = type.parse](const std::string& text) -> Result<Pair> {
    Result<Pair> pair = parse(text);
    if (!pair) return pair;
    return Pair(plain_name(pair->first), plain_name(pair->second));
  };
  return type;
}

OptionType<bool> yes_or_no() {
  OptionType<bool> type = one_of<bool>("", {{"true", true}, {"false", false}});
  type.parse = [](const std::string& text) -> Result<bool> {
    // As YAML and CLI11 have them, in either case.
    const auto is = [&](const char* word) { return ::strcasecmp(text.c_str(), word) == 0; };
    for (const char* yes : {"true", "yes", "on", "1", "y", "t", "enable"}) {
      if (is(yes)) return true;
    }
    for (const char* no : {"false", "no", "off", "0", "n", "f", "disable"}) {
      if (is(no)) return false;
    }
    return fail(ErrorCode::kInvalid, "use true or false");
  };
  type.value = [](const bool& value) { return Value(value); };
  return type;
}

OptionType<double> number(std::string metavar, Bounds bounds) {
  return {std::move(metavar),
          [bounds](const std::string& text) { return parse_number(text, bounds, "a number"); },
          [](const double& number) { return fmt::format("{}", number); },
          [](const double& number) { return Value(number); }};
}

OptionType<std::chrono::milliseconds> milliseconds(Bounds bounds) {
  using std::chrono::milliseconds;
  return {"MS",
          [bounds](const std::string& text) -> Result<milliseconds> {
            const Result<double> given = parse_milliseconds(text, bounds);
            if (!given) return tl::unexpected(given.error());
            return milliseconds(static_cast<std::int64_t>(*given));  // bounds: rather too early
          },
          [](const milliseconds& span) { return fmt::format("{}", span.count()); },
          [](const milliseconds& span) { return Value(static_cast<double>(span.count())); }};
}

OptionType<std::pair<std::string, std::string>> text_pair(const std::string& metavar,
                                                          const std::string& separator,
                                                          bool may_be_empty) {
  using Pair = std::pair<std::string, std::string>;
  const auto text = [separator](const Pair& pair) { return pair.first + separator + pair.second; };
  return {metavar,
          [=](const std::string& given) -> Result<Pair> {
            const std::size_t at = given.find(separator);
            const bool is_pair = at != std::string::npos && at > 0 &&
                                 (may_be_empty || at + separator.size() < given.size());
            if (!is_pair) return fail(ErrorCode::kInvalid, "write " + metavar);
            return Pair(given.substr(0, at), given.substr(at + separator.size()));
          },
          text, [text](const Pair& pair) { return Value(text(pair)); }};
}

}  // namespace option_type

}  // namespace zbag
