// Maps as bytes: walked, named, compared.
#include "schemas/map_bytes.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

std::vector<std::string> pairs_walked(std::string_view map) {
  const MapBytes opened = open_map(as_bytes(map)).value();
  std::vector<std::string> names;
  PairWalk walk(opened.pairs, opened.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    names.push_back(std::string(pair->name) + " " + type_text(pair->value));
  }
  return names;
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

}  // namespace
}  // namespace zbag
