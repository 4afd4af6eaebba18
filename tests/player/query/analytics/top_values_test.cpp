#include "player/query/analytics/top_values.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Group> groups_of(const std::vector<TopValue>& found) {
  std::vector<Group> groups;
  for (const TopValue& one : found) groups.push_back(one.group);
  return groups;
}

Group text(const char* word) { return std::string(word); }

TEST(TopValuesTest, TheMostFrequentComeFirstWithWhatTheirNumbersComeTo) {
  const std::vector<Group> groups{text("idle"), text("fly"), text("fly"), text("land")};
  const std::vector<double> values{1.0, 2.0, 6.0, 5.0};
  const auto found = calculate_top_values(groups, values, 1);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].group, text("fly"));
  EXPECT_EQ(found[0].count, 2u);
  EXPECT_EQ(found[0].numbers.mean(), 4.0);
  EXPECT_EQ(found[0].numbers.min, 2.0);
  EXPECT_EQ(found[0].numbers.max, 6.0);
}

TEST(TopValuesTest, TiesAreInOrderOfTheGroup) {
  const std::vector<Group> groups{text("b"),       std::int64_t{10}, text("a"), true,
                                  std::int64_t{9}, text("z"),        text("z"), false};
  const std::vector<double> values(groups.size(), 1.0);
  EXPECT_THAT(groups_of(calculate_top_values(groups, values)),
              ElementsAre(text("z"), Group(false), Group(true), Group(std::int64_t{9}),
                          Group(std::int64_t{10}), text("a"), text("b")));
}

TEST(TopValuesTest, MoreAskedForThanThereAreGivesAll) {
  const std::vector<Group> groups{std::int64_t{1}, std::int64_t{2}};
  EXPECT_THAT(calculate_top_values(groups, std::vector{1.0, 1.0}, 100), SizeIs(2));
  EXPECT_THAT(calculate_top_values({}, {}, 5), IsEmpty());
}

TEST(TopValuesTest, APointWithoutANumberIsNotCounted) {
  const std::vector<Group> groups{text("a"), text("a"), text("b")};
  const auto found = calculate_top_values(groups, std::vector{1.0, std::nan(""), std::nan("")}, 5);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].count, 1u);
}

}  // namespace
}  // namespace zbag
