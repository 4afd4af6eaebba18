// Any text as an expression, asked of a few points: nothing matches together with its negation, no
// stamp outside of the range matches, and every fault is told in clean text.
#include <string>
#include <vector>

#include "schemas/check.hpp"
#include "schemas/expression/expression.hpp"
#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

std::vector<std::string> points() {
  std::vector<std::string> maps;
  for (const Fields& fields :
       {Fields{}, Fields{{"a", 1}, {"b", -2.5}, {"c", "text"}},
        Fields{{"a", Fields{{"b", 3.0F}, {"a", Value()}}}, {"b", true}, {"a.b", 18e18}},
        Fields{{"a", UINT64_MAX}, {"b", Array{1, 2}}, {"c", Binary{"text"}}, {"", 1}}}) {
    maps.emplace_back();
    encode_fields(fields, maps.back());
  }
  return maps;
}

void ask(const Expression& expression, const std::string& text) {
  static const std::vector<std::string> kMaps = points();

  const Result<Expression> negation = Expression::parse("not (" + text + ")");
  const TimeRange range = expression.range();
  for (const std::string& map : kMaps) {
    const MapBytes fields = open_map(bytes_of(map)).value();
    for (const double seconds : {-1.0, 0.0, 2.0, 1.7e9}) {
      const Timestamp stamp = Timestamp::from_seconds(seconds).value();
      const bool hit = expression.matches(fields, stamp);
      ZBAG_CHECK(!hit || range.contains(stamp.ns()));
      const bool is_denied = negation && negation->matches(fields, stamp);
      ZBAG_CHECK(!hit || !is_denied);
      ZBAG_CHECK(!is_denied || negation->range().contains(stamp.ns()));
    }
  }
}

}  // namespace
}  // namespace zbag

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const zbag::Result<zbag::Expression> expression = zbag::Expression::parse(text);
  if (expression) {
    ZBAG_CHECK(expression->str() == text);
    zbag::ask(*expression, text);
  } else {
    ZBAG_CHECK(zbag::is_utf8(expression.error().message));
  }
  const zbag::Result<zbag::TrackExpression> of_track = zbag::TrackExpression::parse(text);
  ZBAG_CHECK(of_track || zbag::is_utf8(of_track.error().message));
  // One of both, whichever it is taken for.
  const zbag::Result<zbag::PointCondition> either = zbag::PointCondition::parse(text);
  ZBAG_CHECK(either ? (either->track ? of_track.has_value() : expression.has_value())
                    : zbag::is_utf8(either.error().message));
  return 0;
}
