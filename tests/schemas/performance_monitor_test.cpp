#include "schemas/performance_monitor.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// S4.29 to S4.32, requirements §4.8.
class PerformanceMonitorTest : public testing::Test {
 protected:
  void add(const std::string& type, const std::string& table, double time, std::uint64_t rows,
           bool success = true) {
    monitor_.add({type, table, time, rows, now_, success, success ? "" : "broken"});
  }

  double now_ = 10'000.0;
  double steady_ = 0.0;
  PerformanceMonitor monitor_{{[this] { return now_; }, [this] { return steady_; }}};
};

TEST_F(PerformanceMonitorTest, HasNoSummaryOfNothing) {
  EXPECT_FALSE(monitor_.summary());
  EXPECT_FALSE(monitor_.table("imu"));
  EXPECT_THAT(monitor_.slow(), SizeIs(0));
}

TEST_F(PerformanceMonitorTest, CountsWhatFailedAndLeavesItOutOfMeans) {
  add("sql", "imu", 1.0, 10);
  add("sql", "imu", 3.0, 30);
  add("flush", "gps", 0.5, 5);
  add("sql", "imu", 100.0, 7, false);
  const PerformanceSummary summary = *monitor_.summary();
  EXPECT_EQ(summary.total, 4u);
  EXPECT_EQ(summary.successful, 3u);
  EXPECT_EQ(summary.failed, 1u);
  EXPECT_DOUBLE_EQ(summary.success_rate, 75.0);
  EXPECT_DOUBLE_EQ(summary.avg_time, 1.5);
  EXPECT_DOUBLE_EQ(summary.max_time, 3.0);
  EXPECT_EQ(summary.total_rows, 45u);
  EXPECT_EQ(summary.by_type.at("sql").count, 3u);
  EXPECT_DOUBLE_EQ(summary.by_type.at("sql").avg_time, 2.0);
  EXPECT_EQ(summary.by_type.at("sql").rows, 40u);
  EXPECT_EQ(fields_of(summary).front(), (Fields::value_type{"total_queries", 4}));
}

TEST_F(PerformanceMonitorTest, LooksAtAWindow) {
  add("sql", "imu", 1.0, 1);
  now_ += 3'601.0;
  EXPECT_FALSE(monitor_.summary());
  EXPECT_EQ(monitor_.summary(PerformanceMonitor::Seconds(4'000.0))->total, 1u);
  add("sql", "imu", 1.0, 1);
  EXPECT_EQ(monitor_.summary()->total, 1u);
  EXPECT_EQ(monitor_.table("imu")->total, 1u);
}

TEST_F(PerformanceMonitorTest, NamesTheSlowestFirstAndOnlyWhatIsSlower) {
  for (const double time : {1.0, 5.0, 7.0, 6.0}) add("sql", "imu", time, 0);
  std::vector<double> times;
  for (const PerformanceMetric& metric : monitor_.slow()) times.push_back(metric.execution_time);
  EXPECT_THAT(times, ElementsAre(7.0, 6.0));
  EXPECT_THAT(monitor_.slow(PerformanceMonitor::Seconds(0.0), 3), SizeIs(3));
}

TEST_F(PerformanceMonitorTest, KnowsOneTable) {
  add("sql", "imu", 1.0, 10);
  add("sql", "imu", 2.0, 20);
  add("sql", "imu", 2.0, 20, false);
  add("sql", "gps", 2.0, 20);
  const TablePerformance table = *monitor_.table("imu");
  EXPECT_EQ(table.total, 3u);
  EXPECT_EQ(table.total_rows, 30u);
  EXPECT_DOUBLE_EQ(table.avg_rows, 15.0);
  EXPECT_DOUBLE_EQ(table.avg_time, 1.5);
}

TEST_F(PerformanceMonitorTest, KeepsTheLastThousand) {
  for (int i = 0; i < 1'001; ++i) add("sql", "imu", i, 0);
  EXPECT_THAT(monitor_.metrics(), SizeIs(1'000));
  EXPECT_DOUBLE_EQ(monitor_.metrics().front().execution_time, 1.0);
  monitor_.clear();
  EXPECT_THAT(monitor_.metrics(), SizeIs(0));
}

TEST_F(PerformanceMonitorTest, MeasuresByTheMonotonicClock) {
  {
    PerformanceMonitor::Timer timer(monitor_, "flush", "imu");
    steady_ += 0.25;
    now_ -= 100.0;  // somebody sets the clock
    timer.done(3);
  }
  {
    PerformanceMonitor::Timer timer(monitor_, "flush", "imu");
    timer.failed("the disk is full");
  }
  const auto metrics = monitor_.metrics();
  ASSERT_THAT(metrics, SizeIs(2));
  EXPECT_DOUBLE_EQ(metrics[0].execution_time, 0.25);
  EXPECT_TRUE(metrics[0].success);
  EXPECT_FALSE(metrics[1].success);
  EXPECT_EQ(metrics[1].error, "the disk is full");
}

}  // namespace
}  // namespace zbag
