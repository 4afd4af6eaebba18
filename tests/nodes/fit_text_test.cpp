#include "nodes/fit_text.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

using testing::ElementsAre;

TEST(FitTextTest, CutsInTheMiddle) {
  EXPECT_EQ(shortened("robot/arm/left/wrist/imu", 11), "robot\u2026t/imu");
  EXPECT_EQ(shortened("robot/imu", 9), "robot/imu");
  EXPECT_EQ(columns_of(shortened("gr\u00fc\u00dfe/aus/dem/s\u00fcden", 8)), 8u);
  EXPECT_EQ(shortened("abc", 0), "");
}

TEST(FitTextTest, PadsAndCutsToAWidth) {
  EXPECT_EQ(fit("\u00fc", 3), "\u00fc  ");
  EXPECT_EQ(fit("\u00fc\u00fc\u00fc", 2), "\u00fc\u00fc");
}

TEST(FitTextTest, TellsNamesApartThatDifferInTheMiddleAlone) {
  EXPECT_THAT(told_apart({"a/first/z", "a/other/z"}, 5), ElementsAre("a/\u2026t/z", "a/\u2026r/z"));
  EXPECT_THAT(told_apart({"aaaa1zzzz", "aaaa2zzzz", "b"}, 5),
              ElementsAre("aaaa1zzzz", "aaaa2zzzz", "b        "));
  EXPECT_THAT(told_apart({"a", "a"}, 9), ElementsAre("a", "a"));
  EXPECT_THAT(told_apart({}, 9), testing::IsEmpty());
}

}  // namespace
}  // namespace zbag
