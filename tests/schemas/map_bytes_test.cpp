// Maps merged as bytes come out as maps merged as values.
#include "schemas/map_bytes.hpp"

#include <gmock/gmock.h>

#include "tests/support/bytes.hpp"
#include "tests/support/random_fields.hpp"

namespace zbag {
namespace {

struct Merged {
  Fields fields;
  std::uint64_t overwritten = 0;
  friend bool operator==(const Merged&, const Merged&) = default;
};

Merged merged_as_bytes(const Fields& earlier, const Fields& later, bool deep) {
  const std::string first = encoded(earlier);
  const std::string second = encoded(later);
  Merged merged;
  std::string pairs;
  const std::uint32_t count =
      merge_pairs(open_map(as_bytes(first)).value(), open_map(as_bytes(second)).value(), deep,
                  pairs, merged.overwritten);
  std::string map;
  append_map({count, as_bytes(pairs)}, map);
  merged.fields = decode_fields(as_bytes(map)).value();
  return merged;
}

Merged merged_as_values(Fields earlier, const Fields& later, bool deep) {
  const std::size_t overwritten = merge_fields(earlier, later, deep);
  return {std::move(earlier), overwritten};
}

std::vector<std::string> pairs_walked(std::string_view map) {
  const MapBytes opened = open_map(as_bytes(map)).value();
  std::vector<std::string> names;
  PairWalk walk(opened.pairs, opened.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    names.push_back(std::string(pair->name) + " " + type_text(pair->value));
  }
  return names;
}

TEST(MergePairsTest, LetsTheLaterValueWinInItsPlace) {
  const Merged expected{{{"a", 9}, {"b", 2}, {"c", 3}}, 1};
  EXPECT_EQ(merged_as_bytes({{"a", 1}, {"b", 2}}, {{"c", 3}, {"a", 9}}, false), expected);
}

TEST(MergePairsTest, CountsAnEqualValueNotAsOverwritten) {
  EXPECT_EQ(merged_as_bytes({{"a", 1.0}}, {{"a", 1.0}}, false).overwritten, 0u);
}

TEST(MergePairsTest, MergesNestedMapsOnlyWhenDeep) {
  const Fields earlier{{"m", Fields{{"x", 1}, {"y", 2}}}};
  const Fields later{{"m", Fields{{"y", 3}, {"z", 4}}}};
  EXPECT_EQ(merged_as_bytes(earlier, later, false), (Merged{later, 1}));
  EXPECT_EQ(merged_as_bytes(earlier, later, true),
            (Merged{{{"m", Fields{{"x", 1}, {"y", 3}, {"z", 4}}}}, 1}));
}

TEST(MergePairsTest, AgreesWithMergingValuesShallowly) {
  RandomFields random(31);
  for (int i = 0; i < 3'000; ++i) {
    const Fields earlier = random.fields(10);
    const Fields later = random.fields(10);
    EXPECT_EQ(merged_as_bytes(earlier, later, false), merged_as_values(earlier, later, false));
  }
}

TEST(MergePairsTest, AgreesWithMergingValuesDeeply) {
  RandomFields random(32);
  for (int i = 0; i < 3'000; ++i) {
    const Fields earlier = random.fields(10);
    const Fields later = random.fields(10);
    EXPECT_EQ(merged_as_bytes(earlier, later, true), merged_as_values(earlier, later, true));
  }
}

// Above 16 pairs names are looked up in sorted order; the result keeps the order of arrival.
TEST(MergePairsTest, AgreesWithMergingValuesOfWideMaps) {
  RandomFields random(33);
  for (int i = 0; i < 100; ++i) {
    const Fields earlier = random.fields(80);
    const Fields later = random.fields(80);
    EXPECT_EQ(merged_as_bytes(earlier, later, true), merged_as_values(earlier, later, true));
  }
}

TEST(PairWalkTest, GivesEveryPairOnceInOrder) {
  const std::string map = encoded({{"a", 1},
                                   {"b", Array{1.0}},
                                   {"c", Array{}},
                                   {"d", Fields{{"x", 1}}},
                                   {"e", "s"},
                                   {"f", Array{Array{}}}});
  EXPECT_THAT(pairs_walked(map), testing::ElementsAre("a int", "b float64[]", "c array", "d map",
                                                      "e str", "f array[]"));
}

TEST(TypeTextTest, NamesEveryType) {
  const std::string map = encoded({{"a", nullptr},
                                   {"b", true},
                                   {"c", -1},
                                   {"d", 1.0f},
                                   {"e", 1.0},
                                   {"f", Binary{}},
                                   {"g", Extension{1, "x"}},
                                   {"h", Array(20, Value("x"))}});
  EXPECT_THAT(pairs_walked(map), testing::ElementsAre("a nil", "b bool", "c int", "d float32",
                                                      "e float64", "f bin", "g ext", "h str[]"));
}

TEST(MapHeaderTest, IsReadBackAsItWasWritten) {
  for (const std::uint32_t count : {0u, 15u, 16u, 65'535u, 65'536u, 0xffffffffu}) {
    std::string header;
    append_map({count, {}}, header);
    const std::optional<MapBytes> opened = open_map(as_bytes(header));
    EXPECT_EQ(opened.value().count, count);
    EXPECT_TRUE(opened->pairs.empty());
  }
}

TEST(MapHeaderTest, IsNoneInOtherBytes) {
  EXPECT_FALSE(open_map({}));
  EXPECT_FALSE(open_map(as_bytes("\x90")));
  EXPECT_FALSE(open_map(as_bytes("\xde")));
}

}  // namespace
}  // namespace zbag
