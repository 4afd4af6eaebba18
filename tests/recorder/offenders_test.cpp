#include "recorder/offenders.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class OffendersTest : public testing::Test {
 protected:
  void note(const std::string& topic, Refusal refusal = Refusal::kBadName) {
    offenders_.note(
        refusal, topic, [&] { return "sentence on " + topic; },
        [this](const std::string& text) { told_.push_back(text); });
  }

  Offenders offenders_;
  std::vector<std::string> told_;
};

TEST_F(OffendersTest, TellsOfAnOffenderOnceAReason) {
  for (int i = 0; i < 50; ++i) note("a");
  note("a", Refusal::kTooDeep);
  EXPECT_THAT(told_, ElementsAre("sentence on a", "sentence on a"));
}

TEST_F(OffendersTest, TellsOfManyInAFewLinesWithGrowingCounts) {
  for (int i = 0; i < 50'000; ++i) note("topic" + std::to_string(i));
  ASSERT_THAT(told_, SizeIs(13));
  EXPECT_THAT(told_[8], "sentence on topic8; of others only their number is told");
  EXPECT_THAT(told_[9], HasSubstr("10 frames of others"));
  EXPECT_THAT(told_[12], AllOf(HasSubstr("10000 frames"), HasSubstr("bad_name")));
}

// Their bytes are no names: as many as there are messages.
TEST_F(OffendersTest, TakesMessagesOfOnePartForOneOffenders) {
  for (int i = 0; i < 500; ++i) note("text " + std::to_string(i), Refusal::kOnePart);
  ASSERT_THAT(told_, SizeIs(3));
  EXPECT_EQ(told_[0], "sentence on text 0");
  EXPECT_THAT(told_[2], AllOf(HasSubstr("100 more messages"), HasSubstr("'text 100'")));
  ASSERT_THAT(offenders_.worst(9), SizeIs(1));
  EXPECT_EQ(offenders_.worst(1)[0].least(), 500u);
}

TEST_F(OffendersTest, SaysOfNobodyMoreThanItSent) {
  for (std::size_t i = 0; i < kOffendersMax; ++i) {
    for (int n = 0; n < 100; ++n) note("old" + std::to_string(i));
  }
  for (int n = 0; n < 3; ++n) note("new");
  for (const Offenders::Offender& offender : offenders_.worst(kOffendersMax))
    EXPECT_EQ(offender.least(), offender.name == "new" ? 3u : 100u) << offender.name;
}

TEST_F(OffendersTest, KeepsTheWorstOfMany) {
  for (int i = 0; i < 10'000; ++i) {
    note("once" + std::to_string(i));
    if (i % 10 == 0) note("often");
  }
  EXPECT_THAT(offenders_.worst(1'000), SizeIs(kOffendersMax));
  const std::vector<Offenders::Offender> worst = offenders_.worst(kOffendersMax);
  EXPECT_TRUE(std::any_of(worst.begin(), worst.end(), [](const Offenders::Offender& offender) {
    return offender.name == "often" && offender.least() >= 900;
  }));
}

TEST_F(OffendersTest, ShortensNamesAndShowsNoControlBytes) {
  std::string name_of_20_mb = "\x1b[31m";
  name_of_20_mb.resize(20'000'000, 'x');
  note(name_of_20_mb);
  const std::string name = offenders_.worst(1).at(0).name;
  EXPECT_LT(name.size(), 100u);
  EXPECT_THAT(name, HasSubstr("\\x1b"));
}

}  // namespace
}  // namespace zbag
