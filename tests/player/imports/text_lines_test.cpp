#include "player/imports/text_lines.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class TextLinesTest : public testing::Test {
 protected:
  TextLines open(const std::string& text) {
    std::ofstream(dir_.path("in.txt"), std::ios::binary) << text;
    return TextLines::open(dir_.path("in.txt")).value();
  }
  std::vector<std::string> lines(const std::string& text) {
    TextLines in = open(text);
    std::vector<std::string> all;
    while (const std::optional<std::string_view> line = in.next().value()) all.emplace_back(*line);
    return all;
  }

  TempDir dir_;
};

TEST_F(TextLinesTest, EndsLinesHoweverTheirProgramDoes) {
  EXPECT_THAT(lines("a\nb\r\nc\rd\n\r\n\r\re"), ElementsAre("a", "b", "c", "d", "", "", "", "e"));
  EXPECT_THAT(lines(""), ElementsAre());
  EXPECT_THAT(lines("\n"), ElementsAre(""));
}

TEST_F(TextLinesTest, PassesOverAMarkOfUtf8InFrontOfTheFirst) {
  EXPECT_THAT(lines("\xef\xbb\xbf"
                    "a\n\xef\xbb\xbf"
                    "b"),
              ElementsAre("a",
                          "\xef\xbb\xbf"
                          "b"));
}

TEST_F(TextLinesTest, FindsEndsThatLieAcrossItsReads) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    for (std::size_t size = 65'530; size < 65'540; ++size) {
      const std::string first(size, 'x');
      EXPECT_THAT(lines(first + end + "b" + end + "c"), ElementsAre(first, "b", "c"));
    }
  }
}

TEST_F(TextLinesTest, CountsLinesAndKnowsOneWithoutAnEnd) {
  TextLines in = open("a\n\nb");
  EXPECT_EQ(in.number(), 0u);
  ASSERT_TRUE(in.next());
  ASSERT_TRUE(in.next());
  EXPECT_FALSE(in.has_no_end());
  ASSERT_TRUE(in.next());
  EXPECT_EQ(in.number(), 3u);
  EXPECT_TRUE(in.has_no_end());
  EXPECT_THAT(in.place(), HasSubstr("in.txt:3"));
  EXPECT_EQ(in.next().value(), std::nullopt);
}

TEST_F(TextLinesTest, RefusesALineThatIsTooLong) {
  const std::string longest(TextLines::kLineBytesMax, 'x');
  EXPECT_THAT(lines(longest + "\nb"), SizeIs(2));
  TextLines in = open("a\n" + longest + longest + "\nb");
  ASSERT_TRUE(in.next());
  const auto line = in.next();
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, ErrorCode::kDamaged);
  EXPECT_THAT(line.error().message, HasSubstr("in.txt:2: a line of more than 16777216 bytes"));
}

TEST(PutWordsTest, PartsALineAtItsBlanks) {
  std::vector<std::string_view> words = {"old"};
  put_words(" a\t b  ", words);
  EXPECT_THAT(words, ElementsAre("a", "b"));
  put_words("\t ", words);
  EXPECT_THAT(words, ElementsAre());
}

}  // namespace
}  // namespace zbag
