// Maps merged as bytes come out as maps merged as values.
#include "schemas/map_bytes.hpp"

#include <gmock/gmock.h>

#include <limits>

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

std::string value_of(const Value& value) {
  std::string bytes;
  encode_value(value, bytes);
  return bytes;
}
bool are_same(std::string_view a, std::string_view b) {
  return same_value(as_bytes(a), as_bytes(b)) && same_value(as_bytes(b), as_bytes(a));
}

// wire.md, Merge: equal means that a reader gets back equal values.
TEST(SameValueTest, IsWhatAReaderGetsBack) {
  EXPECT_TRUE(are_same("\x05", std::string("\xcd\x00\x05", 3)));  // 5 in two forms
  EXPECT_TRUE(are_same("\xff", "\xd1\xff\xff"));                  // -1 in two forms
  EXPECT_TRUE(are_same("\xa1x", "\xd9\x01x"));                    // "x" in two forms
  EXPECT_TRUE(are_same(value_of(Fields{{"a", 1}, {"b", 2}}), value_of(Fields{{"b", 2}, {"a", 1}})));
  EXPECT_TRUE(are_same(value_of(Array{1, "x"}), value_of(Array{1, "x"})));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(are_same(value_of(nan), value_of(nan)));
}

TEST(SameValueTest, TellsTypesBitsAndOrdersApart) {
  EXPECT_FALSE(are_same(value_of(1), value_of(1.0)));
  EXPECT_FALSE(are_same(value_of(1.0F), value_of(1.0)));
  EXPECT_FALSE(are_same(value_of(0.0), value_of(-0.0)));
  EXPECT_FALSE(are_same(value_of(-1), value_of(UINT64_MAX)));
  EXPECT_FALSE(are_same(value_of("x"), value_of(Binary{"x"})));
  EXPECT_FALSE(are_same(value_of(nullptr), value_of(false)));
  EXPECT_FALSE(are_same(value_of(Array{1, 2}), value_of(Array{2, 1})));
  EXPECT_FALSE(are_same(value_of(Array{1, 2}), value_of(Array{1})));
  EXPECT_FALSE(are_same(value_of(Extension{1, "x"}), value_of(Extension{2, "x"})));
  EXPECT_FALSE(are_same(value_of(Fields{{"a", 1}}), value_of(Fields{{"a", 2}})));
  EXPECT_FALSE(are_same(value_of(Fields{{"a", 1}}), value_of(Fields{{"b", 1}})));
}

// The fields of both, or what there is of them where they do not fit.
std::pair<Joined, Fields> joined_as_bytes(const Fields& earlier, const Fields& later) {
  const std::string first = encoded(earlier);
  const std::string second = encoded(later);
  std::string pairs;
  const JoinedPairs joined =
      join_pairs(open_map(as_bytes(first)).value(), open_map(as_bytes(second)).value(), pairs);
  if (joined.outcome != Joined::kGrown) return {joined.outcome, earlier};
  std::string map;
  append_map({joined.count, as_bytes(pairs)}, map);
  return {joined.outcome, decode_fields(as_bytes(map)).value()};
}

TEST(JoinPairsTest, AddsWhatIsNewAndNeverReplaces) {
  using Outcome = std::pair<Joined, Fields>;
  EXPECT_EQ(joined_as_bytes({{"q", 1}}, {{"v", 2}}),
            (Outcome{Joined::kGrown, {{"q", 1}, {"v", 2}}}));
  EXPECT_EQ(joined_as_bytes({{"q", 1}, {"v", 2}}, {{"v", 2}}).first, Joined::kNoNews);
  EXPECT_EQ(joined_as_bytes({{"q", 1}}, {{"w", 3}, {"q", 2}}).first, Joined::kConflict);
  EXPECT_EQ(joined_as_bytes({{"q", nullptr}}, {{"q", 2}}).first, Joined::kConflict);
  EXPECT_EQ(joined_as_bytes({{"m", Fields{{"x", 1}}}}, {{"m", Fields{{"y", 2}}}}).first,
            Joined::kConflict);
  EXPECT_EQ(joined_as_bytes({}, {}).first, Joined::kNoNews);
}

TEST(JoinPairsTest, DoesWhatJoiningValuesDoes) {
  RandomFields random(7);
  for (int i = 0; i < 2'000; ++i) {
    const Fields earlier = random.fields(3);
    const Fields later = random.fields(3);
    Fields as_values = earlier;
    const bool fits = join_fields(as_values, later);
    const auto [outcome, as_bytes] = joined_as_bytes(earlier, later);
    ASSERT_EQ(fits, outcome != Joined::kConflict);
    ASSERT_EQ(as_bytes, as_values);
  }
}

}  // namespace
}  // namespace zbag
