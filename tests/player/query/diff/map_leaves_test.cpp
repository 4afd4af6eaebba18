#include "player/query/diff/map_leaves.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/json_text.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string text_of_item(std::span<const std::uint8_t> item) {
  std::string text;
  if (item.empty()) return "-";
  write_json_item(item, text);
  return text;
}

// "path: a b" of each, lists followed to where they differ.
std::vector<std::string> unlike(const Fields& a, const Fields& b,
                                std::vector<std::string> columns = {},
                                std::optional<double> tolerance = {}) {
  std::string map_a;
  std::string map_b;
  encode_fields(a, map_a);
  encode_fields(b, map_b);
  const Likeness likeness(tolerance);
  std::vector<std::string> texts;
  auto leaves = unlike_leaves(open_map(bytes_of(map_a)).value(), open_map(bytes_of(map_b)).value(),
                              likeness, LeafChoice(std::move(columns)));
  for (LeafPair& leaf : *leaves) {
    const LeafPair shown = first_unlike_item(std::move(leaf), likeness);
    texts.push_back(shown.path + ": " + text_of_item(shown.a) + " " + text_of_item(shown.b));
  }
  return texts;
}

TEST(MapLeavesTest, DoNotMindTheOrderOfFields) {
  EXPECT_THAT(unlike({{"a", 1}, {"m", Fields{{"x", 1}, {"y", 2}}}, {"b", 2}},
                     {{"b", 2}, {"a", 1}, {"m", Fields{{"y", 2}, {"x", 1}}}}),
              IsEmpty());
}

TEST(MapLeavesTest, NameNestedFieldsAndItemsOfLists) {
  EXPECT_THAT(unlike({{"m", Fields{{"p", Fields{{"x", 1.5}}}}}, {"l", Array{1, 2, 3}}},
                     {{"m", Fields{{"p", Fields{{"x", 2.5}}}}}, {"l", Array{1, 5, 6}}}),
              ElementsAre("m.p.x: 1.5 2.5", "l[1]: 2 5"));
  EXPECT_THAT(unlike({{"l", Array{Array{1, 2}, Array{3, 4}}}, {"s", Array{1}}},
                     {{"l", Array{Array{1, 2}, Array{3, 5}}}, {"s", Array{1, 2}}}),
              ElementsAre("l[1][1]: 4 5", "s: [1] [1,2]"));
}

TEST(MapLeavesTest, TellAbsentNilAndEmptyApart) {
  EXPECT_THAT(unlike({{"a", Value()}, {"b", Fields{}}}, {}), ElementsAre("a: null -", "b: {} -"));
  EXPECT_THAT(unlike({{"a", 1}}, {{"a", Fields{{"x", 1}}}}), ElementsAre("a: 1 -", "a.x: - 1"));
  EXPECT_THAT(unlike({{"a", Fields{}}}, {{"a", Array{}}}), ElementsAre("a: {} []"));
}

TEST(MapLeavesTest, QuoteNamesThatPathsCanNotHold) {
  EXPECT_THAT(unlike({{"a.b", 1}, {"a", Fields{{"b", 1}}}}, {{"a.b", 2}, {"a", Fields{{"b", 3}}}}),
              ElementsAre("\"a.b\": 1 2", "a.b: 1 3"));
  EXPECT_EQ(path_of({"a", "", "x\"y"}), "a.\"\".\"x\"\"y\"");
}

TEST(MapLeavesTest, TakeTheColumnsThatAreNamed) {
  const Fields a{{"pose", Fields{{"x", 1}, {"y", 1}}}, {"pos", 1}, {"z", 1}};
  const Fields b{{"pose", Fields{{"x", 2}, {"y", 2}}}, {"pos", 2}, {"z", 2}};
  EXPECT_THAT(unlike(a, b, {"pose"}), ElementsAre("pose.x: 1 2", "pose.y: 1 2"));
  EXPECT_THAT(unlike(a, b, {"pose.y", "z"}), ElementsAre("pose.y: 1 2", "z: 1 2"));
}

TEST(MapLeavesTest, PassOverWhatTheToleranceAllows) {
  EXPECT_THAT(unlike({{"l", Array{1.0, 2.0, 3.0}}}, {{"l", Array{1.1, 2.0, 4.0}}}, {}, 0.5),
              ElementsAre("l[2]: 3.0 4.0"));
}

}  // namespace
}  // namespace zbag
