#include "schemas/timings/timing_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// The sample of the requirements, in the long form.
Value sample() {
  return Fields{
      {"run_metadata", Fields{{"registration_id", "SPUS55557"},
                              {"timestamp", "2025-01-14T10:30:00.123Z"},
                              {"model", "zai_glm4_5_air"},
                              {"constellation", "p1m1m2c"},
                              {"git_commit", "c857d44"},
                              {"max_items", 5}}},
      {"timings",
       Fields{{"total_seconds", 50.415},
              {"phases",
               Fields{{"phase1", Fields{{"total_seconds", 34.522},
                                        {"breakdown", Fields{{"setup_seconds", 0.1},
                                                             {"agent_conversation_seconds", 33.2},
                                                             {"file_write_seconds", 0.5},
                                                             {"capacity_update_seconds", 0.822}}},
                                        {"agents", Array{"matcher1", "critic"}}}},
                      {"phase2", Fields{{"total_seconds", 15.893},
                                        {"breakdown", Fields{{"setup_seconds", 0.05},
                                                             {"agent_conversation_seconds", 14.9},
                                                             {"file_write_seconds", 0.993}}},
                                        {"agents", Array{"matcher2"}}}}}}}}};
}

// The same run in the short form.
Value short_sample() {
  return Fields{
      {"registration_id", "SPUS55557"},
      {"timestamp", "2025-01-14T10:30:00Z"},
      {"model", "zai_glm4_5_air"},
      {"constellation", "p1m1m2c"},
      {"phases",
       Fields{{"phase1", Fields{{"total", 34.522},
                                {"agent_conversation", 33.2},
                                {"file_write", 0.5},
                                {"capacity_update", 0.822}}},
              {"phase2",
               Fields{{"total", 15.893}, {"agent_conversation", 14.9}, {"file_write", 0.993}}}}}};
}

TEST(TimingRecordTest, ComesBackAsItWasNested) {
  const TimingRecord record = timing_record_of(sample()).value();
  EXPECT_EQ(Value(fields_of(record)), sample());
  EXPECT_EQ(record.total_seconds, 50.415);
  ASSERT_NE(record.find_phase("phase1"), nullptr);
  EXPECT_THAT(record.find_phase("phase1")->agents, ElementsAre("matcher1", "critic"));
  EXPECT_EQ(record.find_phase("phase3"), nullptr);
}

TEST(TimingRecordTest, ReadsBothFormsToTheSameTotals) {
  const TimingRecord of_long = timing_record_of(sample()).value();
  const TimingRecord of_short = timing_record_of(short_sample()).value();
  EXPECT_DOUBLE_EQ(of_short.total_seconds, of_long.total_seconds);
  ASSERT_EQ(of_short.phases.size(), of_long.phases.size());
  for (std::size_t i = 0; i < of_long.phases.size(); ++i) {
    EXPECT_EQ(of_short.phases[i].name, of_long.phases[i].name);
    EXPECT_EQ(of_short.phases[i].total_seconds, of_long.phases[i].total_seconds);
    for (const auto& part : of_short.phases[i].breakdown)
      EXPECT_THAT(of_long.phases[i].breakdown, testing::Contains(part));
  }
  EXPECT_EQ(of_short.metadata_text("model"), of_long.metadata_text("model"));
  // Written in the long form, it is the same record again.
  EXPECT_EQ(timing_record_of(Value(fields_of(of_short))).value(), of_short);
}

TEST(TimingRecordTest, KeepsWhatALaterVersionAdds) {
  const Value line = Fields{
      {"version", 2},
      {"run_metadata", Fields{{"registration_id", "a"}, {"host", Fields{{"cores", 2}}}}},
      {"timings", Fields{{"total_seconds", 1.0},
                         {"phases", Fields{{"p", Fields{{"total_seconds", 1.0}, {"calls", 7}}}}},
                         {"cpu_seconds", 0.5}}}};
  const TimingRecord record = timing_record_of(line).value();
  EXPECT_EQ(record.total_seconds, 1.0);
  EXPECT_THAT(line_of(record), HasSubstr("\"calls\":7"));
  EXPECT_EQ(timing_record_of(Value(fields_of(record))).value(), record);
}

TEST(TimingRecordTest, WritesOneLineWithKeysInOneOrder) {
  std::vector<PhaseTiming> phases(1);
  phases[0].name = "encode";
  phases[0].total_seconds = 1.5;
  phases[0].breakdown = {{"floats_seconds", 1.25}};
  phases[0].agents = {"merge thread"};
  const TimingRecord record =
      make_timing_record("day.zbag", 1736850600.123, phases, {{"model", "a\nb"}, {"max_items", 5}});
  EXPECT_EQ(line_of(record),
            R"({"run_metadata":{"registration_id":"day.zbag",)"
            R"("timestamp":"2025-01-14T10:30:00.123Z","model":"a\nb","max_items":5},)"
            R"("timings":{"total_seconds":1.5,"phases":{"encode":{"total_seconds":1.5,)"
            R"("breakdown":{"floats_seconds":1.25},"agents":["merge thread"]}}}})"
            "\n");
}

