#include "player/query/analytics/number_column.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::NanSensitiveDoubleEq;
using testing::Pointwise;

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

class NumberColumnTest : public testing::Test {
 protected:
  // The field "f" of points that have these values.
  FieldColumn column(const std::vector<Fields>& points) {
    std::vector<BagPoint> written;
    for (std::size_t i = 0; i < points.size(); ++i)
      written.push_back({"t", static_cast<double>(i + 1), points[i]});
    const std::string path = write_bag(folder_.path("b.zbag"), written);
    const BagReader bag = BagReader::open(path).value();
    return read_columns(bag, {.track = "t", .fields = {{"f"}}}, 1'000).value().fields.at(0);
  }

  std::vector<double> numbers(const FieldColumn& column, std::optional<std::size_t> element = {}) {
    std::vector<double> numbers;
    append_numbers(column, element, numbers, skipped_);
    return numbers;
  }

  TempDir folder_;
  Skipped skipped_;
};

TEST_F(NumberColumnTest, WhatIsNoNumberIsCountedByWhatItIs) {
  const FieldColumn mixed = column({{{"f", 1.5}},
                                    {{"f", 2}},
                                    {{"f", 2.5f}},
                                    {{"f", true}},
                                    {{"f", "text"}},
                                    {{"f", nullptr}},
                                    {{"g", 1}},
                                    {{"f", kNone}},
                                    {{"f", -kInfinite}},
                                    {{"f", Array{1.0, 2.0}}},
                                    {{"f", UINT64_MAX}}});
  EXPECT_THAT(numbers(mixed),
              Pointwise(NanSensitiveDoubleEq(), {1.5, 2.0, 2.5, 1.0, kNone, kNone, kNone, kNone,
                                                 -kInfinite, kNone, 18446744073709551615.0}));
  EXPECT_EQ(skipped_.not_numbers, 2u);
  EXPECT_EQ(skipped_.nil, 1u);
  EXPECT_EQ(skipped_.absent, 1u);
  EXPECT_EQ(skipped_.nan, 1u);
  EXPECT_EQ(skipped_.infinite, 1u);
  EXPECT_EQ(skipped_.total(), 6u);
}

TEST_F(NumberColumnTest, DoublesAreCountedOnTheirShortWayToo) {
  EXPECT_THAT(numbers(column({{{"f", 1.5}}, {{"f", kNone}}, {{"f", kInfinite}}})),
              Pointwise(NanSensitiveDoubleEq(), {1.5, kNone, kInfinite}));
  EXPECT_EQ(skipped_.nan, 1u);
  EXPECT_EQ(skipped_.infinite, 1u);
}

TEST_F(NumberColumnTest, OfAListAnElementIsANumber) {
  const FieldColumn lists = column({{{"f", Array{1.0, 2.0, 3.0}}},
                                    {{"f", Array{4, 5, 6}}},
                                    {{"f", Array{7.0}}},
                                    {{"f", Array{0.5, 8, nullptr, "x"}}},
                                    {{"f", 9.0}}});
  EXPECT_THAT(numbers(lists, 1), Pointwise(NanSensitiveDoubleEq(), {2.0, 5.0, kNone, 8.0, kNone}));
  EXPECT_EQ(skipped_.absent, 1u);
  EXPECT_EQ(skipped_.not_numbers, 1u);
  EXPECT_THAT(numbers(lists, 2),
              Pointwise(NanSensitiveDoubleEq(), {3.0, 6.0, kNone, kNone, kNone}));
  EXPECT_EQ(skipped_.nil, 1u);
}

TEST_F(NumberColumnTest, BoolsIntegersAndTextsAreGroups) {
  std::vector<std::optional<Group>> groups;
  append_groups(column({{{"f", true}},
                        {{"f", "b"}},
                        {{"f", -3}},
                        {{"f", 1.5}},
                        {{"g", 1}},
                        {{"f", ""}},
                        {{"f", UINT64_MAX}}}),
                groups);
  EXPECT_THAT(groups,
              ElementsAre(Group(true), Group(std::string("b")), Group(std::int64_t{-3}),
                          std::nullopt, std::nullopt, Group(std::string()), Group(UINT64_MAX)));
}

TEST(ValueFieldTest, ATextNamesAFieldOrAnElementOfIt) {
  EXPECT_THAT(ValueField::parse("pose.position.x", {}).names, ElementsAre("pose", "position", "x"));
  EXPECT_EQ(ValueField::parse("a.q[12]", {}).element, 12u);
  EXPECT_THAT(ValueField::parse("a.q[12]", {}).names, ElementsAre("a", "q"));
  EXPECT_EQ(ValueField::parse("q[]", {}).element, std::nullopt);
  EXPECT_THAT(ValueField::parse("q[1x]", {}).names, ElementsAre("q[1x]"));
  EXPECT_EQ(ValueField::parse("[1]", {}).element, std::nullopt);
}

TEST(ValueFieldTest, AFieldOfTheTrackIsTakenAsItStands) {
  const std::set<std::string> known{"a.b", "q[1]", "r.s"};
  EXPECT_THAT(ValueField::parse("a.b", known).names, ElementsAre("a.b"));
  EXPECT_THAT(ValueField::parse("q[1]", known).names, ElementsAre("q[1]"));
  EXPECT_EQ(ValueField::parse("q[1]", known).element, std::nullopt);
  const ValueField element = ValueField::parse("r.s[0]", known);
  EXPECT_THAT(element.names, ElementsAre("r.s"));
  EXPECT_EQ(element.element, 0u);
}

TEST(ValueFieldTest, ALeafIsFoundByTheNameOfItsColumn) {
  const std::vector<FieldNames> leaves{{"a", "b"}, {"pose", "x.y"}, {"pose", "q[1]"}};
  EXPECT_THAT(ValueField::parse("pose.x.y", {"pose"}, leaves).names, ElementsAre("pose", "x.y"));
  EXPECT_THAT(ValueField::parse("pose.q[1]", {"pose"}, leaves).names, ElementsAre("pose", "q[1]"));
  const ValueField element = ValueField::parse("pose.x.y[3]", {"pose"}, leaves);
  EXPECT_THAT(element.names, ElementsAre("pose", "x.y"));
  EXPECT_EQ(element.element, 3u);
  EXPECT_THAT(ValueField::parse("a.b", {"a.b", "a"}, leaves).names, ElementsAre("a.b"));
  EXPECT_THAT(ValueField::parse("pose.z", {"pose"}, leaves).names, ElementsAre("pose", "z"));
}

}  // namespace
}  // namespace zbag
