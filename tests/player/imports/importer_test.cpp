#include "player/imports/importer.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "schemas/kinds/known_kinds.hpp"
#include "schemas/text_bytes.hpp"
#include "tests/support/fake_sink.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ImporterTest : public testing::Test {
 protected:
  Importer importer() {
    return Importer(*session_,
                    {.goes_on = [this] { return sent_.count() < frames_max_; },
                     .warn = [this](const std::string& text) { warnings_.push_back(text); },
                     .note = [this](const std::string& text) { notes_.push_back(text); },
                     .tracks = tracks_});
  }
  static Status add(Importer&& importer, const std::string& path) { return add(importer, path); }
  static Status add(Importer& importer, const std::string& path) {
    const auto reader = open_recording({path}, {}).value();
    return importer.add(*reader);
  }
  std::string file(const std::string& text) {
    std::ofstream(dir_.path("in.jsonl"), std::ios::binary) << text;
    return dir_.path("in.jsonl");
  }
  static std::string line(const std::string& track, const std::string& seconds) {
    return R"({"track":")" + track + R"(","_ts":)" + seconds + R"(,"fields":{"x":1,"_note":2}})" +
           "\n";
  }

  TempDir dir_;
  SentFrames sent_;
  ManualTime time_;
  std::unique_ptr<Session> session_ = session_into(sent_, time_);
  std::size_t frames_max_ = 1'000;
  std::vector<std::string> warnings_;
  std::vector<std::string> notes_;
  std::optional<TrackFilter> tracks_;
};

TEST_F(ImporterTest, AppendsEveryFrameAsItIsStamped) {
  Importer importer = this->importer();
  ASSERT_TRUE(add(importer, file(line("a", "1.5") + line("b", "0.5"))));
  EXPECT_THAT(sent_.stamps("a"), ElementsAre(1.5));
  EXPECT_THAT(sent_.stamps("b"), ElementsAre(0.5));
  EXPECT_EQ(importer.counts().frames, 2u);
}

TEST_F(ImporterTest, KeepsForeignFieldsThatBeginWithAnUnderscore) {
  ASSERT_TRUE(add(importer(), file(line("a", "1.5"))));
  EXPECT_EQ(sent_.all().front().fields, (Fields{{"x", 1}, {"_note", 2}}));
}

TEST_F(ImporterTest, TellsOnceOfWhatStandsBesideAFrame) {
  const std::string with_more = R"({"track":"a","_ts":1.5,"extra":5,"fields":{"x":1}})";
  Importer importer = this->importer();
  ASSERT_TRUE(add(importer, file(with_more + "\n" + with_more + "\n")));
  EXPECT_EQ(importer.counts().frames, 2u);
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("in.jsonl:1:"), HasSubstr("\"extra\""))));
}

TEST_F(ImporterTest, CountsTellsAndPassesOverALineThatIsNone) {
  Importer importer = this->importer();
  ASSERT_TRUE(add(importer, file("{}\n" + line("a", "1.5"))));
  EXPECT_EQ(importer.counts().refused, 1u);
  EXPECT_EQ(importer.counts().frames, 1u);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("in.jsonl:1:")));
}

TEST_F(ImporterTest, TellsOfTwentyLinesAtMost) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "{}\n";
  Importer importer = this->importer();
  ASSERT_TRUE(add(importer, file(text)));
  EXPECT_EQ(importer.counts().refused, 100u);
  EXPECT_THAT(warnings_, SizeIs(21));
}

TEST_F(ImporterTest, NamesTheLineOfAFrameTheSessionRefuses) {
  Importer importer = this->importer();
  ASSERT_TRUE(add(importer, file(line("a", "1.5") + line("_sys/x", "2.5"))));
  EXPECT_EQ(importer.counts().refused, 1u);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("in.jsonl:2:")));
}