TEST(TimingRecordTest, LetsMetadataOfTheCallerOverride) {
  const TimingRecord record =
      make_timing_record("a", 0.0, {}, {{"registration_id", "b"}, {"model", "m"}});
  EXPECT_EQ(record.metadata_text("registration_id"), "b");
  EXPECT_EQ(record.metadata_text("timestamp"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(record.metadata_text("model"), "m");
  EXPECT_EQ(record.metadata_text("absent"), "");
}

TEST(TimingRecordTest, RefusesWhatIsNoRecordByItsKey) {
  const auto why = [](Value line) { return timing_record_of(line).error().message; };
  EXPECT_THAT(why(Array{1}), HasSubstr("object"));
  EXPECT_THAT(why(Fields{{"a", 1}}), HasSubstr("neither timings nor phases"));
  EXPECT_THAT(why(Fields{{"phases", Fields{{"p", Fields{{"total", "3"}}}}}}),
              HasSubstr("phases.p.total is no number"));
  EXPECT_THAT(why(Fields{{"phases", Fields{{"p", Fields{{"a", 1.0}}}}}}), HasSubstr("no total"));
  EXPECT_THAT(why(Fields{{"phases", 3}}), HasSubstr("phases is no object"));
  EXPECT_THAT(why(Fields{{"timings", Fields{{"total_seconds", true}}}}),
              HasSubstr("timings.total_seconds is no number"));
  EXPECT_THAT(why(Fields{{"timings", Fields{{"phases", Fields{{"p", Fields{}}}}}}}),
              HasSubstr("phases.p has no total_seconds"));
}

// The breakdowns of the document's own sample come to 34.622 and 15.943.
TEST(TimingRecordTest, RemarksWhereTotalsAreNotTheirParts) {
  const TimingRecord record = timing_record_of(sample()).value();
  EXPECT_THAT(remarks(record),
              ElementsAre(testing::AllOf(HasSubstr("phases.phase1"), HasSubstr("34.622")),
                          testing::AllOf(HasSubstr("phases.phase2"), HasSubstr("15.943"))));
  TimingRecord other = timing_record_of(short_sample()).value();
  EXPECT_THAT(remarks(other), IsEmpty());
  other.total_seconds += 1.0;
  EXPECT_THAT(remarks(other), ElementsAre(HasSubstr("timings")));
}

TEST(TimingRecordTest, SumsUpInOneLineOfCsv) {
  EXPECT_EQ(timing_summary_head(), "registration_id,total_seconds,model,timestamp\n");
  TimingRecord record = timing_record_of(sample()).value();
  EXPECT_EQ(timing_summary_line(record),
            "SPUS55557,50.415,zai_glm4_5_air,2025-01-14T10:30:00.123Z\n");
  record.run_metadata = {{"registration_id", "a \"b\""}, {"model", "glm, air"}};
  record.total_seconds = 1.0 / 3.0;
  EXPECT_EQ(timing_summary_line(record), "\"a \"\"b\"\"\",0.333,\"glm, air\",\n");
}

// A hundred of them, beside the rows of the old table of nine columns that the document counts.
TEST(TimingRecordTest, TakesLessThanThreeTimesTheRoomOfTheTable) {
  const std::string row =
      "SPUS55557,2025-01-14T10:30:00Z,zai_glm4_5_air,p1m1m2c,34.522,33.200,0.500,0.822,15.893,"
      "14.900,0.993\n";
  const std::string head =
      "registration_id,timestamp,model,constellation,matcher1_critic_time_seconds,"
      "phase1_agent_conversation_seconds,phase1_file_write_seconds,"
      "phase1_capacity_update_seconds,matcher2_time_seconds,phase2_agent_conversation_seconds,"
      "phase2_file_write_seconds\n";
  // The document's figure: 180 bytes a row.
  constexpr std::size_t kRowBytes = 180;
  EXPECT_LE(row.size() + head.size() / 100, kRowBytes);
  const std::string line = line_of(timing_record_of(short_sample()).value());
  const double ratio = static_cast<double>(line.size()) / static_cast<double>(kRowBytes);
  RecordProperty("ratio", std::to_string(ratio));
  EXPECT_LT(ratio, 3.0);
}

}  // namespace
}  // namespace zbag
