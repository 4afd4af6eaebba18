#include "nodes/brief_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schemas/frame.hpp"

namespace zbag {
namespace {

std::string brief(const Value& value) {
  std::string bytes;
  encode_value(value, bytes);
  std::string out;
  BriefText(out, 0).write({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  return out;
}

Value numbers(int count) {
  Array values;
  for (int i = 0; i < count; ++i) values.emplace_back(i);
  return values;
}

TEST(BriefTextTest, SaysHowLongBytesAre) {
  EXPECT_EQ(brief(Binary{std::string(921'600, 'x')}), "<bin 921,600 B>");
}

TEST(BriefTextTest, ShowsTheFirstOfManyValues) {
  EXPECT_EQ(brief(numbers(8)), "[0,1,2,3,4,5,6,7]");
  EXPECT_EQ(brief(numbers(1'081)), "[0,1,2,3,\u2026 1,077 more]");
}

TEST(BriefTextTest, ShowsShortValuesAsJson) {
  EXPECT_EQ(brief(Fields{{"a", 1.5}, {"b", "text"}, {"c", true}}),
            R"({"a":1.5,"b":"text","c":true})");
}

TEST(BriefTextTest, CutsTextAtAWholeCharacter) {
  std::string text = "x";
  for (int i = 0; i < 100; ++i) text += "\u00fc";
  const std::string shown = brief(text);
  EXPECT_TRUE(shown.ends_with("\u00fc\u2026 82 B more\"")) << shown;
}

TEST(BriefTextTest, EndsALineThatIsLong) {
  Fields fields;
  for (int i = 0; i < 30; ++i) fields.emplace_back("f" + std::to_string(i), std::string(100, 'x'));
  Array maps;
  for (int i = 0; i < 8; ++i) maps.emplace_back(fields);
  const std::string shown = brief(maps);
  EXPECT_LT(shown.size(), 2'000u);
  EXPECT_TRUE(shown.ends_with("\u2026 7 more]")) << shown;
}

TEST(IsoMicroTextTest, IsToTheNearestMicrosecond) {
  EXPECT_EQ(iso_micro_text(Timestamp::from_ns(1'795'168'800'123'456'400)),
            "2026-11-20T10:00:00.123456Z");
  EXPECT_EQ(iso_micro_text(Timestamp::from_ns(-1'600)), "1969-12-31T23:59:59.999998Z");
}

}  // namespace
}  // namespace zbag
