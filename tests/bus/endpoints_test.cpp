#include "bus/endpoints.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;

// A Unix socket somebody listens on, as long as this lives.
class Listener {
 public:
  explicit Listener(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ZBAG_CHECK(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ZBAG_CHECK(::listen(fd_, 1) == 0);
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  int fd_;
};

TEST(EndpointsTest, MakesTheRuntimeDirectoryForItsUserAlone) {
  const TempDir dir;
  const std::string path = runtime_directory().value();
  EXPECT_EQ(path, dir.path("run"));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
}

TEST(EndpointsTest, UsesTheUsersRuntimeDirectoryWhenNoneIsSet) {
  const TempDir dir;
  ::unsetenv("ZBAG_RUNTIME_DIR");
  ::setenv("XDG_RUNTIME_DIR", dir.path("xdg").c_str(), 1);
  EXPECT_EQ(runtime_directory().value(), dir.path("xdg/zbag"));
  ::unsetenv("XDG_RUNTIME_DIR");
}

TEST(EndpointsTest, SaysWhenTheRuntimeDirectoryCannotBeMade) {
  const TempDir dir;
  std::ofstream(dir.path("file")) << "in the way";
  ::setenv("ZBAG_RUNTIME_DIR", dir.path("file/run").c_str(), 1);
  const Result<std::string> directory = runtime_directory();
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, ErrorCode::kIo);
  EXPECT_THAT(directory.error().message, HasSubstr("ZBAG_RUNTIME_DIR"));
}

// What lies there could be anybody's.
TEST(EndpointsTest, RefusesARuntimeDirectoryThatOthersMayWriteTo) {
  const TempDir dir;
  for (const mode_t mode : {0777u, 0770u, 0702u, 01777u}) {
    ::mkdir(dir.path("run").c_str(), 0700);
    ASSERT_EQ(::chmod(dir.path("run").c_str(), mode), 0);
    const Result<std::string> directory = runtime_directory();
    ASSERT_FALSE(directory) << mode;
    EXPECT_EQ(directory.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(directory.error().message, HasSubstr("others may write to it"));
  }
  ASSERT_EQ(::chmod(dir.path("run").c_str(), 0755), 0);
  EXPECT_TRUE(runtime_directory());
}

TEST(EndpointsTest, RefusesARuntimeDirectoryThatIsALink) {
  const TempDir dir;
  ASSERT_EQ(::mkdir(dir.path("elsewhere").c_str(), 0700), 0);
  ASSERT_EQ(::symlink(dir.path("elsewhere").c_str(), dir.path("run").c_str()), 0);
  EXPECT_EQ(runtime_directory().error().code, ErrorCode::kIo);
}

TEST(EndpointsTest, SplitsTcpUrls) {
  const HostPort address = split_tcp("tcp://127.0.0.1:9871").value();
  EXPECT_EQ(address.host, "127.0.0.1");
  EXPECT_EQ(address.port, "9871");
  EXPECT_EQ(split_tcp("tcp://[::1]:5")->host, "[::1]");
  EXPECT_EQ(split_tcp("tcp://127.0.0.1:*")->port, "*");
}

// libzmq takes 99999 for 34463.
TEST(EndpointsTest, RefusesPortsThatThereAreNot) {
  for (const char* url : {"tcp://127.0.0.1:99999", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:x",
                          "tcp://127.0.0.1", "tcp://127.0.0.1:-1"})
    EXPECT_FALSE(check_bus_url(url)) << url;
  for (const char* url : {"tcp://127.0.0.1:1", "tcp://127.0.0.1:65535", "tcp://127.0.0.1:*",
                          "tcp://[::1]:9871", "ipc:///tmp/a:99999", "inproc://a"})
    EXPECT_TRUE(check_bus_url(url)) << url;
}

TEST(EndpointsTest, SplitsNothingElse) {
  EXPECT_FALSE(split_tcp("ipc:///tmp/x"));
  EXPECT_FALSE(split_tcp("127.0.0.1:9871"));
  EXPECT_FALSE(split_tcp("tcp://"));
  EXPECT_FALSE(split_tcp("tcp:/x:1"));
}

TEST(EndpointsTest, KnowsLoopback) {
  EXPECT_TRUE(is_loopback("127.0.0.1"));
  EXPECT_TRUE(is_loopback("127.3.2.1"));
  EXPECT_TRUE(is_loopback("localhost"));
  EXPECT_TRUE(is_loopback("[::1]"));
  EXPECT_FALSE(is_loopback("0.0.0.0"));
  EXPECT_FALSE(is_loopback("*"));
  EXPECT_FALSE(is_loopback("192.168.0.1"));
  EXPECT_FALSE(is_loopback("10.127.0.1"));
}

// A DNS name may begin as an address does; who binds there is open to the network.
TEST(EndpointsTest, TakesNoHostNameForLoopback) { EXPECT_FALSE(is_loopback("127.example.org")); }

TEST(EndpointsTest, HearsWhetherSomebodyListens) {
  const TempDir dir;
  const std::string path = dir.path("socket");
  EXPECT_FALSE(is_listening(path));
  {
    const Listener listener(path);
    EXPECT_TRUE(is_listening(path));
  }
  EXPECT_FALSE(is_listening(path));  // the file is still there
}

TEST(EndpointsTest, HearsNobodyBehindAPathThatIsTooLong) {
  EXPECT_FALSE(is_listening(std::string(500, 'x')));
}

TEST(EndpointsTest, DialsALiveTwin) {
  const TempDir dir;
  const std::string path = twin_path(runtime_directory().value(), "9871");
  const Listener twin(path);
  EXPECT_EQ(nearest_url("tcp://127.0.0.1:9871"), "ipc://" + path);
  EXPECT_EQ(nearest_url("tcp://127.0.0.1:9872"), "tcp://127.0.0.1:9872");
}

TEST(EndpointsTest, DialsNoTwinForAnotherHost) {
  const TempDir dir;
  const Listener twin(twin_path(runtime_directory().value(), "9871"));
  EXPECT_EQ(nearest_url("tcp://192.168.0.9:9871"), "tcp://192.168.0.9:9871");
  EXPECT_EQ(nearest_url("ipc:///tmp/x"), "ipc:///tmp/x");
}

TEST(FileLockTest, NamesItsHolder) {
  const TempDir dir;
  const FileLock lock = FileLock::hold(dir.path("a.lock"), "recorder-7").value();
  const Result<FileLock> second = FileLock::hold(dir.path("a.lock"), "other");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_THAT(second.error().message, HasSubstr("recorder-7"));
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(::getpid())));
}

