// Conditions on points, in one small language: "ax > 3 and mode in ('auto', 'hold')".
//
//   expression   not, and, or, parentheses, around tests
//   test         OPERAND = == != <> < <= > >= OPERAND
//                OPERAND [not] between OPERAND and OPERAND      both ends belong to it
//                OPERAND [not] in (VALUE, ...)
//                OPERAND [not] contains|starts|ends OPERAND     texts; "starts with" is the same
//                OPERAND is [not] null
//   operand      a field, _ts, or a value; one of a test is no value
//   field        its dotted name, pose.position.x; a part in double quotes may be any text, with ""
//                for one quote. Words of the language are names only in quotes. Of a list one
//                value, position[0] the first; what has no such value is null there
//   value        12, -0.5, 1e3, 'text' with '' for one quote, true, false
//
// Words of the language are the same in either case. Truth has three values, as in SQL: a test of a
// field that the point does not have, that is nil, or that is of another type than what it is
// compared with, is unknown; so are `not`, `and`, `or` of it unless the other side decides; a point
// matches where the whole is true. `is null` is true or false: missing and nil are null, NaN is
// not. Numbers compare by their exact values, ints with floats too; NaN is unlike every number,
// itself too. Texts compare as bytes, false lies before true. Arrays, maps and bytes compare with
// nothing.
//
// `_ts` is the point's stamp and compares with numbers (seconds since 1970) and with texts of ISO
// 8601, as keys: `_ts = 12.5` is true of the stamps that are one with 12.5.
//
// What is no such text is an error, never a condition that lets everything through. Immutable:
// copies and threads may use it at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/expression/node.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

class Expression {
 public:
  static constexpr std::size_t kBytesMax = 65'536;
  static constexpr int kDepthMax = 64;  // of parentheses and `not` inside each other

  // kInvalid says what was expected at which character, from 1.
  static Result<Expression> parse(std::string_view text);

  // Allocates nothing; one walk of the map for each field that is looked at. REQUIRES: the map was
  // validated.
  bool matches(MapBytes fields, Timestamp stamp) const;

  // The dotted names of all fields it speaks of, each once; `_ts` is none.
  const std::vector<std::string>& fields() const { return fields_; }
  // No stamp outside of it matches; not every one inside has to.
  TimeRange range() const;
  const std::string& str() const { return text_; }

 private:
  friend struct TrackExpression;
  // Of what stands in `text` from `from` on: characters are counted in all of it.
  static Result<Expression> parse_from(std::string_view text, std::size_t from);

  std::string text_;
  std::vector<std::string> fields_;
  expression::Node root_;
};

// "TRACK: EXPRESSION". A name that has a ':' stands in double quotes.
struct TrackExpression {
  TrackName track;
  Expression expression;

  static Result<TrackExpression> parse(std::string_view text);
};

// What is asked of every point of a recording: "EXPRESSION", or "TRACK: EXPRESSION", which is true
// of points of that track alone.
struct PointCondition {
  std::string text;
  std::optional<TrackName> track;
  Expression expression;

  // Which of them it is says a ':' that is in no quotes. Errors as of that one.
  static Result<PointCondition> parse(std::string_view text);
  // See Expression::matches().
  bool matches(std::string_view of_track, MapBytes fields, Timestamp stamp) const {
    return (!track || track->str() == of_track) && expression.matches(fields, stamp);
  }
};

}  // namespace zbag
