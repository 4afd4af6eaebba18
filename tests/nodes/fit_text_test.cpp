#include "nodes/fit_text.hpp"

#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

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

// 画 takes two columns, a combining accent none.
TEST(FitTextTest, CountsColumnsAsATerminalDoes) {
  EXPECT_EQ(columns_of("\u753b\u50cf/\u5de6"), 7u);
  EXPECT_EQ(columns_of("gru\u0308n"), 4u);
  EXPECT_EQ(columns_of("\xff\xfe"), 2u);
  EXPECT_EQ(fit("\u753b\u50cf", 3), "\u753b ");  // half of one fits nowhere
  EXPECT_EQ(columns_of(shortened("\u753b\u753b\u753b\u753b\u753b", 6)), 5u);
}

TEST(FitTextTest, TellsNamesApartThatDifferInTheMiddleAlone) {
  EXPECT_THAT(told_apart({"a/first/z", "a/other/z"}, 6), ElementsAre("a/\u2026t/z", "a/\u2026r/z"));
  EXPECT_THAT(told_apart({"aaaa1zzzz", "aaaa2zzzz", "b"}, 5),
              ElementsAre("aa\u2026zz", "a\u2026z~2", "b    "));
  EXPECT_THAT(told_apart({"a", "a"}, 9), ElementsAre("a", "a"));
  EXPECT_THAT(told_apart({}, 9), testing::IsEmpty());
  EXPECT_TRUE(are_told_apart({"a/first/z", "a/other/z"}, 6));
  EXPECT_FALSE(are_told_apart({"aaaa1zzzz", "aaaa2zzzz"}, 5));
}

// A stranger may name thousands of tracks so.
TEST(FitTextTest, TellsThousandsApartThatLookAlike) {
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; ++i)
    names.push_back("aaaaaaaa" + std::to_string(100'000 + i) + "zzzzzzzz");
  const std::vector<std::string> cut = told_apart(names, 12);
  EXPECT_EQ(std::set<std::string>(cut.begin(), cut.end()).size(), names.size());
}

std::vector<std::string> wrapped_texts(const Line& line, std::size_t width, std::size_t indent) {
  std::vector<std::string> texts;
  for (const Line& part : wrapped(line, width, indent)) {
    texts.emplace_back();
    for (const Piece& piece : part) texts.back() += piece.text;
  }
  return texts;
}

TEST(FitTextTest, BreaksLinesAtBlanks) {
  EXPECT_THAT(wrapped_texts({{"  a bc"}, {" def"}, {"gh i"}}, 9, 4),
              ElementsAre("  a bc", "    defgh", "    i"));
  EXPECT_THAT(wrapped_texts({{"  a + "}, {"bcd"}}, 8, 4), ElementsAre("  a +", "    bcd"));
  EXPECT_THAT(wrapped_texts({{"  a  b"}}, 80, 4), ElementsAre("  a  b"));
  EXPECT_THAT(wrapped_texts({{"unbreakable"}}, 4, 2), ElementsAre("unbreakable"));
}

}  // namespace
}  // namespace zbag
