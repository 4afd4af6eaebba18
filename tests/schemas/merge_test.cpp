// What frames of one stamp become, by every mode.
#include "schemas/points/merge.hpp"

#include <gmock/gmock.h>

#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;

class MergeFramesTest : public testing::Test {
 protected:
  RowPoint frame(const Fields& fields) {
    std::string& map = maps_.emplace_back();
    encode_fields(fields, map);
    const MapBytes opened = open_map(as_bytes(map)).value();
    RowPoint row;
    row.seq = seq_++;
    row.pairs = opened.pairs.data();
    row.pairs_bytes = static_cast<std::uint32_t>(opened.pairs.size());
    row.fields = opened.count;
    return row;
  }
  void merge(MergeMode mode, const std::vector<Fields>& frames) {
    std::vector<RowPoint> rows;
    for (const Fields& fields : frames) rows.push_back(frame(fields));
    merge_frames(rows, mode, made_, points_, counts_);
  }
  std::vector<Fields> merged() const {
    std::vector<Fields> all;
    for (const RowPoint& point : points_) {
      std::string map;
      append_map(point.map(), map);
      all.push_back(decode_fields(as_bytes(map)).value());
    }
    return all;
  }

  std::deque<std::string> maps_;
  std::deque<std::string> made_;
  std::vector<RowPoint> points_;
  MergeCounts counts_;
  std::uint64_t seq_ = 0;
};

TEST_F(MergeFramesTest, JoinMeetsTheNewestPoint) {
  merge(MergeMode::kJoin, {{{"q", 1}}, {{"v", 2}}, {{"q", 3}}, {{"v", 2}}, {{"q", 3}, {"v", 2}}});
  EXPECT_THAT(merged(), ElementsAre(Fields{{"q", 1}, {"v", 2}}, Fields{{"q", 3}, {"v", 2}}));
  EXPECT_EQ(counts_.merged, 3u);
  EXPECT_EQ(counts_.kept_apart, 1u);
  EXPECT_EQ(counts_.overwritten, 0u);
  EXPECT_EQ(points_[0].seq, 0u);  // a point has the head of its first frame
  EXPECT_EQ(points_[1].seq, 2u);
}

TEST_F(MergeFramesTest, JoinMakesNoRowWhereAFrameSaysNothingNew) {
  merge(MergeMode::kJoin, {{{"q", 1}, {"v", 2}}, {{"v", 2}}, {{"q", 1}}});
  EXPECT_EQ(points_.size(), 1u);
  EXPECT_TRUE(made_.empty());
}

TEST_F(MergeFramesTest, JoinKeepsApartWhatWouldBeLargerThanAFrame) {
  const Binary half{std::string(kFrameBytesMax / 2, 'x')};
  merge(MergeMode::kJoin, {{{"x", half}}, {{"y", half}}});
  EXPECT_EQ(points_.size(), 2u);
  EXPECT_EQ(counts_.kept_apart, 1u);
  EXPECT_EQ(counts_.too_large, 0u);
}

TEST_F(MergeFramesTest, ShallowAndDeepLetTheLaterValueWinAndCountIt) {
  merge(MergeMode::kShallow, {{{"m", Fields{{"x", 1}}}}, {{"m", Fields{{"y", 2}}}}});
  EXPECT_THAT(merged(), ElementsAre(Fields{{"m", Fields{{"y", 2}}}}));
  EXPECT_EQ(counts_.overwritten, 1u);
  points_.clear();
  merge(MergeMode::kDeep, {{{"m", Fields{{"x", 1}}}}, {{"m", Fields{{"y", 2}}}}});
  EXPECT_THAT(merged(), ElementsAre(Fields{{"m", Fields{{"x", 1}, {"y", 2}}}}));
  EXPECT_EQ(counts_.overwritten, 1u);
  EXPECT_EQ(counts_.merged, 2u);
}

TEST_F(MergeFramesTest, AppendKeepsEveryFrameAndCountsNothing) {
  merge(MergeMode::kAppend, {{{"q", 1}}, {{"q", 1}}});
  EXPECT_EQ(points_.size(), 2u);
  EXPECT_EQ(counts_.kept_apart, 0u);
}

TEST(MergeRulesTest, TheLastThatSpeaksOfATrackHolds) {
  MergeRules rules;
  EXPECT_EQ(rules.of("anything"), MergeMode::kJoin);
  rules.rules.push_back({TrackPattern::parse("cam/**").value(), MergeMode::kAppend});
  rules.rules.push_back({TrackPattern::parse("cam/a").value(), MergeMode::kDeep});
  EXPECT_EQ(rules.of("arm"), MergeMode::kJoin);
  EXPECT_EQ(rules.of("cam/b"), MergeMode::kAppend);
  EXPECT_EQ(rules.of("cam/a"), MergeMode::kDeep);
  rules.rules.push_back({std::nullopt, MergeMode::kShallow});
  EXPECT_EQ(rules.of("cam/a"), MergeMode::kShallow);
}

}  // namespace
}  // namespace zbag
