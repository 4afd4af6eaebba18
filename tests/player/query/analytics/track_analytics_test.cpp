#include "player/query/analytics/track_analytics.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "recorder/bag/read/playlist.hpp"
#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr double kBegin = 1'000.0;

struct Column {
  std::vector<std::int64_t> keys;
  std::vector<double> values;
};

// Some thousand points of "imu" over two bags that lie among each other, and some of "gps".
class TrackAnalyticsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::mt19937 random(5);
    std::normal_distribution<double> noise(0.0, 0.1);
    std::vector<BagPoint> first;
    std::vector<BagPoint> second;
    for (int i = 0; i < 6'000; ++i) {
      const double t = kBegin + i * 0.01;
      Fields fields{{"n", i}, {"ax", std::sin(i * 0.01) + noise(random)}};
      if (i % 100 == 7) fields = {{"n", i}, {"ax", std::nan("")}};
      if (i % 100 == 8) fields = {{"n", i}, {"ax", "broken"}};
      if (i == 3'333) fields = {{"n", i}, {"ax", 99.0}};
      (i / 500 % 2 == 0 ? first : second).push_back({"imu", t, fields});
      if (i % 10 == 3) first.push_back({"gps", t + 0.002, {{"n", i}, {"fix", i % 3 == 0}}});
    }
    bags_ = Playlist::open({write_bag(folder_.path("a.zbag"), first),
                            write_bag(folder_.path("b.zbag"), second)})
                .value();
  }

  TrackAnalytics analytics(const std::string& field, TimeRange range = TimeRange::all(),
                           const std::string& track = "imu") {
    return TrackAnalytics(bags_->readers(),
                          {.track = track, .range = range, .field = ValueField::parse(field, {})});
  }

  // The direct way: point by point.
  Column points(const std::string& field, TimeRange range = TimeRange::all()) {
    BagReader::Selection selection{.range = range, .track = "imu"};
    EXPECT_TRUE(bags_->select(selection));
    Column column;
    while (const std::optional<PointView> point = bags_->next().value()) {
      const Fields fields = point->fields().value();
      const Value& value = *find_field(fields, field);
      const double* const number = value.get_if<double>();
      const std::uint64_t* const whole = value.get_if<std::uint64_t>();
      column.keys.push_back(point->key);
      column.values.push_back(number != nullptr  ? *number
                              : whole != nullptr ? static_cast<double>(*whole)
                                                 : std::nan(""));
    }
    return column;
  }

  TempDir folder_;
  std::optional<Playlist> bags_;
};

const TimeRange kPart{1'010 * kSecond, 1'049 * kSecond};

TEST_F(TrackAnalyticsTest, AveragesEqualThoseOfThePoints) {
  for (const WindowMode mode : {WindowMode::kTumbling, WindowMode::kSliding}) {
    const Column direct = points("ax", kPart);
    const auto expected = calculate_moving_average(direct.keys, direct.values, kSecond, mode);
    std::vector<AverageRow> rows;
    TrackAnalytics analysis = analytics("ax", kPart);
    ASSERT_TRUE(analysis.calculate_moving_average(
        kSecond, mode, [&](const AverageRow& row) { rows.push_back(row); }));
    ASSERT_EQ(rows.size(), expected.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].time, expected[i].time);
      EXPECT_EQ(rows[i].window.count, expected[i].window.count);
      EXPECT_EQ(rows[i].window.mean(), expected[i].window.mean());
    }
  }
}

TEST_F(TrackAnalyticsTest, AnomaliesTrendsAndPercentilesEqualThoseOfThePoints) {
  const Column direct = points("ax");
  TrackAnalytics analysis = analytics("ax");
  std::vector<Anomaly> anomalies;
  ASSERT_TRUE(
      analysis.detect_anomalies(4.0, [&](const Anomaly& one) { anomalies.push_back(one); }));
  const auto expected = detect_anomalies(direct.keys, direct.values, 4.0);
  ASSERT_THAT(anomalies, SizeIs(1));
  EXPECT_EQ(anomalies[0].time, expected.at(0).time);
  EXPECT_EQ(anomalies[0].z_score, expected.at(0).z_score);
  const Trends trends = calculate_trends(direct.keys, direct.values, kSecond);
  EXPECT_EQ(analysis.calculate_trends(kSecond, 1e-9)->slope, trends.slope);
  EXPECT_EQ(analysis.calculate_trends(kSecond, 1e-9)->periods, 60u);
  EXPECT_EQ(analysis.calculate_percentiles(kUsualPercents)->values,
            calculate_percentiles(direct.values).values);
}

