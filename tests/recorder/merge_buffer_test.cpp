#include "recorder/merge_buffer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/field_lookup.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const MergeBuffer::SteadyTime kStart{seconds(100)};

Fields fields_of(const RowPoint& point) {
  std::string map;
  append_map(point.map(), map);
  return decode_fields(bytes_of(map)).value();
}

std::vector<std::int64_t> keys_of_batch(const TrackBatch& batch) {
  std::vector<std::int64_t> keys;
  for (const RowPoint& point : batch.points) keys.push_back(point.key);
  return keys;
}

class MergeBufferTest : public testing::Test {
 protected:
  void accept(const std::string& track, double stamp, Fields fields = {}) {
    fields.emplace_back("_ts", stamp);
    std::string frame;
    encode_fields(fields, frame);
    intake_.accept(track, bytes_of(frame), {1, 2});
  }
  void add_to(MergeBuffer& buffer, MergeBuffer::SteadyTime now = kStart) {
    buffer.add(intake_.take(), now);
  }

  Intake intake_{{}};
};

// S0.11: two arms of a robot report the same instant: one point, fields of both.
TEST_F(MergeBufferTest, MergesFramesOfOneTimestampIntoOnePoint) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("robot/state", 1.0, {{"q", 0.5}});
  accept("robot/state", 1.0, {{"v", 0.1}});
  add_to(buffer);
  const HeldBatch held = buffer.take();
  ASSERT_THAT(held.batch.tracks, SizeIs(1));
  ASSERT_THAT(held.batch.tracks[0].points, SizeIs(1));
  EXPECT_EQ(fields_of(held.batch.tracks[0].points[0]), (Fields{{"q", 0.5}, {"v", 0.1}}));
  EXPECT_EQ(held.batch.tracks[0].fate.merged, 1u);
  EXPECT_EQ(held.batch.tracks[0].fate.received, 2u);
}

TEST_F(MergeBufferTest, KeepsOneStampOnTwoTracksAsTwoPoints) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("a", 1.0, {{"q", 1}});
  accept("b", 1.0, {{"q", 2}});
  add_to(buffer);
  EXPECT_EQ(buffer.take().points, 2u);
}

// D1: the later value wins, and a value it replaced is counted.
TEST_F(MergeBufferTest, LetsTheLaterValueWinInArrivalOrder) {
  MergeBuffer buffer(MergeMode::kShallow);
  for (int i = 0; i < 3; ++i) accept("a", 1.0, {{"v", i}, {"same", 7}});
  add_to(buffer);
  const HeldBatch held = buffer.take();
  EXPECT_EQ(fields_of(held.batch.tracks[0].points.at(0)), (Fields{{"v", 2}, {"same", 7}}));
  EXPECT_EQ(held.batch.tracks[0].fate.overwritten, 2u);
}

TEST_F(MergeBufferTest, MergesAcrossChunksAndWithOthersBetween) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("a", 1.0, {{"x", 1}});
  accept("a", 2.0, {{"x", 2}});
  add_to(buffer);
  accept("a", 1.0, {{"x", 3}, {"y", 4}});
  add_to(buffer);
  const HeldBatch held = buffer.take();
  ASSERT_THAT(held.batch.tracks.at(0).points, SizeIs(2));
  EXPECT_EQ(fields_of(held.batch.tracks[0].points[0]), (Fields{{"x", 3}, {"y", 4}}));
}

// wire.md, Merge: what would replace a value is a further point, and the next one meets that.
TEST_F(MergeBufferTest, JoinsWhatLosesNothingAndKeepsTheRestApart) {
  MergeBuffer buffer(MergeMode::kJoin);
  accept("tf", 1.0, {{"q", 1}});
  accept("tf", 1.0, {{"v", 2}});
  accept("tf", 1.0, {{"q", 1}, {"v", 2}});
  accept("tf", 1.0, {{"q", 9}});
  accept("tf", 1.0, {{"v", 2}});
  add_to(buffer);
  const HeldBatch held = buffer.take();
  const TrackBatch& track = held.batch.tracks.at(0);
  ASSERT_THAT(track.points, SizeIs(2));
  EXPECT_EQ(fields_of(track.points[0]), (Fields{{"q", 1}, {"v", 2}}));
  EXPECT_EQ(fields_of(track.points[1]), (Fields{{"q", 9}, {"v", 2}}));
  EXPECT_EQ(track.fate.merged, 3u);
  EXPECT_EQ(track.fate.kept_apart, 1u);
  EXPECT_EQ(track.fate.overwritten, 0u);
  EXPECT_THAT(track.frames, SizeIs(5));
}

