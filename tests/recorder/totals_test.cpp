#include "recorder/totals.hpp"

#include <gtest/gtest.h>

#include "recorder/bag/read/summary.hpp"

namespace zbag {
namespace {

constexpr std::uint64_t kMax = UINT64_MAX;

// A sum of what strangers number that wrapped would say that nothing is lost.
TEST(TotalsTest, StopsTheSumOfLossesAtTheEndOfItsRange) {
  RecordingTotals totals;
  totals.tracks["a"].lost = kMax - 1;
  totals.tracks["b"].lost = 2;
  EXPECT_EQ(totals.lost(), kMax);
  BagSummary bag;
  bag.tracks.resize(2);
  bag.tracks[0].lost = kMax - 1;
  bag.tracks[1].lost = 2;
  EXPECT_EQ(bag.lost(), kMax);
}

TEST(TotalsTest, StopsTheSumsOfFatesThere) {
  Fate fate;
  fate.received = fate.refused[0] = fate.refused[1] = kMax;
  fate += fate;
  EXPECT_EQ(fate.received, kMax);
  EXPECT_EQ(fate.refused_total(), kMax);
}

}  // namespace
}  // namespace zbag
