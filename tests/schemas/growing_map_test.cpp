// Maps merged as bytes come out as maps merged as values.
#include "schemas/growing_map.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>

#include "schemas/frame.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/grown_fields.hpp"
#include "tests/support/random_fields.hpp"

namespace zbag {
namespace {

struct Merged {
  Fields fields;
  std::uint64_t overwritten = 0;
  friend bool operator==(const Merged&, const Merged&) = default;
};

MapBytes opened(const std::string& map) { return open_map(as_bytes(map)).value(); }

Merged merged_as_bytes(const Fields& earlier, const Fields& later, bool deep) {
  const std::string first = encoded(earlier);
  const std::string second = encoded(later);
  const GrowingMap::Meets meets = deep ? GrowingMap::Meets::kMerges : GrowingMap::Meets::kGivesWay;
  GrowingMap map(opened(first));
  const GrowingMap::Prospect prospect = map.look_at(opened(second), meets);
  map.take_in(opened(second), meets);
  std::string pairs;
  map.append_to(pairs);
  EXPECT_EQ(pairs.size(), prospect.bytes);
  return {fields_of(map), prospect.differing};
}

Merged merged_as_values(Fields earlier, const Fields& later, bool deep) {
  const std::size_t overwritten = merge_fields(earlier, later, deep);
  return {std::move(earlier), overwritten};
}

TEST(GrowingMapTest, LetsTheLaterValueWinInItsPlace) {
  const Merged expected{{{"a", 9}, {"b", 2}, {"c", 3}}, 1};
  EXPECT_EQ(merged_as_bytes({{"a", 1}, {"b", 2}}, {{"c", 3}, {"a", 9}}, false), expected);
}

TEST(GrowingMapTest, CountsAnEqualValueNotAsOverwritten) {
  EXPECT_EQ(merged_as_bytes({{"a", 1.0}}, {{"a", 1.0}}, false).overwritten, 0u);
}

TEST(GrowingMapTest, MergesNestedMapsOnlyWhenDeep) {
  const Fields earlier{{"m", Fields{{"x", 1}, {"y", 2}}}};
  const Fields later{{"m", Fields{{"y", 3}, {"z", 4}}}};
  EXPECT_EQ(merged_as_bytes(earlier, later, false), (Merged{later, 1}));
  EXPECT_EQ(merged_as_bytes(earlier, later, true),
            (Merged{{{"m", Fields{{"x", 1}, {"y", 3}, {"z", 4}}}}, 1}));
}

// Random maps of up to `width` fields, merged in both ways.
void expect_agreement(std::uint64_t seed, int rounds, std::size_t width, bool deep) {
  RandomFields random(seed);
  for (int i = 0; i < rounds; ++i) {
    const Fields earlier = random.fields(width);
    const Fields later = random.fields(width);
    EXPECT_EQ(merged_as_bytes(earlier, later, deep), merged_as_values(earlier, later, deep));
  }
}

TEST(GrowingMapTest, AgreesWithMergingValuesShallowly) { expect_agreement(31, 3'000, 10, false); }

TEST(GrowingMapTest, AgreesWithMergingValuesDeeply) { expect_agreement(32, 3'000, 10, true); }

// Above 16 pairs names are looked up in an index; the result keeps the order of arrival.
TEST(GrowingMapTest, AgreesWithMergingValuesOfWideMaps) { expect_agreement(33, 100, 80, true); }

// wire.md, Merge: join adds what is new and never replaces.
TEST(GrowingMapTest, DoesWhatJoiningValuesDoes) {
  constexpr GrowingMap::Meets kStays = GrowingMap::Meets::kStays;
  RandomFields random(7);
  for (int i = 0; i < 2'000; ++i) {
    const Fields earlier = random.fields(3);
    const Fields later = random.fields(3);
    const std::string first = encoded(earlier);
    const std::string second = encoded(later);
    Fields as_values = earlier;
    const bool fits = join_fields(as_values, later);
    GrowingMap map(opened(first));
    ASSERT_EQ(fits, map.look_at(opened(second), kStays).differing == 0);
    if (fits) map.take_in(opened(second), kStays);
    ASSERT_EQ(fields_of(map), as_values);
  }
}

TEST(GrowingMapTest, LooksAtValuesThatStay) {
  const auto look = [](const Fields& earlier, const Fields& later) {
    const std::string first = encoded(earlier);
    const std::string second = encoded(later);
    const GrowingMap::Prospect prospect =
        GrowingMap(opened(first)).look_at(opened(second), GrowingMap::Meets::kStays);
    return std::pair<std::uint64_t, std::uint64_t>(prospect.added, prospect.differing);
  };
  using Seen = std::pair<std::uint64_t, std::uint64_t>;
  EXPECT_EQ(look({{"q", 1}}, {{"v", 2}}), Seen(1, 0));
  EXPECT_EQ(look({{"q", 1}, {"v", 2}}, {{"v", 2}}), Seen(0, 0));
  EXPECT_EQ(look({{"q", 1}}, {{"w", 3}, {"q", 2}}), Seen(1, 1));
  EXPECT_EQ(look({{"q", nullptr}}, {{"q", 2}}), Seen(0, 1));
  EXPECT_EQ(look({{"m", Fields{{"x", 1}}}}, {{"m", Fields{{"y", 2}}}}), Seen(0, 1));
  EXPECT_EQ(look({}, {}), Seen(0, 0));
}

// What all of them say one after another is what merging values says, in all depths.
TEST(GrowingMapTest, GrowsByManyMaps) {
  for (const bool deep : {false, true}) {
    RandomFields random(34);
    const GrowingMap::Meets meets =
        deep ? GrowingMap::Meets::kMerges : GrowingMap::Meets::kGivesWay;
    Fields as_values = random.fields(10);
    std::deque<std::string> maps{encoded(as_values)};
    GrowingMap map(opened(maps[0]));
    for (int i = 0; i < 200; ++i) {
      const Fields later = random.fields(10);
      maps.push_back(encoded(later));
      const std::size_t replaced = merge_fields(as_values, later, deep);
      ASSERT_EQ(map.look_at(opened(maps.back()), meets).differing, replaced);
      map.take_in(opened(maps.back()), meets);
    }
    EXPECT_EQ(fields_of(map), as_values);
  }
}

// Each of these took as long as all before it together, and stopped a recorder.
TEST(GrowingMapTest, TakesInFiftyThousandMapsOfOnePair) {
  for (const GrowingMap::Meets meets : {GrowingMap::Meets::kStays, GrowingMap::Meets::kMerges}) {
    std::deque<std::string> maps{encoded({{"m", Fields{}}})};
    GrowingMap map(opened(maps[0]));
    for (int i = 0; i < 50'000; ++i) {
      const std::string name = "k" + std::to_string(i);
      const bool nested = meets == GrowingMap::Meets::kMerges;
      maps.push_back(encoded(nested ? Fields{{"m", Fields{{name, i}}}} : Fields{{name, i}}));
      ASSERT_EQ(map.look_at(opened(maps.back()), meets).differing, 0u);
      map.take_in(opened(maps.back()), meets);
    }
    std::string pairs;
    map.append_to(pairs);
    EXPECT_GT(pairs.size(), 400'000u);
  }
}

}  // namespace
}  // namespace zbag