TEST_F(MergeBufferTest, MergesEachTrackByTheLastRuleThatSpeaksOfIt) {
  MergeRules rules = MergeMode::kShallow;
  rules.rules.push_back({TrackPattern::parse("camera/**").value(), MergeMode::kAppend});
  rules.rules.push_back({TrackPattern::parse("camera/front").value(), MergeMode::kJoin});
  MergeBuffer buffer(rules);
  for (const char* track : {"arm", "camera/back", "camera/front"}) {
    for (int i = 0; i < 2; ++i) accept(track, 1.0, {{"x", 7}});
  }
  add_to(buffer);
  const HeldBatch held = buffer.take();
  EXPECT_EQ(held.batch.tracks.at(0).fate.merged, 1u);
  EXPECT_THAT(held.batch.tracks.at(1).points, SizeIs(2));
  EXPECT_EQ(held.batch.tracks.at(2).fate.merged, 1u);
}

// D2: a map is replaced as a whole, unless merging is deep.
// Two tracks in turn: each keeps its own last row.
TEST_F(MergeBufferTest, MergesManyFramesIntoOnePointOfEachTrack) {
  MergeBuffer buffer(MergeMode::kShallow);
  for (int i = 0; i < 100; ++i) {
    for (const char* track : {"a", "b"})
      accept(track, 1.0,
             {{"f" + std::to_string(i % 10), std::string(1, *track) + std::to_string(i)}});
  }
  add_to(buffer);
  const HeldBatch held = buffer.take();
  ASSERT_THAT(held.batch.tracks, SizeIs(2));
  EXPECT_THAT(held.merged_rows, SizeIs(2));
  for (const TrackBatch& track : held.batch.tracks) {
    ASSERT_THAT(track.points, SizeIs(1));
    const Fields fields = fields_of(track.points[0]);
    EXPECT_THAT(fields, SizeIs(10));
    EXPECT_EQ(text_field(fields, "f3"), track.name + "93");
  }
}

// What is stored keeps the rules of a frame.
TEST_F(MergeBufferTest, RefusesWhatWouldMakeAPointLargerThanAFrame) {
  MergeBuffer buffer(MergeMode::kShallow);
  const Binary half{std::string(kFrameBytesMax / 2, 'x')};
  accept("a", 1.0, {{"x", half}});
  accept("a", 1.0, {{"y", half}});
  accept("a", 1.0, {{"z", 1}});
  add_to(buffer);
  const HeldBatch held = buffer.take();
  const TrackBatch& track = held.batch.tracks.at(0);
  EXPECT_EQ(track.fate.refused[static_cast<std::size_t>(Refusal::kTooLarge)], 1u);
  EXPECT_EQ(track.fate.merged, 1u);
  EXPECT_EQ(fields_of(track.points.at(0)), (Fields{{"x", half}, {"z", 1}}));
}

TEST_F(MergeBufferTest, ReplacesNestedMapsWhenShallow) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("a", 1.0, {{"m", Fields{{"x", 1}}}});
  accept("a", 1.0, {{"m", Fields{{"y", 2}}}});
  add_to(buffer);
  const HeldBatch held = buffer.take();
  EXPECT_EQ(fields_of(held.batch.tracks.at(0).points.at(0)), (Fields{{"m", Fields{{"y", 2}}}}));
}

TEST_F(MergeBufferTest, MergesNestedMapsWhenDeep) {
  MergeBuffer buffer(MergeMode::kDeep);
  accept("a", 1.0, {{"m", Fields{{"x", 1}}}});
  accept("a", 1.0, {{"m", Fields{{"y", 2}}}});
  add_to(buffer);
  const HeldBatch held = buffer.take();
  EXPECT_EQ(fields_of(held.batch.tracks.at(0).points.at(0)),
            (Fields{{"m", Fields{{"x", 1}, {"y", 2}}}}));
}

TEST_F(MergeBufferTest, KeepsEveryFrameUnderAppendInArrivalOrder) {
  MergeBuffer buffer(MergeMode::kAppend);
  for (const double stamp : {2.0, 1.0, 2.0, 1.0}) accept("a", stamp, {{"stamp", stamp}});
  add_to(buffer);
  const HeldBatch held = buffer.take();
  EXPECT_THAT(keys_of_batch(held.batch.tracks.at(0)),
              ElementsAre(1'000'000'000, 1'000'000'000, 2'000'000'000, 2'000'000'000));
  EXPECT_EQ(held.batch.tracks[0].fate.merged, 0u);
}

