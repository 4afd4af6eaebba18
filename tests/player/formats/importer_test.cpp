#include "player/formats/importer.hpp"

#include <gmock/gmock.h>

#include <fstream>

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
                     .warn = [this](const std::string& text) { warnings_.push_back(text); }});
  }
  static Status add(Importer&& importer, const std::string& path) { return add(importer, path); }
  static Status add(Importer& importer, const std::string& path) {
    NeutralReader reader = NeutralReader::open(path).value();
    return importer.add(reader);
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

}  // namespace
}  // namespace zbag
