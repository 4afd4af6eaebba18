#include "recorder/timings/timing_log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "recorder/timings/timing_writer.hpp"
#include "schemas/timings/phase_timer.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::istringstream text(content_of(path));
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

TimingRecord record_of(const std::string& id, double seconds = 1.5,
                       const std::string& model = "m") {
  std::vector<PhaseTiming> phases(1);
  phases[0].name = "encode";
  phases[0].total_seconds = seconds;
  return make_timing_record(id, 0.0, std::move(phases), {{"model", model}});
}

class TimingLogTest : public testing::Test {
 protected:
  TempDir dir_;
  std::string folder_ = dir_.path("runs/today");
  std::string detailed_ = folder_ + "/timings_detailed.jsonl";
  std::string summary_ = folder_ + "/timings_summary.csv";
};

TEST_F(TimingLogTest, MakesItsFolderAndAppendsALineARecord) {
  for (const char* id : {"a", "b"}) {
    TimingLog log = TimingLog::open(folder_, {}).value();
    ASSERT_TRUE(log.append(record_of(id)));
  }
  EXPECT_EQ(content_of(detailed_), line_of(record_of("a")) + line_of(record_of("b")));
  EXPECT_FALSE(std::filesystem::exists(summary_));  // no table unless one is asked for
}

TEST_F(TimingLogTest, WritesTheTableBesideWithOneHead) {
  for (const char* id : {"a", "b"}) {
    TimingLog log = TimingLog::open(folder_, {.enable_csv_output = true}).value();
    ASSERT_TRUE(log.append(record_of(id, 50.415, "glm, air")));
  }
  EXPECT_EQ(content_of(summary_),
            "registration_id,total_seconds,model,timestamp\n"
            "a,50.415,\"glm, air\",1970-01-01T00:00:00.000Z\n"
            "b,50.415,\"glm, air\",1970-01-01T00:00:00.000Z\n");
  EXPECT_EQ(lines_of(detailed_).size(), 2u);
}

TEST_F(TimingLogTest, SaysOnceInAProcessThatTheTableIsDeprecated) {
  std::vector<std::string> said;
  const auto warn = [&](const std::string& text) { said.push_back(text); };
  ASSERT_TRUE(TimingLog::open(folder_, {.warn = warn}).has_value());
  EXPECT_THAT(said, IsEmpty());
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(TimingLog::open(folder_, {.enable_csv_output = true, .warn = warn}).has_value());
  EXPECT_THAT(said, ElementsAre(HasSubstr("deprecated")));
}

TEST_F(TimingLogTest, LeavesWhatACrashHasTornALineOfItsOwn) {
  std::filesystem::create_directories(folder_);
  std::ofstream(detailed_) << "{\"run_meta";
  TimingLog log = TimingLog::open(folder_, {}).value();
  ASSERT_TRUE(log.append(record_of("a")));
  EXPECT_EQ(content_of(detailed_), "{\"run_meta\n" + line_of(record_of("a")));
}

TEST_F(TimingLogTest, LeavesARowOfTheTableThatIsTornARowOfItsOwn) {
  std::filesystem::create_directories(folder_);
  std::ofstream(summary_) << timing_summary_head() << "a,50.4";
  TimingLog log = TimingLog::open(folder_, {.enable_csv_output = true}).value();
  ASSERT_TRUE(log.append(record_of("b")));
  EXPECT_THAT(lines_of(summary_),
              ElementsAre(StartsWith("registration_id"), "a,50.4", StartsWith("b,")));
}

TEST_F(TimingLogTest, IsForManyThreads) {
  TimingLog log = TimingLog::open(folder_, {.enable_csv_output = true}).value();
  std::vector<std::thread> threads;
  for (int who = 0; who < 4; ++who) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) EXPECT_TRUE(log.append(record_of("a")));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines_of(detailed_).size(), 2'000u);
  EXPECT_EQ(lines_of(summary_).size(), 2'001u);
}

