#include "schemas/chosen_fields.hpp"

#include <gtest/gtest.h>

#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// What `names` choose of {"a": 1, "cam": {"pos": {"x": 2, "y": 3}, "id": 4}, "pos.x": 5}.
Fields chosen(const std::vector<std::string>& names) {
  std::string map;
  encode_fields(
      {{"a", 1}, {"cam", Fields{{"pos", Fields{{"x", 2}, {"y", 3}}}, {"id", 4}}}, {"pos.x", 5}},
      map);
  std::string out;
  append_chosen(open_map(bytes_of(map)).value(), names, out);
  return decode_fields(bytes_of(out)).value();
}

TEST(ChosenFieldsTest, ADottedNameChoosesWhatLiesInMapsNestedAsItIs) {
  EXPECT_EQ(chosen({"a", "cam.pos.x"}),
            (Fields{{"a", 1}, {"cam", Fields{{"pos", Fields{{"x", 2}}}}}}));
  EXPECT_EQ(chosen({"pos.x"}), (Fields{{"pos.x", 5}}));
}

TEST(ChosenFieldsTest, TheNameOfAMapChoosesAllThatIsInIt) {
  EXPECT_EQ(chosen({"cam.pos"}), (Fields{{"cam", Fields{{"pos", Fields{{"x", 2}, {"y", 3}}}}}}));
  EXPECT_EQ(chosen({"cam"}),
            (Fields{{"cam", Fields{{"pos", Fields{{"x", 2}, {"y", 3}}}, {"id", 4}}}}));
}

TEST(ChosenFieldsTest, WhatIsNowhereChoosesNothingAndNoNameAll) {
  EXPECT_EQ(chosen({"ca", "cam.po", "cam.pos.x.z", "a.b"}), Fields{});
  EXPECT_EQ(chosen({}).size(), 3u);
}

}  // namespace
}  // namespace zbag
