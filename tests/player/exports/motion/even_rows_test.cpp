#include "player/exports/motion/even_rows.hpp"

#include <gtest/gtest.h>

#include <array>

namespace zbag {
namespace {

constexpr std::int64_t kMs = 1'000'000;

struct Made {
  EvenRows::Clock clock;
  std::vector<double> seconds;
  std::vector<double> values;
};

Result<Made> rows_of(const std::vector<std::int64_t>& keys) {
  Spool spool = Spool::create().value();
  EvenRows rows(spool, 1);
  for (const std::int64_t key : keys) {
    const std::array value{static_cast<double>(key) / 1e9};
    EXPECT_TRUE(rows.add(key, value));
  }
  const Result<EvenRows::Clock> clock = rows.clock("m");
  if (!clock) return tl::unexpected(clock.error());
  Made made{*clock, {}, {}};
  const auto between = [](std::span<const double> a, std::span<const double> b, double share,
                          std::span<double> row) { row[0] = a[0] + (b[0] - a[0]) * share; };
  Status done =
      rows.each(*clock, between, [&](std::uint64_t number, double seconds, std::span<double> row) {
        EXPECT_EQ(number, made.values.size());
        made.seconds.push_back(seconds);
        made.values.push_back(row[0]);
        return Status();
      });
  EXPECT_TRUE(done);
  return made;
}

TEST(EvenRowsTest, PointsOfARegularTrackAreRowsAsTheyAre) {
  const Made made = rows_of({0, 11 * kMs, 20 * kMs, 30 * kMs}).value();
  EXPECT_TRUE(made.clock.is_regular);
  EXPECT_DOUBLE_EQ(made.clock.interval, 0.01);
  EXPECT_EQ(made.values, (std::vector<double>{0, 0.011, 0.02, 0.03}));
  EXPECT_DOUBLE_EQ(made.seconds[1], 0.01);
}

TEST(EvenRowsTest, RowsOfAnotherLieBetweenItsPoints) {
  const Made made = rows_of({0, 10 * kMs, 20 * kMs, 35 * kMs, 45 * kMs}).value();
  EXPECT_FALSE(made.clock.is_regular);
  ASSERT_EQ(made.values.size(), 5u);
  for (std::size_t n = 0; n < made.values.size(); ++n)
    EXPECT_NEAR(made.values[n], 0.01 * static_cast<double>(n), 1e-12);
}

TEST(EvenRowsTest, OnePointAndNoneAreSoManyRows) {
  EXPECT_TRUE(rows_of({}).value().values.empty());
  EXPECT_EQ(rows_of({7 * kMs}).value().values, std::vector<double>{0.007});
  EXPECT_EQ(rows_of({7 * kMs, 7 * kMs}).value().values.size(), 1u);
}

TEST(EvenRowsTest, GapsAndNothingElseAreRefused) {
  const Result<Made> made = rows_of({0, kMs, 2 * kMs, 1'000'000 * kMs});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace zbag
