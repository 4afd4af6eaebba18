#include "nodes/loss_text.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace zbag {
namespace {

using testing::ElementsAre;

LossRecord loss(const std::string& publisher, std::uint64_t lost, std::uint64_t missed) {
  LossRecord record;
  record.src = 0xab;
  record.track = "robot/arm";
  record.publisher = publisher;
  record.lost = lost;
  record.missed_before = missed;
  return record;
}

std::vector<std::string> texts(const std::vector<LossRecord>& losses, std::size_t shown_max) {
  std::vector<std::string> texts;
  for (const Line& line : loss_lines(losses, shown_max, "day.zbag")) {
    texts.emplace_back();
    for (const Piece& piece : line) texts.back() += piece.text;
  }
  return texts;
}

TEST(LossTextTest, ShowsTheWorstFirstAndHowManyMoreThereAre) {
  EXPECT_THAT(
      texts({loss("front", 2, 0), loss("", 1'000, 7), loss("whole", 0, 0), loss("back", 5, 0)}, 2),
      ElementsAre("    00000000000000ab robot/arm: 1,000 lost, 7 sent before the recorder "
                  "was there",
                  "    back robot/arm: 5 lost", "    and 1 more: zbag info --losses day.zbag"));
}

TEST(LossTextTest, SaysNothingWhereNothingIsMissing) {
  EXPECT_THAT(texts({loss("front", 0, 0)}, 5), testing::IsEmpty());
}

TEST(LossTextTest, TellsUnknownFromNone) {
  EXPECT_EQ(lost_cell(std::nullopt).text, "?");
  EXPECT_EQ(lost_cell(0).tone, Tone::kPlain);
  EXPECT_EQ(lost_cell(3).tone, Tone::kBad);
}

}  // namespace
}  // namespace zbag