TEST(FileLockTest, IsFreeAgainWhenItsHolderIsGone) {
  const TempDir dir;
  { const FileLock lock = FileLock::hold(dir.path("a.lock"), "first").value(); }
  EXPECT_TRUE(FileLock::hold(dir.path("a.lock"), "second"));
}

TEST(FileLockTest, LeavesNoFileBehind) {
  const TempDir dir;
  {
    FileLock lock = FileLock::hold(dir.path("a.lock"), "first").value();
    const FileLock moved = std::move(lock);
    EXPECT_EQ(::access(dir.path("a.lock").c_str(), F_OK), 0);
  }
  EXPECT_NE(::access(dir.path("a.lock").c_str(), F_OK), 0);
}

// A link in the folder would have the holder's name written wherever it leads.
TEST(FileLockTest, IsNeverHeldThroughALink) {
  const TempDir dir;
  std::ofstream(dir.path("precious")) << "mine";
  ASSERT_EQ(::symlink(dir.path("precious").c_str(), dir.path("a.lock").c_str()), 0);
  EXPECT_EQ(FileLock::hold(dir.path("a.lock"), "x").error().code, ErrorCode::kIo);
  std::string text;
  std::getline(std::ifstream(dir.path("precious")) >> std::ws, text);
  EXPECT_EQ(text, "mine");
}

// Whoever removes the file holds it: of all those who try at one time one alone has it.
TEST(FileLockTest, IsHeldOnceWhileItsFileComesAndGoes) {
  const TempDir dir;
  std::atomic<int> holders = 0;
  std::atomic<int> wrong = 0;
  std::atomic<int> held = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (held < 2'000) {
        const Result<FileLock> lock = FileLock::hold(dir.path("a.lock"), "one");
        if (!lock) continue;
        if (++holders != 1) ++wrong;
        ++held;
        --holders;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(FileLockTest, IsHeldByWhoeverItWasMovedTo) {
  const TempDir dir;
  FileLock lock = FileLock::hold(dir.path("a.lock"), "first").value();
  FileLock other = FileLock::hold(dir.path("b.lock"), "first").value();
  other = std::move(lock);
  EXPECT_FALSE(FileLock::hold(dir.path("a.lock"), "second"));
  EXPECT_TRUE(FileLock::hold(dir.path("b.lock"), "second"));
}

TEST(FileLockTest, SaysWhenTheFileCannotBeMade) {
  const TempDir dir;
  EXPECT_EQ(FileLock::hold(dir.path("no/such/a.lock"), "x").error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace zbag
