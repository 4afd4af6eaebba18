#include "nodes/track_table.hpp"

#include <gmock/gmock.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace zbag {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Le;

std::string text_of(const Line& line) {
  std::string text;
  for (const Piece& piece : line) text += piece.text;
  return text;
}

std::vector<std::string> texts(const TrackTable& table, std::optional<std::size_t> width) {
  std::vector<std::string> texts;
  for (const Line& line : table.lines(width)) texts.push_back(text_of(line));
  return texts;
}

TrackTable two_tracks() {
  TrackTable table({{"points", 2}, {"lost", 1}});
  table.add("robot/arm", {{"1,000", 1000.0}, {"0", 0.0}});
  table.add("robot/leg", {{"7", 7.0}, {"12", 12.0, Tone::kBad}});
  return table;
}

TEST(TrackTableTest, PutsNumbersToTheRight) {
  EXPECT_THAT(
      texts(two_tracks(), std::nullopt),
      ElementsAre("track      points  lost", "robot/arm   1,000     0", "robot/leg       7    12"));
}

TEST(TrackTableTest, LeavesOutWhatIsWorthLeastWhereItIsNarrow) {
  EXPECT_THAT(texts(two_tracks(), 17),
              ElementsAre("track      points", "robot/arm   1,000", "robot/leg       7"));
  EXPECT_THAT(texts(two_tracks(), 9), ElementsAre("track    ", "robot/arm", "robot/leg"));
}

TEST(TrackTableTest, ShowsNoTwoNamesAlikeHoweverNarrow) {
  TrackTable table({{"points", 1}});
  for (int i = 0; i < 30; ++i)
    table.add("robot/left/arm/" + std::to_string(i) + "/state/filtered", {{"1", 1.0}});
  for (std::size_t width = 4; width < 60; ++width) {
    std::set<std::string> names;
    for (const std::string& text : texts(table, width)) {
      EXPECT_LE(columns_of(text), width);
      names.insert(text);
    }
    EXPECT_EQ(names.size(), 31u) << width;
  }
}

// What strangers call their tracks takes no number off the screen.
TEST(TrackTableTest, KeepsTheNumbersBesideNamesThatOnlyDifferInTheMiddle) {
  TrackTable table({{"merged", 0}, {"points", 1}, {"lost", 2}});
  const std::string end(60, 'z');
  for (const char* middle : {"1", "2"})
    table.add("robot/" + end + middle + end, {{"0", 0.0}, {"7", 7.0}, {"3", 3.0}});
  EXPECT_THAT(texts(table, 40)[0], testing::EndsWith("  points  lost"));
  EXPECT_THAT(table.shown_columns(40), ElementsAre(1u, 2u));
}

TEST(TrackTableTest, SortsByNameAndByColumnGreatestFirst) {
  TrackTable table = two_tracks();
  table.sort(1, false);
  EXPECT_THAT(texts(table, std::nullopt)[1], HasSubstr("robot/leg"));
  table.sort(1, true);
  EXPECT_THAT(texts(table, std::nullopt)[1], HasSubstr("robot/arm"));
  table.sort(std::nullopt, true);
  EXPECT_THAT(texts(table, std::nullopt)[1], HasSubstr("robot/leg"));
  table.sort(std::nullopt, false);
  EXPECT_THAT(texts(table, std::nullopt)[1], HasSubstr("robot/arm"));
}

TEST(TrackTableTest, GivesTheTailWhatIsLeft) {
  TrackTable table({{"points", 1}}, "fields");
  std::size_t given = 0;
  table.add("a", {{"1", 1.0}}, [&](std::size_t columns) {
    given = columns;
    return std::string(columns, 'x');
  });
  EXPECT_THAT(texts(table, 40), Each(testing::SizeIs(Le(40u))));
  EXPECT_EQ(given, 40u - 5 - 2 - 6 - 2);
  given = 0;
  EXPECT_EQ(texts(table, 20)[1], "a           1");
  EXPECT_EQ(given, 0u);
}

TEST(TrackTableTest, KeepsTheToneOfACell) {
  EXPECT_EQ(two_tracks().lines(80)[2].back().tone, Tone::kBad);
}

// A track of a stranger may be called anything.
TEST(TrackTableTest, ShowsABadNameAsPrintable) {
  TrackTable table({{"points", 1}});
  table.add("a\x1b[2J\nb", {{"1", 1.0}});
  EXPECT_THAT(texts(table, 80)[1], HasSubstr("a\\x1b[2J\\x0ab"));
}

}  // namespace
}  // namespace zbag