TEST_F(TrackAnalyticsTest, DistributionsEqualThoseOfThePoints) {
  const Column direct = points("ax", kPart);
  const auto expected = calculate_distribution(direct.values, 12);
  const auto bins = analytics("ax", kPart).calculate_distribution(12).value();
  ASSERT_EQ(bins.size(), expected.size());
  for (std::size_t i = 0; i < bins.size(); ++i) {
    EXPECT_EQ(bins[i].count, expected[i].count);
    EXPECT_EQ(bins[i].lo, expected[i].lo);
  }
}

TEST_F(TrackAnalyticsTest, WhatIsSkippedIsCounted) {
  TrackAnalytics analysis = analytics("ax");
  ASSERT_TRUE(analysis.calculate_percentiles(kUsualPercents));
  EXPECT_EQ(analysis.reading().points, 6'000u);
  EXPECT_EQ(analysis.reading().skipped.nan, 60u);
  EXPECT_EQ(analysis.reading().skipped.not_numbers, 60u);
  EXPECT_EQ(analysis.reading().skipped.total(), 120u);
  TrackAnalytics nowhere = analytics("ay");
  EXPECT_EQ(nowhere.calculate_percentiles(kUsualPercents)->total_count, 0u);
  EXPECT_EQ(nowhere.reading().skipped.absent, 6'000u);
}

TEST_F(TrackAnalyticsTest, CorrelationWithinATrackIsThatOfItsPairs) {
  const Correlation direct = calculate_correlation(points("n").values, points("ax").values);
  TrackAnalytics analysis = analytics("n");
  const Correlation found =
      analysis.calculate_correlation({"imu", ValueField::parse("ax", {})}, 0).value();
  EXPECT_EQ(found.correlation, direct.correlation);
  EXPECT_EQ(found.sample_count, 5'880u);
  EXPECT_EQ(analysis.reading().other_skipped.total(), 120u);
}

// "gps" comes 2 ms behind every tenth point.
TEST_F(TrackAnalyticsTest, TracksAreJoinedOnTheStampOrOnTheLastWithinATolerance) {
  const TrackAnalytics::Other imu{"imu", ValueField::parse("n", {})};
  TrackAnalytics analysis = analytics("n", TimeRange::all(), "gps");
  EXPECT_EQ(analysis.calculate_correlation(imu, 0)->sample_count, 0u);
  EXPECT_EQ(analysis.calculate_correlation(imu, 1'999'000)->sample_count, 0u);
  std::vector<double> apart;
  const Correlation found =
      analysis
          .calculate_correlation(imu, 2'001'000,
                                 [&](double x, double y) { apart.push_back(x - y); })
          .value();
  EXPECT_EQ(found.sample_count, 600u);
  EXPECT_DOUBLE_EQ(*found.correlation, 1.0);
  EXPECT_THAT(apart, testing::Each(0.0));
}

TEST_F(TrackAnalyticsTest, EqualStampsOfTwoTracksArePairs) {
  std::vector<BagPoint> written;
  for (int i = 0; i < 10; ++i) {
    written.push_back({"a", 1.0 + i, {{"x", i}}});
    if (i % 2 == 0) written.push_back({"b", 1.0 + i, {{"y", -3 * i}}});
  }
  const BagReader bag = BagReader::open(write_bag(folder_.path("c.zbag"), written)).value();
  TrackAnalytics analysis({&bag, 1}, {.track = "a", .field = ValueField::parse("x", {})});
  const Correlation found =
      analysis.calculate_correlation({"b", ValueField::parse("y", {})}, 0).value();
  EXPECT_EQ(found.sample_count, 5u);
  EXPECT_DOUBLE_EQ(*found.correlation, -1.0);
}

// The last number before the range is within reach of its first point.
TEST_F(TrackAnalyticsTest, TheToleranceReachesBackBeyondTheRange) {
  const TimeRange range{1'000 * kSecond + 31'000'000, 1'000 * kSecond + 33'000'000};
  TrackAnalytics analysis = analytics("n", range, "gps");
  EXPECT_EQ(
      analysis.calculate_correlation({"imu", ValueField::parse("n", {})}, 5'000'000)->sample_count,
      1u);
}

TEST_F(TrackAnalyticsTest, WithoutAFieldItIsTheTimeBetweenPoints) {
  TrackAnalytics analysis(bags_->readers(), {.track = "imu"});
  const Percentiles found = analysis.calculate_percentiles(std::vector{50.0}).value();
  EXPECT_EQ(found.total_count, 5'999u);
  EXPECT_NEAR(found.values[0].second, 0.01, 1e-6);
  EXPECT_EQ(analysis.reading().skipped.absent, 1u);
}

// Frame 50 came 3 ms late and frames 60 to 62 never.
TEST_F(TrackAnalyticsTest, LateAndLostFramesAreAnomaliesOfTheTimeBetween) {
  std::vector<BagPoint> written;
  for (int i = 0; i < 200; ++i) {
    if (i >= 60 && i <= 62) continue;
    written.push_back({"cam", 1.0 + i * 0.01 + (i == 50 ? 0.003 : 0.0), {{"n", i}}});
  }
  const BagReader bag = BagReader::open(write_bag(folder_.path("c.zbag"), written)).value();
  TrackAnalytics analysis({&bag, 1}, {.track = "cam"});
  std::vector<Anomaly> found;
  ASSERT_TRUE(analysis.detect_anomalies(3.0, [&](const Anomaly& one) { found.push_back(one); }));
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NEAR(found[0].value, 0.04, 1e-9);
  EXPECT_NEAR(static_cast<double>(found[0].time), 1.63e9, 1e3);
}

TEST_F(TrackAnalyticsTest, GroupsAreCountedWithAndWithoutAField) {
  TrackAnalytics with = analytics("n", TimeRange::all(), "gps");
  const auto counted = with.calculate_top_values(ValueField::parse("fix", {}), 5).value();
  ASSERT_THAT(counted, SizeIs(2));
  EXPECT_EQ(counted[0].group, Group(false));
  EXPECT_EQ(counted[0].count, 400u);
  EXPECT_EQ(counted[1].numbers.min, 3.0);
  TrackAnalytics alone(bags_->readers(), {.track = "imu"});
  const auto words = alone.calculate_top_values(ValueField::parse("ax", {}), 5).value();
  ASSERT_THAT(words, SizeIs(1));
  EXPECT_EQ(words[0].group, Group(std::string("broken")));
  EXPECT_EQ(words[0].count, 60u);
  EXPECT_EQ(alone.reading().other_skipped.not_numbers, 5'940u);
}

TEST_F(TrackAnalyticsTest, WhoWatchesHearsEveryNumberOnceInWhateverIsCalculated) {
  const Column all = points("ax");
  std::size_t numbers = 0;
  for (const double value : all.values) numbers += std::isfinite(value) ? 1 : 0;
  for (const bool is_twice : {false, true}) {
    TrackAnalytics analysis = analytics("ax");
    Column heard;
    analysis.watch([&](std::int64_t key, double number) {
      heard.keys.push_back(key);
      heard.values.push_back(number);
    });
    if (is_twice) {  // it reads once for the mean and once for what is far from it
      ASSERT_TRUE(analysis.detect_anomalies(3.0, [](const Anomaly&) {}));
    } else {
      ASSERT_TRUE(analysis.calculate_percentiles(kUsualPercents));
    }
    EXPECT_THAT(heard.values, SizeIs(numbers));
    EXPECT_TRUE(std::is_sorted(heard.keys.begin(), heard.keys.end()));
  }
}

TEST_F(TrackAnalyticsTest, ItStopsWhenAsked) {
  TrackAnalytics analysis(bags_->readers(), {.track = "imu",
                                             .field = ValueField::parse("n", {}),
                                             .go_on = [](std::int64_t) { return false; }});
  const auto found = analysis.calculate_percentiles(kUsualPercents);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kClosed);
}

TEST_F(TrackAnalyticsTest, PointsOfSeveralBagsComeInOrderOfTime) {
  TrackValues values =
      TrackValues::open(bags_->readers(), {.track = "imu", .fields = {ValueField::parse("n", {})}})
          .value();
  std::vector<double> numbers;
  ValueChunk chunk;
  while (values.next(chunk).value())
    numbers.insert(numbers.end(), chunk.numbers[0].begin(), chunk.numbers[0].end());
  ASSERT_THAT(numbers, SizeIs(6'000));
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  EXPECT_EQ(values.points(), 6'000u);
}

}  // namespace
}  // namespace zbag
