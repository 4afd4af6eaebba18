#include "recorder/offenders.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

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

TEST_F(OffendersTest, KeepsTheWorstOfMany) {
  for (int i = 0; i < 10'000; ++i) {
    note("once" + std::to_string(i));
    if (i % 10 == 0) note("often");
  }
  EXPECT_THAT(offenders_.worst(1'000), SizeIs(kOffendersMax));
  const std::vector<Offenders::Offender> worst = offenders_.worst(kOffendersMax);
  EXPECT_TRUE(std::any_of(worst.begin(), worst.end(), [](const Offenders::Offender& offender) {
    return offender.name == "often" && offender.count >= 1'000;
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
