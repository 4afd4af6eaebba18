#include "bus/control.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/bytes.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
constexpr milliseconds kLong{30'000};  // a deadline for failures

std::vector<ControlOp> ops() {
  return {{"echo",
           "gives back: text=T",
           [](const Fields& args) -> Result<Value> { return *find_field(args, "text"); },
           {"text"}},
          {"refuse", "always fails",
           [](const Fields&) -> Result<Value> { return fail(ErrorCode::kDiskFull, "no room"); }}};
}

// A node answering on a thread of its own.
class Node {
 public:
  Node(Context& context, const std::string& name)
      : server_(ControlServer::open(context, name, true, ops()).value()),
        thread_([this](const std::stop_token& stop) {
          while (!stop.stop_requested()) EXPECT_TRUE(server_.poll(milliseconds(5)));
        }) {}
  const std::string& name() const { return server_.name(); }

 private:
  ControlServer server_;
  std::jthread thread_;
};

class ControlTest : public testing::Test {
 protected:
  Result<Value> call(const std::string& op, const Fields& args = {}) {
    return control_call(context_, "record", op, args, kLong);
  }
  // A request as a stranger might send it; the last part of the reply.
  Fields raw_call(std::string_view request) {
    const std::string url = "ipc://" + runtime_directory().value() + "/record.ctl";
    const SocketHandle socket(zmq_socket(context_.raw(), ZMQ_REQ));
    const int linger = 0;
    zmq_setsockopt(socket.get(), ZMQ_LINGER, &linger, sizeof linger);
    EXPECT_EQ(zmq_connect(socket.get(), url.c_str()), 0);
    EXPECT_GE(zmq_send(socket.get(), request.data(), request.size(), 0), 0);
    std::vector<std::uint8_t> reply(10'000);
    const int size = zmq_recv(socket.get(), reply.data(), reply.size(), 0);
    EXPECT_GE(size, 0);
    return decode_fields(std::span(reply).first(static_cast<std::size_t>(size))).value();
  }

  TempDir dir_;
  Context context_;
};

TEST_F(ControlTest, AnswersACall) {
  const Node node(context_, "record");
  EXPECT_EQ(call("echo", {{"text", Array{1, 2.5}}}).value(), Value(Array{1, 2.5}));
}

TEST_F(ControlTest, ListsItsOperations) {
  const Node node(context_, "record");
  EXPECT_EQ(call("describe").value(),
            Value(Fields{{"echo", "gives back: text=T"}, {"refuse", "always fails"}}));
}

TEST_F(ControlTest, PassesTheNodesErrorOn) {
  const Node node(context_, "record");
  const Result<Value> result = call("refuse");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDiskFull);
  EXPECT_THAT(result.error().message, HasSubstr("no room"));
}

TEST_F(ControlTest, NamesAnUnknownOperation) {
  const Node node(context_, "record");
  const Result<Value> result = call("fly");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(result.error().message, HasSubstr("'fly'"));
}

TEST_F(ControlTest, RefusesAnArgumentThatTheOperationDoesNotKnow) {
  const Node node(context_, "record");
  const Result<Value> result = call("echo", {{"text", "hi"}, {"txet", 1}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(result.error().message, "echo: no argument 'txet'; it takes text");
  EXPECT_THAT(call("refuse", {{"why", 1}}).error().message, HasSubstr("takes none"));
}

// wire.md, Control: REQ puts an empty part in front, and `id` is any value, echoed.
TEST_F(ControlTest, EchoesWhateverIdAStrangerSends) {
  const Node node(context_, "record");
  const Value id(Fields{{"nested", Array{1, nullptr}}});
  const Fields reply = raw_call(encoded({{"op", "echo"}, {"id", id}, {"text", "hi"}}));
  EXPECT_EQ(reply, (Fields{{"id", id}, {"ok", true}, {"result", "hi"}}));
}

TEST_F(ControlTest, AnswersAMalformedRequestWithAnError) {
  const Node node(context_, "record");
  for (const char* request : {"", "\x93\x01\x02\x03", "not msgpack", "\x80"}) {
    const Fields reply = raw_call(request);
    EXPECT_EQ(*find_field(reply, "ok"), Value(false));
    const Fields* error = find_field(reply, "error")->get_if<Fields>();
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(*find_field(*error, "code"), Value("invalid"));
  }
  EXPECT_TRUE(call("describe"));
}

TEST_F(ControlTest, ListsTheNodesThatRun) {
  EXPECT_THAT(running_nodes().value(), testing::IsEmpty());
  const Node play(context_, "play");
  const Node broker(context_, "broker");
  EXPECT_THAT(running_nodes().value(), testing::ElementsAre("broker", "play"));
}

// A killed node leaves its socket and its lock, a stranger whatever he likes.
TEST_F(ControlTest, ListsNothingThatDoesNotListen) {
  const std::string directory = runtime_directory().value();
  const Node play(context_, "play");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string stale = directory + "/record.ctl";
  ASSERT_LT(stale.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, stale.c_str(), stale.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  std::ofstream(stale + ".lock") << "record (pid 1)";
  std::ofstream(directory + "/file.ctl") << "no socket";
  EXPECT_THAT(running_nodes().value(), testing::ElementsAre("play"));
}

TEST_F(ControlTest, SaysWhenNoNodeRuns) {
  EXPECT_EQ(call("status").error().code, ErrorCode::kNotFound);
}

TEST_F(ControlTest, LeavesNothingInTheRuntimeDirectory) {
  { const Node node(context_, "record"); }
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(runtime_directory().value()))
    left.push_back(entry.path().filename());
  EXPECT_THAT(left, testing::IsEmpty());
  const Node again(context_, "record");
  EXPECT_TRUE(call("describe"));
}

// wire.md, Topology: the default, then `record-2`...
TEST_F(ControlTest, TakesTheNextFreeName) {
  const Node first(context_, "record");
  const Node second(context_, "record");
  const Node third(context_, "record");
  EXPECT_EQ(first.name(), "record");
  EXPECT_EQ(second.name(), "record-2");
  EXPECT_EQ(third.name(), "record-3");
}

TEST_F(ControlTest, NamesTheHolderOfAChosenName) {
  const Node first(context_, "record");
  const Result<ControlServer> second = ControlServer::open(context_, "record", false, ops());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_THAT(second.error().message, HasSubstr("pid"));
}

TEST_F(ControlTest, RefusesANameThatIsAPath) {
  for (const char* name : {"", "../x", "a/b", ".hidden", "a b"}) {
    EXPECT_EQ(ControlServer::open(context_, name, true, ops()).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(control_call(context_, name, "x", {}, kLong).error().code, ErrorCode::kInvalid);
  }
}

TEST_F(ControlTest, GivesUpOnANodeThatDoesNotAnswer) {
  const ControlServer silent = ControlServer::open(context_, "record", true, ops()).value();
  const Result<Value> result = control_call(context_, "record", "echo", {}, milliseconds(20));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
}

TEST(ErrorWordTest, IsALowerCaseWordForEveryCode) {
  EXPECT_STREQ(error_word(ErrorCode::kInvalid), "invalid");
  EXPECT_STREQ(error_word(ErrorCode::kNotFound), "not_found");
  EXPECT_STREQ(error_word(ErrorCode::kDiskFull), "disk_full");
  EXPECT_STREQ(error_word(ErrorCode::kClosed), "closed");
}

}  // namespace
}  // namespace zbag
