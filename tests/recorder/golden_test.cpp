// Bags of every format version so far open and give back what was put in (style.md 4.16).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kStart = 1'795'202'544'000'000'000;

class GoldenV1Test : public testing::Test {
 protected:
  void SetUp() override {
    const char* const source = std::getenv("ZBAG_SOURCE");
    ASSERT_NE(source, nullptr) << "ctest sets ZBAG_SOURCE";
    std::filesystem::copy_file(std::string(source) + "/tests/golden/v1.zbag", path_);
  }
  std::vector<Seen> points(const std::string& track) {
    return read_all(BagReader::open(path_).value(), {.track = track});
  }

  TempDir dir_;
  const std::string path_ = dir_.path("v1.zbag");
};

TEST_F(GoldenV1Test, IsWhole) {
  const CheckReport report = check_bag(path_).value();
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.tracks, 4u);
  EXPECT_EQ(report.points, 55u);
  EXPECT_TRUE(report.unclosed);
}

TEST_F(GoldenV1Test, HoldsATrackWithLatePointsAndMerges) {
  const std::vector<Seen> arm = points("robot/arm");
  ASSERT_THAT(arm, SizeIs(52));
  EXPECT_EQ(arm[0].key, kStart);
  EXPECT_EQ(arm[0].seconds, 1'795'202'544.0);
  EXPECT_EQ(arm[0].fields, (Fields{{"q", std::vector<double>{0.0, -1.0}}, {"mode", "run"}}));
  EXPECT_EQ(arm[0].src, 0xfeedface);
  EXPECT_EQ(arm[0].seq, 0u);
  EXPECT_EQ(arm[1].key, kStart + 5'000'000);
  EXPECT_EQ(arm[1].fields, (Fields{{"late", 1}}));
  EXPECT_FALSE(arm[1].src.has_value());
  EXPECT_EQ(arm[2].fields, (Fields{{"q", std::vector<double>{0.5, -1.0}}, {"mode", "hold"}}));
  EXPECT_EQ(arm[50].fields, (Fields{{"q", std::vector<double>{24.5, -1.0}}, {"mode", "run"}}));
  EXPECT_EQ(arm[51].key, kStart + 1'000'000'000);
  EXPECT_EQ(arm[51].fields, (Fields{{"end", true}}));
}

TEST_F(GoldenV1Test, HoldsEveryKindOfValue) {
  const std::vector<Seen> kinds = points("kinds");
  ASSERT_THAT(kinds, SizeIs(1));
  EXPECT_EQ(kinds[0].seconds, -1.5);
  EXPECT_EQ(kinds[0].fields, (Fields{{"nil", nullptr},
                                     {"bool", true},
                                     {"negative", -7},
                                     {"big", ~0ull},
                                     {"float32", 0.1f},
                                     {"float64", 0.1},
                                     {"text", "\xe4\xb8\x96"},
                                     {"bin", Binary{std::string("\0\xff", 2)}},
                                     {"ext", Extension{5, "xyz"}},
                                     {"map", Fields{{"a", Fields{{"b", 1}}}}}}));
}

TEST_F(GoldenV1Test, HoldsTheExactStampAndALargePoint) {
  EXPECT_EQ(points("small/stamp").at(0).seconds, 0.033000000000000002);
  EXPECT_EQ(points("image").at(0).fields, (Fields{{"jpeg", Binary{std::string(40'000, 'j')}}}));
}

TEST_F(GoldenV1Test, NumbersPointsAsTheyWereWritten) {
  const Page page = BagReader::open(path_)->read_page("robot/arm", 49, 10).value();
  ASSERT_THAT(page.points, SizeIs(3));
  EXPECT_EQ(page.points[0].stamp().ns(), kStart + 490'000'000);
  EXPECT_EQ(page.points[1].stamp().ns(), kStart + 5'000'000);
  EXPECT_EQ(page.points[2].stamp().ns(), kStart + 1'000'000'000);
}

TEST_F(GoldenV1Test, HoldsItsRunsAndCounts) {
  const BagSummary summary = BagReader::open(path_)->summary().value();
  EXPECT_EQ(summary.bag.format, 1u);
  ASSERT_THAT(summary.runs, SizeIs(2));
  EXPECT_TRUE(summary.runs[0].closed);
  EXPECT_FALSE(summary.runs[1].closed);
  EXPECT_EQ(summary.runs[0].metadata, (Fields{{"robot", "arm-7"}, {"operator", "J\xc3\xbcrgen"}}));
  EXPECT_EQ(summary.runs[0].config, (Fields{{"sync_ms", 100}}));
  EXPECT_EQ(summary.unnamed.refused[static_cast<std::size_t>(Refusal::kBadName)], 3u);
  EXPECT_EQ(summary.fate().merged, 1u);
  EXPECT_EQ(summary.fate().overwritten, 1u);
  EXPECT_EQ(summary.fate().received, 59u);
  EXPECT_TRUE(summary.fate().balances());
  EXPECT_EQ(summary.lost(), 2u);
  ASSERT_THAT(summary.losses, SizeIs(1));
  EXPECT_EQ(summary.losses[0].publisher, "driver");
}

TEST_F(GoldenV1Test, CanBeGoneOnWith) {
  {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    RowStore store;
    ASSERT_TRUE(
        writer.write(small_batch(store, "robot/arm", kStart + 2'000'000'000, 9)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  EXPECT_THAT(points("robot/arm"), SizeIs(53));
  EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
}

}  // namespace
}  // namespace zbag
