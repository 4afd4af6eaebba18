#include "schemas/frame_layout.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

// Whatever came before, a frame is what scan_frame() says it is.
void expect_same(FrameLayout& layout, const std::string& frame) {
  const ScanOutcome got = layout.scan(as_bytes(frame));
  const ScanOutcome wanted = scan_frame(as_bytes(frame));
  ASSERT_EQ(got.refusal, wanted.refusal);
  if (wanted.refusal) return;
  ASSERT_EQ(got.scan.stamp_kind, wanted.scan.stamp_kind);
  ASSERT_EQ(got.scan.stamp.ns(), wanted.scan.stamp.ns());
  ASSERT_EQ(std::bit_cast<std::uint64_t>(got.scan.stamp.seconds()),
            std::bit_cast<std::uint64_t>(wanted.scan.stamp.seconds()));
  ASSERT_EQ(got.scan.seq, wanted.scan.seq);
  ASSERT_EQ(got.scan.src, wanted.scan.src);
  ASSERT_EQ(got.scan.latch, wanted.scan.latch);
  ASSERT_EQ(got.scan.fields, wanted.scan.fields);
  ASSERT_EQ(got.scan.shape, wanted.scan.shape);
  ASSERT_EQ(got.scan.range_count, wanted.scan.range_count);
  for (std::size_t i = 0; i < wanted.scan.range_count; ++i) {
    ASSERT_EQ(got.scan.ranges[i].begin, wanted.scan.ranges[i].begin);
    ASSERT_EQ(got.scan.ranges[i].end, wanted.scan.ranges[i].end);
  }
}

TEST(FrameLayout, RefusesNothingAtAllAsTheScanDoes) {
  FrameLayout layout;
  expect_same(layout, "");
  expect_same(layout, "\x80");
  expect_same(layout, "\x80");
  expect_same(layout, "");
}

TEST(FrameLayout, FollowsNumbersThroughTheirSizes) {
  FrameLayout layout;
  for (std::int64_t i = 0; i < 70'000; i += i < 300 ? 1 : 997) {
    const auto x = static_cast<double>(i);
    expect_same(layout,
                encoded({{"_ts", 1e9 + x}, {"_seq", i}, {"_src", 7}, {"n", -i}, {"x", x / 3}}));
  }
  EXPECT_GT(layout.served(), 30u);
}

TEST(FrameLayout, SeesTheStampsThatAreNone) {
  FrameLayout layout;
  for (const double stamp : {1.0, 2.0, -1.0, 3.0, double(NAN), double(INFINITY), 1e300, 4.0})
    expect_same(layout, encoded({{"_ts", stamp}, {"a", 1.5}}));
}

TEST(FrameLayout, SeesALatchComeAndGo) {
  FrameLayout layout;
  for (const bool latch : {false, false, true, true, false})
    expect_same(layout, encoded({{"_ts", 1.0}, {"_latch", latch}, {"on", !latch}}));
}

TEST(FrameLayout, SeesNamesAndTypesOfEqualLengthChange) {
  FrameLayout layout;
  const std::vector<Fields> frames = {{{"a", 1.5}, {"b", 2.5}}, {{"a", 1.5}, {"c", 2.5}},
                                      {{"a", 1.5}, {"a", 2.5}}, {{"a", 1.5}, {"b", INT64_MIN}},
                                      {{"a", "x"}, {"b", "y"}}, {{"a", 1}, {"b", Value()}},
                                      {{"a", 1}, {"b", true}},  {{"a", -1}, {"b", false}}};
  for (const Fields& before : frames) {
    for (const Fields& after : frames) {
      expect_same(layout, encoded(before));
      expect_same(layout, encoded(before));
      expect_same(layout, encoded(after));
    }
  }
}

// Frames of many kinds, each several times with some bits turned over.
TEST(FrameLayout, AgreesWithTheScanOnTurnedBits) {
  const std::vector<std::string> frames = {
      encoded({{"_ts", 1.5}, {"_seq", 300}, {"_src", 1ull << 60}, {"x", 0.25}, {"ok", true}}),
      encoded({{"q", Array{0.5, 1.5, 2.5}}, {"_ts", 5}, {"name", "left"}, {"_seq", 3}}),
      encoded({{"blob", Binary{"\x01\x02\x03"}},
               {"_ts", 2.0},
               {"m", Fields{{"k", 1}, {"l", Array{Value(), -7, "s"}}}}}),
      from_hex("82 a3 5f7473 d7 ff 0101010101010101 a1 7a c7 02 05 7a7a"),
      from_hex("82 a4 5f737263 cc 05 a3 5f7473 d2 00000007")};
  std::mt19937_64 random(11);
  std::size_t passed = 0;
  for (const std::string& frame : frames) {
    FrameLayout layout;
    for (int i = 0; i < 20'000; ++i) {
      std::string turned = frame;
      for (std::uint64_t flips = random() % 4; flips > 0; --flips)
        turned[random() % turned.size()] ^= static_cast<char>(1u << random() % 8);
      if (i % 2 == 0) {
        expect_same(layout, frame);  // so that it is the one that was learnt
        expect_same(layout, frame);
      }
      expect_same(layout, turned);
      if (HasFatalFailure()) return;
      passed += scan_frame(as_bytes(turned)).refusal ? 0 : 1;
    }
  }
  EXPECT_GT(passed, 20'000u);
}

TEST(FrameLayout, LeavesLargeFramesToTheScan) {
  FrameLayout layout;
  for (int i = 0; i < 3; ++i)
    expect_same(layout, encoded({{"_ts", 1.0 + i}, {"blob", Binary{std::string(5'000, 'b')}}}));
  EXPECT_EQ(layout.served(), 0u);
}

}  // namespace
}  // namespace zbag
