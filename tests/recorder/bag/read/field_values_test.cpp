#include "recorder/bag/read/field_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::Pair;

class FieldValuesTest : public testing::TestWithParam<Compression> {
 protected:
  // What is known of the track `t` of these points, 1000 ns apart, by the names of its fields.
  std::map<std::string, FieldValues> values_of(const std::vector<Fields>& points,
                                               TimeRange range = TimeRange::all()) {
    const std::string path = write_points(dir_.path("values.zbag"), points, {GetParam(), 3});
    const BagReader reader = BagReader::open(path).value();
    const auto fields = read_track_fields(reader, "t").value();
    const auto values = read_field_values(reader, "t", fields, range).value();
    EXPECT_EQ(values.size(), fields.size());
    std::map<std::string, FieldValues> named;
    for (std::size_t i = 0; i < fields.size(); ++i) named[fields[i].names.back()] = values[i];
    return named;
  }

  TempDir dir_;
};

constexpr std::int64_t kPow53 = std::int64_t{1} << 53;

std::vector<Fields> many(int count, const std::function<Fields(int)>& make) {
  std::vector<Fields> points;
  for (int i = 0; i < count; ++i) points.push_back(make(i));
  return points;
}

TEST_P(FieldValuesTest, TellsHowLargeIntegersAre) {
  auto points = many(3'000, [](int i) {
    return Fields{{"a", i}, {"b", i}, {"c", i}, {"d", 0.5}, {"m", Fields{{"e", i}}}};
  });
  points[1'500] = {{"a", -1},
                   {"b", UINT64_MAX},
                   {"c", kPow53},
                   {"d", kPow53 + 1},
                   {"m", Fields{{"e", -kPow53 - 1}}}};
  EXPECT_THAT(
      values_of(points),
      ElementsAre(Pair("a", FieldValues{.has_negative = true}),
                  Pair("b", FieldValues{.has_above_int64 = true, .has_beyond_double = true}),
                  Pair("c", FieldValues{}), Pair("d", FieldValues{.has_beyond_double = true}),
                  Pair("e", FieldValues{.has_negative = true, .has_beyond_double = true})));
}

TEST_P(FieldValuesTest, LooksIntoListsAndWhatLiesAmongThem) {
  auto points = many(3'000, [](int i) {
    return Fields{{"a", Array{i, 2}}, {"b", Array{0.5}}, {"c", Array{1}}};
  });
  points[0] = {{"a", Array{}}, {"b", Array{}}, {"c", Array{}}};
  points[1'500] = {{"a", Array{-1, UINT64_MAX}}, {"b", Array{}}, {"c", Array{1, "a"}}};
  EXPECT_THAT(values_of(points), ElementsAre(Pair("a", FieldValues{.has_above_int64 = true,
                                                                   .has_negative = true,
                                                                   .has_beyond_double = true}),
                                             Pair("b", FieldValues{.has_double_lists = true}),
                                             Pair("c", FieldValues{.has_other = true})));
}

TEST_P(FieldValuesTest, FindsListsOfNumbersOfSeveralTypes) {
  auto points = many(3'000, [](int i) {
    return Fields{{"a", Array{i, 2}}, {"b", Array{0, 0.5}}, {"c", Array{0, 0.5}}};
  });
  points[1'500] = {{"a", Array{0.5, 1}}, {"b", Array{}}, {"c", Array{kPow53 + 1, 0.5}}};
  EXPECT_THAT(values_of(points),
              ElementsAre(Pair("a", FieldValues{.has_double_lists = true}),
                          Pair("b", FieldValues{.has_double_lists = true}),
                          Pair("c", FieldValues{.has_double_lists = true, .has_other = true})));
}

// As an image is stored: a block alone.
TEST_P(FieldValuesTest, LooksIntoPointsThatAreBlocksAlone) {
  const auto points = many(4, [](int i) {
    return Fields{{"data", Binary{std::string(500'000, 'x')}},
                  {"m", Fields{{"n", i < 3 ? Value(i) : Value(UINT64_MAX)}}}};
  });
  EXPECT_EQ(values_of(points)["n"],
            (FieldValues{.has_above_int64 = true, .has_beyond_double = true}));
}

TEST_P(FieldValuesTest, IsOfTheRangeThatIsAskedFor) {
  auto points = many(3'000, [](int i) { return Fields{{"a", i}}; });
  points[2'999] = {{"a", -1}};
  EXPECT_EQ(values_of(points, {.first = 0, .last = 1'000'000})["a"], FieldValues{});
}

INSTANTIATE_TEST_SUITE_P(Compressions, FieldValuesTest,
                         testing::Values(Compression::kNone, Compression::kZstd));

}  // namespace
}  // namespace zbag
