#include "player/timings/timing_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kLong =
    R"({"run_metadata":{"registration_id":"a"},"timings":{"total_seconds":2.5,"phases":)"
    R"({"p":{"total_seconds":2.5}}}})";
constexpr const char* kShort = R"({"registration_id":"b","phases":{"p":{"total":1.5}}})";
constexpr const char* kTorn = R"({"registration_id":"c","pha)";

class TimingFileTest : public testing::Test {
 protected:
  Result<TimingReading> read(const std::string& text, bool is_lenient = false) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_timings(path_,
                        {.is_lenient = is_lenient,
                         .warn = [this](const std::string& said) { warned_.push_back(said); }},
                        [this](TimingRecord record, const std::string& place) -> Status {
                          ids_.push_back(record.metadata_text("registration_id"));
                          totals_.push_back(record.total_seconds);
                          places_.push_back(place);
                          return {};
                        });
  }

  TempDir dir_;
  std::string path_ = dir_.path("t.jsonl");
  std::vector<std::string> ids_;
  std::vector<double> totals_;
  std::vector<std::string> places_;
  std::vector<std::string> warned_;
};

TEST_F(TimingFileTest, ReadsBothFormsInOneFile) {
  const Result<TimingReading> reading = read(std::string(kLong) + "\n\n" + kShort + "\n");
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->records, 2u);
  EXPECT_THAT(ids_, ElementsAre("a", "b"));
  EXPECT_THAT(totals_, ElementsAre(2.5, 1.5));
  EXPECT_THAT(places_, ElementsAre(EndsWith("t.jsonl:1"), EndsWith("t.jsonl:3")));
  EXPECT_THAT(warned_, IsEmpty());
}

TEST_F(TimingFileTest, PassesOverATornLastLineWithAWarning) {
  const std::string whole = std::string(kLong) + "\n" + kShort;
  // Wherever it is torn but at its end, and behind a line end, too.
  for (const char* const end : {"", "\n", "\n\n"}) {
    ids_.clear();
    warned_.clear();
    const Result<TimingReading> reading = read(std::string(kLong) + "\n" + kTorn + end);
    ASSERT_TRUE(reading);
    EXPECT_THAT(ids_, ElementsAre("a"));
    EXPECT_THAT(warned_, ElementsAre(testing::AllOf(HasSubstr("t.jsonl:2"), HasSubstr("torn"))));
    EXPECT_EQ(reading->skipped, 0u);
  }
}

TEST_F(TimingFileTest, FailsOnOtherLinesThatAreNoRecords) {
  for (const std::string& bad : {std::string(kTorn), std::string("3"), std::string("{\"a\":1}")}) {
    const Result<TimingReading> reading = read(bad + "\n" + kLong + "\n");
    ASSERT_FALSE(reading) << bad;
    EXPECT_EQ(reading.error().code, ErrorCode::kDamaged);
    EXPECT_THAT(reading.error().message, HasSubstr("t.jsonl:1"));
    EXPECT_THAT(reading.error().message, HasSubstr("--lenient"));
  }
}

TEST_F(TimingFileTest, PassesOverThemWhenLenientAndCounts) {
  const Result<TimingReading> reading =
      read(std::string("x\n") + kLong + "\ny\n" + kShort + "\n", true);
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->skipped, 2u);
  EXPECT_THAT(ids_, ElementsAre("a", "b"));
  EXPECT_EQ(warned_.size(), 2u);
}

TEST_F(TimingFileTest, EndsWithTheErrorOfWhoTakes) {
  std::ofstream(path_) << kLong << "\n";
  const auto stop = [](TimingRecord, const std::string&) -> Status {
    return fail(ErrorCode::kClosed, "enough");
  };
  EXPECT_EQ(read_timings(path_, {}, stop).error().code, ErrorCode::kClosed);
  EXPECT_EQ(read_timings(dir_.path("absent"), {}, stop).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace zbag