// Processes, since the kernel keeps their lines apart and nothing of ours does.
TEST_F(TimingLogTest, NeverMixesLinesOfEightProcesses) {
  constexpr int kProcesses = 8;
  constexpr int kLines = 1000;
  std::vector<pid_t> children;
  for (int who = 0; who < kProcesses; ++who) {
    const pid_t child = ::fork();
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    const Fields metadata{{"model", std::string(static_cast<std::size_t>(who) * 400, 'x')}};
    bool is_well = true;
    Result<TimingLog> log = TimingLog::open(folder_, {.enable_csv_output = true});
    for (int i = 0; log && is_well && i < kLines; ++i)
      is_well = log->append(make_timing_record(std::to_string(who), i, {}, metadata)).has_value();
    ::_exit(log && is_well ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  const std::vector<std::string> lines = lines_of(detailed_);
  ASSERT_EQ(lines.size(), std::size_t{kProcesses * kLines});
  std::map<std::string, int> whole;  // lines exactly as they were written
  for (const std::string& line : lines) ++whole[line];
  for (int who = 0; who < kProcesses; ++who) {
    const Fields metadata{{"model", std::string(static_cast<std::size_t>(who) * 400, 'x')}};
    for (int i = 0; i < kLines; ++i) {
      const std::string line = line_of(make_timing_record(std::to_string(who), i, {}, metadata));
      ASSERT_EQ(whole[line.substr(0, line.size() - 1)], 1) << line;
    }
  }
  const std::vector<std::string> rows = lines_of(summary_);
  ASSERT_EQ(rows.size(), std::size_t{kProcesses * kLines + 1});
  EXPECT_EQ(rows.front() + "\n", timing_summary_head());
  EXPECT_EQ(std::count(rows.begin(), rows.end(), rows.front()), 1);
}

TEST_F(TimingLogTest, LogsTimingsInOneCall) {
  PhaseTimer timer({"encode"});
  ASSERT_TRUE(log_timing(dir_.path("x/y/own.jsonl"), "SPUS55557", timer.timings(),
                         {{"model", "m"}, {"max_items", 5}}));
  const std::vector<std::string> lines = lines_of(dir_.path("x/y/own.jsonl"));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], StartsWith("{\"run_metadata\":{\"registration_id\":\"SPUS55557\","));
  EXPECT_THAT(lines[0], HasSubstr("\"model\":\"m\",\"max_items\":5}"));
}

TEST_F(TimingLogTest, SaysWhichFileCanNotBeMade) {
  std::ofstream(dir_.path("file")) << "x";
  const Result<TimingLog> log = TimingLog::open(dir_.path("file/in"), {});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, ErrorCode::kIo);
  EXPECT_THAT(log.error().message, HasSubstr("file/in"));
}

TEST_F(TimingLogTest, TellsThatTheDiskIsFull) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  std::filesystem::create_directories(folder_);
  std::filesystem::create_symlink("/dev/full", detailed_);
  TimingLog log = TimingLog::open(folder_, {}).value();
  EXPECT_EQ(log.append(record_of("a")).error().code, ErrorCode::kDiskFull);
}

TEST_F(TimingLogTest, WritesBehindOnAThreadOfItsOwn) {
  {
    TimingWriter writer(TimingLog::open(folder_, {}).value());
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(writer.add(record_of(std::to_string(i))));
    EXPECT_TRUE(writer.close());
    EXPECT_EQ(writer.dropped(), 0u);
    EXPECT_FALSE(writer.add(record_of("late")));
    EXPECT_EQ(writer.dropped(), 1u);
  }
  const std::vector<std::string> lines = lines_of(detailed_);
  ASSERT_EQ(lines.size(), 100u);
  EXPECT_EQ(lines[99] + "\n", line_of(record_of("99")));
}

// The disk is a pipe that nobody reads, so that writing to it lasts for ever; whoever adds goes on.
TEST_F(TimingLogTest, DropsAndCountsWhileTheDiskStands) {
  std::filesystem::create_directories(folder_);
  ASSERT_EQ(::mkfifo(detailed_.c_str(), 0600), 0);
  const int reader = ::open(detailed_.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  TimingWriter writer(TimingLog::open(folder_, {}).value(), {.records_max = 4});
  const TimingRecord large = record_of("a", 1.0, std::string(60'000, 'x'));
  std::uint64_t taken = 0;
  while (writer.dropped() < 10) taken += writer.add(large) ? 1 : 0;
  const std::size_t bytes = taken * line_of(large).size();
  std::thread drain([&] {  // lets the pipe flow again
    std::vector<char> some(1u << 16);
    for (std::size_t got = 0; got < bytes;) {
      const ssize_t size = ::read(reader, some.data(), some.size());
      if (size <= 0) break;
      got += static_cast<std::size_t>(size);
    }
  });
  EXPECT_TRUE(writer.close());
  drain.join();
  ::close(reader);
  EXPECT_GE(writer.dropped(), 10u);
}

TEST_F(TimingLogTest, KeepsTheFirstFailureOfTheThread) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  std::filesystem::create_directories(folder_);
  std::filesystem::create_symlink("/dev/full", detailed_);
  TimingWriter writer(TimingLog::open(folder_, {}).value());
  EXPECT_TRUE(writer.add(record_of("a")));
  EXPECT_EQ(writer.close().error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(writer.dropped(), 1u);
}

}  // namespace
}  // namespace zbag
