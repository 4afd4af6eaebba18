// What the value of an option may be: how it is read from text, written back and kept in a bag.
//
// One type an idea, with its unit and bounds, for every option that means it and for every place a
// value may come from. parse() refuses with what is allowed ("give MB from 1 to 1000000"); who
// calls it adds the option and the value. What text() writes, parse() reads back as the same.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <concepts>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace zbag {

template <class T>
struct OptionType {
  std::string metavar;  // names the value, or its unit, in --help
  std::function<Result<T>(const std::string&)> parse;
  std::function<std::string(const T&)> text;
  std::function<Value(const T&)> value;  // as a bag keeps it
  std::vector<std::string> words = {};   // of which it is one, or begins with one
};

struct Bounds {
  double low;
  double high;
};

// The number `text` is, within bounds; kInvalid: "give WHAT from 1 to 10".
Result<double> parse_number(const std::string& text, Bounds bounds, const std::string& what);
// The same for what may have a unit: seconds, also as 1m30s, milliseconds (250ms), MB (1GB).
Result<double> parse_seconds(const std::string& text, Bounds bounds);
Result<double> parse_milliseconds(const std::string& text, Bounds bounds);
Result<double> parse_mb(const std::string& text, Bounds bounds);
Result<std::uint64_t> parse_count(const std::string& text, Bounds bounds);
// "a", "a or b", "a, b or c"
std::string alternatives(const std::vector<std::string>& words);

namespace option_type {

OptionType<std::string> any_text(std::string metavar);
// A pattern of track names.
OptionType<std::string> track_pattern(std::string metavar = "PATTERN");
// A name of a track, or what stands before one. As of patterns, a leading '/' is left out.
OptionType<std::string> track_name(std::string metavar);
// "FROM:=TO", two names of tracks.
OptionType<std::pair<std::string, std::string>> track_rename();
OptionType<bool> yes_or_no();
OptionType<double> number(std::string metavar, Bounds bounds);
// A span of time, given in milliseconds, or as 250ms, 2s.
OptionType<std::chrono::milliseconds> milliseconds(Bounds bounds);
// "LEFT=RIGHT" with that separator; `may_be_empty` speaks of what stands right of it.
OptionType<std::pair<std::string, std::string>> text_pair(const std::string& metavar,
                                                          const std::string& separator,
                                                          bool may_be_empty);

// A whole number.
template <std::unsigned_integral T>
OptionType<T> count(std::string metavar, Bounds bounds) {
  return {std::move(metavar),
          [bounds](const std::string& text) -> Result<T> {
            const Result<std::uint64_t> parsed = parse_count(text, bounds);
            if (!parsed) return tl::unexpected(parsed.error());
            return static_cast<T>(*parsed);
          },
          [](const T& number) { return fmt::format("{}", number); },
          [](const T& number) { return Value(number); }};
}

// Bytes, given in MB (10^6 bytes), or as 512MB, 1GiB.
template <std::unsigned_integral T>
OptionType<T> megabytes(Bounds bounds) {
  return {"MB",
          [bounds](const std::string& text) -> Result<T> {
            const Result<double> mb = parse_mb(text, bounds);
            if (!mb) return tl::unexpected(mb.error());
            return static_cast<T>(std::llround(*mb * 1e6));
          },
          [](const T& bytes) { return fmt::format("{}", static_cast<double>(bytes) / 1e6); },
          [](const T& bytes) { return Value(static_cast<double>(bytes) / 1e6); }};
}

// A span of time, given in seconds, or as 1m30s, 250ms.
template <class Duration>
OptionType<Duration> seconds(Bounds bounds) {
  using Seconds = std::chrono::duration<double>;
  const auto in_seconds = [](const Duration& span) { return Seconds(span).count(); };
  return {"S",
          [bounds](const std::string& text) -> Result<Duration> {
            const Result<double> given = parse_seconds(text, bounds);
            if (!given) return tl::unexpected(given.error());
            if constexpr (std::chrono::treat_as_floating_point_v<typename Duration::rep>)
              return Duration(Seconds(*given));
            else
              return std::chrono::round<Duration>(Seconds(*given));
          },
          [in_seconds](const Duration& span) { return fmt::format("{}", in_seconds(span)); },
          [in_seconds](const Duration& span) { return Value(in_seconds(span)); }};
}

// `type`, or a word ("off") that stands for nothing. A bag keeps the text.
template <class T>
OptionType<std::optional<T>> or_word(OptionType<T> type, const std::string& word) {
  const auto text_of = [text = type.text, word](const std::optional<T>& value) {
    return value ? text(*value) : word;
  };
  return {type.metavar,
          [parse = type.parse, word](const std::string& text) -> Result<std::optional<T>> {
            if (text == word) return std::optional<T>();
            Result<T> parsed = parse(text);
            if (!parsed) return fail(parsed.error().code, parsed.error().message + ", or " + word);
            return std::optional<T>(std::move(*parsed));
          },
          text_of,
          [text_of](const std::optional<T>& value) { return Value(text_of(value)); },
          {word}};
}

// `type`, whose 0 stands for nothing. A bag keeps the number.
template <class T>
OptionType<std::optional<T>> or_zero(OptionType<T> type) {
  return {
      type.metavar,
      [parse = type.parse](const std::string& text) -> Result<std::optional<T>> {
        Result<T> parsed = parse(text);
        if (!parsed) return tl::unexpected(parsed.error());
        return *parsed == T{} ? std::optional<T>() : std::optional<T>(std::move(*parsed));
      },
      [text = type.text](const std::optional<T>& given) { return text(given.value_or(T{})); },
      [value = type.value](const std::optional<T>& given) { return value(given.value_or(T{})); }};
}

// `make(bounds)`, or 0 although that lies below its bounds, for the reason `why`.
template <class T>
OptionType<T> zero_or(OptionType<T> (*make)(Bounds), Bounds bounds, const std::string& why) {
  OptionType<T> type = make(bounds);
  type.parse = [parse = type.parse, zero = make({0.0, 0.0}),
                why](const std::string& text) -> Result<T> {
    if (zero.parse(text).has_value()) return T{};
    Result<T> parsed = parse(text);
    if (!parsed) return fail(parsed.error().code, parsed.error().message + ", or 0: " + why);
    return parsed;
  };
  return type;
}

// The words an option takes and what each means.
template <class T>
using Words = std::vector<std::pair<std::string, T>>;

template <class T>
OptionType<T> one_of(std::string metavar, Words<T> words) {
  const auto text = [words](const T& value) -> std::string {
    for (const auto& [word, meaning] : words) {
      if (meaning == value) return word;
    }
    return {};
  };
  std::vector<std::string> known;
  for (const auto& [word, meaning] : words) known.push_back(word);
  return {std::move(metavar),
          [words, known](const std::string& given) -> Result<T> {
            for (const auto& [word, meaning] : words) {
              if (word == given) return meaning;
            }
            return fail(ErrorCode::kInvalid, "use " + alternatives(known));
          },
          text, [text](const T& value) { return Value(text(value)); }, known};
}

}  // namespace option_type

}  // namespace zbag