// S0.13
TEST_F(MergeBufferTest, SortsWhatCameOutOfOrder) {
  MergeBuffer buffer(MergeMode::kShallow);
  for (const double stamp : {3.0, 1.0, 2.0}) accept("a", stamp);
  add_to(buffer);
  EXPECT_THAT(keys_of_batch(buffer.take().batch.tracks.at(0)),
              ElementsAre(1'000'000'000, 2'000'000'000, 3'000'000'000));
}

TEST_F(MergeBufferTest, HandsOutEachPointOnce) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("a", 1.0);
  add_to(buffer);
  EXPECT_FALSE(buffer.empty());
  const HeldBatch held = buffer.take();
  EXPECT_TRUE(held.owns_chunks);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.weight(), 0u);
  EXPECT_THAT(buffer.take().batch.tracks, IsEmpty());
}

// S0.14: the others stay where they are, and what lends them lives on.
TEST_F(MergeBufferTest, TakesOneTrackAndKeepsTheOthers) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("a", 1.0, {{"v", 1}});
  accept("b", 1.0, {{"v", 2}});
  accept("b", 1.0, {{"w", 3}});
  add_to(buffer);
  const std::string name = "a";
  {
    const HeldBatch held = buffer.take(&name);
    ASSERT_THAT(held.batch.tracks, SizeIs(1));
    EXPECT_EQ(held.batch.tracks[0].name, "a");
    EXPECT_FALSE(held.owns_chunks);
  }
  const HeldBatch rest = buffer.take();
  ASSERT_THAT(rest.batch.tracks, SizeIs(1));
  EXPECT_EQ(fields_of(rest.batch.tracks[0].points.at(0)), (Fields{{"v", 2}, {"w", 3}}));
  EXPECT_TRUE(rest.owns_chunks);
}

TEST_F(MergeBufferTest, HandsOutNewsOfTracksWithoutPoints) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("a", 1.0);
  add_to(buffer);
  static_cast<void>(buffer.take());
  const std::string nonsense = "nonsense";
  intake_.accept("a", bytes_of(nonsense), {1, 2});
  add_to(buffer);
  const HeldBatch held = buffer.take();
  EXPECT_EQ(held.batch.tracks.at(0).fate.refused_total(), 1u);
  EXPECT_EQ(held.points, 0u);
}

// S0.17
TEST_F(MergeBufferTest, IsDueWhenATrackHoldsItsPoints) {
  MergeBuffer buffer(MergeMode::kShallow);
  for (int i = 0; i < 9; ++i) accept("a", i);
  accept("b", 1.0);
  add_to(buffer);
  EXPECT_THAT(buffer.due(10, seconds(5), kStart), IsEmpty());
  accept("a", 9.0);
  add_to(buffer);
  EXPECT_THAT(buffer.due(10, seconds(5), kStart), ElementsAre("a"));
}

// S0.18
TEST_F(MergeBufferTest, IsDueWhenATracksOldestPointIsOfAge) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("a", 1.0);
  add_to(buffer, kStart);
  accept("a", 2.0);
  accept("b", 2.0);
  add_to(buffer, kStart + seconds(3));
  EXPECT_THAT(buffer.due(10, seconds(5), kStart + seconds(4)), IsEmpty());
  EXPECT_THAT(buffer.due(10, seconds(5), kStart + seconds(5)), ElementsAre("a"));
  EXPECT_THAT(buffer.due(10, seconds(5), kStart + seconds(8)), ElementsAre("a", "b"));
}

TEST_F(MergeBufferTest, BeginsItsAgeAnewAfterATrackWasTaken) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("a", 1.0);
  add_to(buffer, kStart);
  const std::string name = "a";
  static_cast<void>(buffer.take(&name));
  accept("a", 2.0);
  add_to(buffer, kStart + seconds(4));
  EXPECT_THAT(buffer.due(10, seconds(5), kStart + seconds(8)), IsEmpty());
}

TEST_F(MergeBufferTest, WeighsWhatItHolds) {
  MergeBuffer buffer(MergeMode::kShallow);
  accept("a", 1.0, {{"image", Binary{std::string(1u << 20, 'i')}}});
  add_to(buffer);
  EXPECT_GE(buffer.weight(), 1u << 20);
}

}  // namespace
}  // namespace zbag
