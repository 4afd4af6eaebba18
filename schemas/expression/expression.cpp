#include "schemas/expression/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/expression/evaluate.hpp"
#include "schemas/expression/parser.hpp"
#include "schemas/expression/stamp_range.hpp"
#include "schemas/expression/words.hpp"

namespace zbag {

Result<Expression> Expression::parse(std::string_view text) { return parse_from(text, 0); }

Result<Expression> Expression::parse_from(std::string_view text, std::size_t from) {
  if (text.size() > kBytesMax)
    return fail(ErrorCode::kInvalid,
                fmt::format("an expression may have {} bytes, and this one has {}", kBytesMax,
                            text.size()));
  expression::Parser parser(text, from, kDepthMax);
  Result<expression::Node> root = parser.parse();
  if (!root) return tl::unexpected(root.error());
  Expression made;
  made.text_ = text.substr(from);
  made.fields_ = parser.fields();
  made.root_ = std::move(*root);
  return made;
}

bool Expression::matches(MapBytes fields, Timestamp stamp) const {
  return expression::is_true(root_, fields, stamp);
}

TimeRange Expression::range() const { return expression::range_where(root_, true); }

Result<TrackExpression> TrackExpression::parse(std::string_view text) {
  std::string name(text.substr(0, text.find(':')));
  std::size_t from = name.size();
  if (text.starts_with('"')) {
    const Result<expression::Word> quoted = expression::Words(text, 0).next();
    if (!quoted) return tl::unexpected(quoted.error());
    name = quoted->text;
    from = quoted->written.size();
  }
  if (from >= text.size() || text[from] != ':')
    return fail(ErrorCode::kInvalid, "it names no track: give 'TRACK: EXPRESSION'");
  Result<TrackName> track = TrackName::parse(name);
  if (!track) return tl::unexpected(track.error());
  Result<Expression> condition = Expression::parse_from(text, from + 1);
  if (!condition) return tl::unexpected(condition.error());
  return TrackExpression{std::move(*track), std::move(*condition)};
}

namespace {

// "robot/imu: ax > 3" of "robot/imu.ax > 3"; "": that is not what was meant.
std::string with_colon(std::string_view text) {
  const std::string_view first = text.substr(0, text.find_first_of(" \t=<>!"));
  const std::size_t slash = first.rfind('/');
  const std::size_t dot = slash == std::string_view::npos ? slash : first.find('.', slash);
  if (dot == std::string_view::npos) return "";
  const std::string track(first.substr(0, dot));
  std::string condition(text.substr(dot + 1));
  const std::string again = track + ".";
  for (std::size_t at = 0; (at = condition.find(again, at)) != std::string::npos;)
    condition.erase(at, again.size());
  std::string meant = track + ": " + condition;
  return TrackExpression::parse(meant) ? meant : "";
}

}  // namespace

Result<PointCondition> PointCondition::parse(std::string_view text) {
  char quote = 0;
  const bool names_track = std::ranges::any_of(text, [&](char letter) {
    const bool is_quote = letter == '\'' || letter == '"';
    if (quote == 0 && is_quote) {
      quote = letter;
    } else if (quote == letter) {
      quote = 0;
    }
    return quote == 0 && letter == ':';
  });
  if (!names_track) {
    Result<Expression> condition = Expression::parse(text);
    if (!condition) {
      const std::string meant = with_colon(text);
      if (meant.empty()) return tl::unexpected(condition.error());
      return fail(ErrorCode::kInvalid,
                  fmt::format("a track stands before a colon: write '{}'", printable(meant)));
    }
    return PointCondition{std::string(text), std::nullopt, std::move(*condition)};
  }
  Result<TrackExpression> of_track = TrackExpression::parse(text);
  if (!of_track) return tl::unexpected(of_track.error());
  return PointCondition{std::string(text), std::move(of_track->track),
                        std::move(of_track->expression)};
}

}  // namespace zbag
