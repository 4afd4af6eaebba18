#include "player/imports/lerobot/feature_tracks.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "player/imports/lerobot/frame_time.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

std::string item_of(const Value& value) {
  std::string bytes;
  encode_value(value, bytes);
  return bytes;
}

TEST(AppendByNameTest, GivesEachNumberItsName) {
  std::string map;
  ASSERT_TRUE(append_by_name(item_of(Array{1.5f, -2}), {"a", "b"}, map));
  EXPECT_EQ(decode_fields(bytes_of(map)).value(), (Fields{{"a", 1.5f}, {"b", -2}}));
  map.clear();
  ASSERT_TRUE(append_by_name(item_of(7), {"n"}, map));
  EXPECT_EQ(decode_fields(bytes_of(map)).value(), (Fields{{"n", 7}}));
}

TEST(AppendByNameTest, LeavesAloneWhatHasOtherNumbers) {
  std::string map;
  EXPECT_FALSE(append_by_name(item_of(Array{1, 2, 3}), {"a", "b"}, map));
  EXPECT_FALSE(append_by_name(item_of(Array{}), {"a"}, map));
  EXPECT_FALSE(append_by_name(item_of(Array{1, 2}), {}, map));
  EXPECT_FALSE(append_by_name(item_of(1), {"a", "b"}, map));
  EXPECT_FALSE(append_by_name(item_of(Fields{{"x", 1}}), {"a"}, map));
  EXPECT_EQ(map, "");
}

TEST(FrameTimeTest, PutsEpisodesBehindOneAnother) {
  const auto time = frame_time(10.0, 27, 7, 0.7f);
  ASSERT_TRUE(time);
  EXPECT_EQ(time->stamp.seconds(), 2.0 + static_cast<double>(0.7f));
  EXPECT_TRUE(time->is_as_said);
}

TEST(FrameTimeTest, KeepsFramesWithinTheirEpisode) {
  for (const double said : {0.9, -1.0, 1e300, std::numeric_limits<double>::quiet_NaN()}) {
    const auto time = frame_time(10.0, 27, 7, said);
    ASSERT_TRUE(time);
    EXPECT_EQ(time->stamp.seconds(), 2.7) << said;
    EXPECT_FALSE(time->is_as_said);
  }
}

TEST(FrameTimeTest, KnowsPlacesThatAreNone) {
  EXPECT_FALSE(frame_time(10.0, 5, 6, 0.6));
  EXPECT_FALSE(frame_time(10.0, 5, -1, 0.0));
  EXPECT_FALSE(frame_time(1e-6, INT64_MAX, 0, 0.0));
}

}  // namespace
}  // namespace zbag