TEST_F(ImporterTest, EndsWithTheSessionsErrorAndKeepsItsCounts) {
  sent_.fail_track("b", ErrorCode::kDiskFull);
  Importer importer = this->importer();
  const Status status = add(importer, file(line("a", "1.5") + line("b", "2.5") + line("a", "3.5")));
  EXPECT_EQ(status.error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(importer.counts().frames, 1u);
}

TEST_F(ImporterTest, EndsAFileEarlyWhenToldTo) {
  frames_max_ = 1;
  ASSERT_TRUE(add(importer(), file(line("a", "1.5") + line("a", "2.5"))));
  EXPECT_THAT(sent_.all(), SizeIs(1));
}

// A recording that a test writes down as calls of the sink.
class Told : public FormatReader {
 public:
  explicit Told(std::function<Status(ImportSink&)> tell) : tell_(std::move(tell)) {}
  Status read(ImportSink& sink) override { return tell_(sink); }
  std::string place() const override { return "told: message 7"; }
  std::optional<double> share() const override { return std::nullopt; }

 private:
  const std::function<Status(ImportSink&)> tell_;
};

Status send(ImportSink& sink, const std::string& track, double seconds) {
  std::string map;
  encode_fields({{"x", 1}}, map);
  return sink.frame(track, *Timestamp::from_seconds(seconds), bytes_of(map));
}

const OriginalSchema kImu{"sensor_msgs/Imu", "ros1msg", "float64 x\n", "ros1"};

TEST_F(ImporterTest, KeepsWhatMessagesWereBesideTheFirstOfTheirTrack) {
  Told told([](ImportSink& sink) -> Status {
    sink.schema("a", kImu);
    sink.schema("never", kImu);
    static_cast<void>(send(sink, "b", 0.5));
    static_cast<void>(send(sink, "a", 1.5));
    sink.schema("a", kImu);  // again, as of another connection
    return send(sink, "a", 2.5);
  });
  session_ = session_into(sent_, time_, {.system_tracks = true});
  ASSERT_TRUE(importer().add(told));
  EXPECT_THAT(sent_.stamps("_sys/original/a"), ElementsAre(1.5));
  EXPECT_EQ(read_original(sent_.of("_sys/original/a").front().fields), kImu);
  EXPECT_THAT(sent_.of("_sys/original/never"), SizeIs(0));
}

TEST_F(ImporterTest, KeepsOfWhichKindATrackIs) {
  const std::vector<Joint> joints = {{.name = "hips", .parent = "", .channels = {"Xrotation"}}};
  Told told([&](ImportSink& sink) -> Status {
    sink.kind("m", "markers", {});
    sink.kind("body", "skeleton", joints);
    static_cast<void>(send(sink, "m", 0.5));
    return send(sink, "body", 1.5);
  });
  session_ = session_into(sent_, time_, {.system_tracks = true});
  ASSERT_TRUE(importer().add(told));
  EXPECT_EQ(sent_.of("_sys/schema/m").front().fields, (Fields{{"kind", "markers"}}));
  EXPECT_THAT(sent_.stamps("_sys/schema/body"), ElementsAre(1.5));
  const auto kind = parse_kind(sent_.of("_sys/schema/body").front().fields);
  ASSERT_TRUE(kind);
  EXPECT_EQ(kind->joints, joints);
  EXPECT_EQ(kind->fields, known_kind("skeleton").value().fields);
}

TEST_F(ImporterTest, SaysWhereAFrameIsThatTheSessionRefuses) {
  Told told([](ImportSink& sink) { return send(sink, "a//b", 1.5); });
  ASSERT_TRUE(importer().add(told));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("told: message 7: ")));
}

TEST_F(ImporterTest, TellsTheSameOnce) {
  Told told([](ImportSink& sink) -> Status {
    sink.note("one");
    sink.note("two");
    sink.note("one");
    sink.leave_out("three");
    sink.leave_out("three");
    return {};
  });
  Importer importer = this->importer();
  ASSERT_TRUE(importer.add(told));
  EXPECT_THAT(notes_, ElementsAre("one", "two"));
  EXPECT_THAT(warnings_, ElementsAre("three"));
  EXPECT_EQ(importer.counts().left_out, 2u);
}

TEST_F(ImporterTest, TakesTheTracksThatAreChosen) {
  tracks_ = TrackFilter::parse({"arm"}).value();
  Importer importer = this->importer();
  ASSERT_TRUE(add(importer, file(line("arm", "1.5") + line("camera", "2.5"))));
  EXPECT_EQ(importer.counts().frames, 1u);
  EXPECT_THAT(sent_.stamps("arm"), ElementsAre(1.5));
  EXPECT_THAT(importer.tracks(), ElementsAre("arm", "camera"));
}

TEST_F(ImporterTest, NotesAnAttachmentThatNobodyKeeps) {
  Told told([](ImportSink& sink) { return sink.attach("a.yaml", "x"); });
  ASSERT_TRUE(importer().add(told));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("attachment a.yaml is left out")));
}

}  // namespace
}  // namespace zbag
