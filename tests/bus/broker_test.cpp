// Publishers, the broker, subscribers and taps over real sockets on loopback.
#include "bus/broker.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <set>

#include "bus/publisher.hpp"
#include "bus/session/session.hpp"
#include "bus/subscriber.hpp"
#include "bus/tap.hpp"
#include "schemas/field_lookup.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/running_broker.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_for.hpp"

namespace zbag {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
constexpr milliseconds kLong{30'000};  // a deadline for failures

class BusTest : public testing::Test {
 protected:
  Publisher publisher(const BusUrls& urls) {
    return Publisher::connect(context_, urls.publish_to, {.wait_when_full = true}).value();
  }
  Subscriber subscriber(const BusUrls& urls, const std::string& prefix = "") {
    return Subscriber::connect(context_, urls.subscribe_to, {prefix}).value();
  }
  Tap tap(const BusUrls& urls, const std::vector<std::string>& patterns,
          Tap::Options options = {}) {
    return Tap::open(context_, urls.subscribe_to, TrackFilter::parse(patterns).value(), options)
        .value();
  }
  static std::string receive(Subscriber& from) {
    Parts parts;
    EXPECT_TRUE(wait_for([&] { return from.receive(parts).value(); }));
    return std::string(parts.topic.text()) + "=" + std::string(parts.frame.text());
  }
  static void send(Publisher& to, std::string_view topic, std::string_view frame) {
    EXPECT_TRUE(to.send(topic, as_bytes(frame), kLong));
  }

  TempDir dir_;
  Context context_;
};

TEST_F(BusTest, BringsFramesFromPublisherToSubscriber) {
  const RunningBroker broker(context_);
  Subscriber from = subscriber(broker.urls());
  Publisher to = publisher(broker.urls());
  ASSERT_TRUE(to.wait_for_subscriber(kLong));
  send(to, "imu", "one");
  send(to, "imu", std::string(1 << 20, 'x'));
  EXPECT_EQ(receive(from), "imu=one");
  EXPECT_EQ(receive(from).size(), 4u + (1 << 20));
}

// ZeroMQ matches bytes: whoever needs tracks checks names.
TEST_F(BusTest, SubscribesByBytePrefix) {
  const RunningBroker broker(context_);
  Subscriber from = subscriber(broker.urls(), "robot/pos");
  Publisher to = publisher(broker.urls());
  ASSERT_TRUE(to.wait_for_subscriber(kLong));
  send(to, "imu", "0");
  send(to, "robot/position", "1");
  send(to, "robot/pos", "2");
  EXPECT_EQ(receive(from), "robot/position=1");
  EXPECT_EQ(receive(from), "robot/pos=2");
}

// S0.47: the tap re-checks and sees one.
TEST_F(BusTest, ATapChecksNamesAgain) {
  const RunningBroker broker(context_);
  Tap from = tap(broker.urls(), {"robot/pos"});
  Publisher to = publisher(broker.urls());
  ASSERT_TRUE(to.wait_for_subscriber(kLong));
  send(to, "robot/position", "1");
  send(to, "robot/pos", "2");
  const std::optional<TapFrame> frame = from.next(kLong);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->track, "robot/pos");
  EXPECT_EQ(frame->bytes, "2");
}

TEST_F(BusTest, ATapStampsTheArrival) {
  const RunningBroker broker(context_);
  Tap from = tap(broker.urls(), {"imu"});
  Publisher to = publisher(broker.urls());
  ASSERT_TRUE(to.wait_for_subscriber(kLong));
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  send(to, "imu", "1");
  const std::optional<TapFrame> frame = from.next(kLong);
  ASSERT_TRUE(frame);
  EXPECT_GE(frame->arrival_ns, std::chrono::nanoseconds(before).count());
}

TEST_F(BusTest, ATapWithoutTrafficTimesOut) {
  const RunningBroker broker(context_);
  EXPECT_FALSE(tap(broker.urls(), {"imu"}).next(milliseconds(1)));
}

// Newest wins: a reader that is too slow loses the oldest, and is told how many.
TEST_F(BusTest, ASlowTapSkipsTheOldestAndCounts) {
  const RunningBroker broker(context_);
  Tap from = tap(broker.urls(), {"imu"}, {.frames_max = 10});
  Publisher to = publisher(broker.urls());
  ASSERT_TRUE(to.wait_for_subscriber(kLong));
  for (int i = 0; i < 1'000; ++i) send(to, "imu", std::to_string(i));
  ASSERT_TRUE(wait_for([&] { return from.skipped() == 990; }));
  const std::optional<TapFrame> oldest = from.next(kLong);
  ASSERT_TRUE(oldest);
  EXPECT_EQ(oldest->bytes, "990");
}

TEST_F(BusTest, ATapIsBoundedInBytes) {
  const RunningBroker broker(context_);
  Tap from = tap(broker.urls(), {"imu"}, {.bytes_max = 5'000});
  Publisher to = publisher(broker.urls());
  ASSERT_TRUE(to.wait_for_subscriber(kLong));
  for (int i = 0; i < 100; ++i) send(to, "imu", std::string(1'000, 'x'));
  EXPECT_TRUE(wait_for([&] { return from.skipped() == 95; }));
}

TEST_F(BusTest, APublisherBeginsWhenASubscriberOfManyTracksHasAskedForAll) {
  constexpr std::size_t kTracks = 2'000;
  const RunningBroker broker(context_);
  Publisher to = publisher(broker.urls());
  std::vector<std::string> tracks;
  for (std::size_t i = 0; i < kTracks; ++i) tracks.push_back(fmt::format("robot/{}", i));
  Tap from = tap(broker.urls(), tracks);
  ASSERT_TRUE(to.wait_for_subscriber(kLong));
  for (const std::string& track : tracks) send(to, track, "first");
  std::set<std::string> heard;
  while (heard.size() < kTracks) {
    const std::optional<TapFrame> frame = from.next(std::chrono::seconds(5));
    ASSERT_TRUE(frame) << heard.size() << " of " << kTracks;
    heard.insert(frame->track);
  }
}

TEST_F(BusTest, ALateJoinerGetsWhatComesAfterIt) {
  const RunningBroker broker(context_);
  Subscriber first = subscriber(broker.urls());
  Publisher to = publisher(broker.urls());
  ASSERT_TRUE(to.wait_for_subscriber(kLong));
  send(to, "imu", "before");
  ASSERT_EQ(receive(first), "imu=before");
  Subscriber late = subscriber(broker.urls());
  ASSERT_TRUE(wait_for([&] {
    send(to, "imu", "after");
    return late.wait(milliseconds(10));
  }));
  EXPECT_EQ(receive(late), "imu=after");
}

TEST_F(BusTest, HealsWhenTheBrokerIsStartedAgain) {
  auto broker = std::make_unique<RunningBroker>(context_);
  const BusUrls urls = broker->urls();
  Subscriber from = subscriber(urls);
  Publisher to = publisher(urls);
  ASSERT_TRUE(to.wait_for_subscriber(kLong));
  broker.reset();
  broker = std::make_unique<RunningBroker>(context_, Broker::Options{.urls = urls});
  EXPECT_TRUE(wait_for([&] {
    send(to, "imu", "again");
    return from.wait(milliseconds(10));
  }));
}

TEST_F(BusTest, WorksInAnyOrderOfStarts) {
  const BusUrls urls = RunningBroker(context_).urls();
  Subscriber from = subscriber(urls);
  Publisher to = publisher(urls);
  const RunningBroker broker(context_, {.urls = urls});
  EXPECT_TRUE(wait_for([&] {
    to.read_subscriptions();
    send(to, "imu", "1");
    return from.wait(milliseconds(10));
  }));
}

TEST_F(BusTest, ASecondBrokerOnThePortIsTold) {
  const RunningBroker broker(context_);
  const Result<Broker> second = Broker::bind(context_, {.urls = broker.urls()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_THAT(second.error().message, HasSubstr(broker.urls().publish_to));
}

// libzmq would let a second bind steal an ipc path in silence.
TEST_F(BusTest, ASecondBrokerOnTheTwinIsToldWhoHoldsIt) {
  const BusUrls urls = RunningBroker(context_).urls();
  const std::string port = split_tcp(urls.publish_to)->port;
  const std::string path = twin_path(runtime_directory().value(), port) + ".lock";
  const FileLock held = FileLock::hold(path, "recorder-9").value();
  Result<Broker> second = fail(ErrorCode::kIo, "not tried");
  ASSERT_TRUE(wait_for([&] {  // until the system has given the tcp port back
    second = Broker::bind(context_, {.urls = urls});
    return !second && second.error().message.find("recorder-9") != std::string::npos;
  }));
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
}

TEST_F(BusTest, ATwinIsForItsUserAlone) {
  const RunningBroker broker(context_);
  const std::string port = split_tcp(broker.urls().subscribe_to)->port;
  struct stat status {};
  ASSERT_EQ(::stat(twin_path(runtime_directory().value(), port).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0077u, 0u);
}

// wire.md, Security
TEST_F(BusTest, RefusesToBeOpenToTheNetwork) {
  for (const char* url : {"tcp://0.0.0.0:*", "tcp://*:*"}) {
    const Result<Broker> broker = Broker::bind(context_, {.urls = {url, "tcp://127.0.0.1:*"}});
    ASSERT_FALSE(broker);
    EXPECT_EQ(broker.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(broker.error().message, HasSubstr("--insecure"));
  }
}

TEST_F(BusTest, IsOpenToTheNetworkWhenToldTo) {
  EXPECT_TRUE(
      Broker::bind(context_, {.urls = {"tcp://0.0.0.0:*", "tcp://127.0.0.1:*"}, .insecure = true}));
}

TEST_F(BusTest, RefusesMalformedUrls) {
  EXPECT_EQ(Broker::bind(context_, {.urls = {"nonsense", "tcp://127.0.0.1:*"}}).error().code,
            ErrorCode::kInvalid);
  EXPECT_EQ(Publisher::connect(context_, "nonsense", {}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(Subscriber::connect(context_, "foo://x", {""}).error().code, ErrorCode::kInvalid);
}

// libzmq may know more kinds, of which nothing says who may come.
TEST_F(BusTest, RefusesUrlsOfOtherKinds) {
  for (const char* url : {"ws://0.0.0.0:*", "norm://127.0.0.1:5555", "udp://127.0.0.1:5555"}) {
    const Result<Broker> broker = Broker::bind(context_, {.urls = {"tcp://127.0.0.1:*", url}});
    ASSERT_FALSE(broker);
    EXPECT_EQ(broker.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(broker.error().message, AllOf(HasSubstr(url), HasSubstr("tcp://")));
    EXPECT_EQ(Publisher::connect(context_, url, {}).error().code, ErrorCode::kInvalid);
    EXPECT_EQ(Subscriber::connect(context_, url, {""}).error().code, ErrorCode::kInvalid);
  }
}

TEST_F(BusTest, AnObserverSeesFramesThatNobodySubscribesTo) {
  Broker broker =
      Broker::bind(context_, {.urls = RunningBroker::free_urls(), .receive_all = true}).value();
  Publisher to = publisher(broker.urls());
  std::vector<std::string> seen;
  const auto observe = [&](Parts& parts) { seen.emplace_back(parts.frame.text()); };
  ASSERT_TRUE(wait_for([&] {
    EXPECT_TRUE(broker.pump(milliseconds(1), observe));
    to.read_subscriptions();
    return to.has_subscribers();
  }));
  send(to, "imu", "1");
  send(to, "imu", "2");
  EXPECT_TRUE(wait_for([&] {
    EXPECT_TRUE(broker.pump(milliseconds(1), observe));
    return seen.size() == 2;
  }));
  EXPECT_THAT(seen, ElementsAre("1", "2"));
}

// wire.md, Sessions
TEST_F(BusTest, ASessionAnnouncesItself) {
  const RunningBroker broker(context_);
  Tap from = tap(broker.urls(), {"_sys/session"});
  const auto session = Session::on_bus(context_, broker.urls(), {.name = "arm-driver"}, {}).value();
  ASSERT_TRUE(session->wait_for_listener(kLong));
  const std::optional<TapFrame> frame = from.next(kLong);
  ASSERT_TRUE(frame);
  const Fields fields = decode_fields(as_bytes(frame->bytes)).value();
  EXPECT_EQ(*find_field(fields, "name"), Value("arm-driver"));
  EXPECT_EQ(*find_field(fields, "state"), Value("open"));
  EXPECT_EQ(*find_field(fields, "_src"), Value(session->src()));
}

TEST_F(BusTest, ASessionSaysAtTheEndWhatItSent) {
  const RunningBroker broker(context_);
  Tap from = tap(broker.urls(), {"_sys/session"});
  const auto session = Session::on_bus(context_, broker.urls(), {}, {.linger = kLong}).value();
  ASSERT_TRUE(session->wait_for_listener(kLong));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(session->track("a").value().append({{"i", i}}));
  ASSERT_TRUE(session->close());
  Fields last;
  ASSERT_TRUE(wait_for([&] {
    const std::optional<TapFrame> frame = from.next(milliseconds(10));
    last = frame ? decode_fields(as_bytes(frame->bytes)).value() : last;
    const Value* state = find_field(last, "state");
    return state != nullptr && *state == Value("closed");
  }));
  EXPECT_EQ(*find_field(last, "counts"), Value(Fields{{"a", 3}}));
}

// wire.md, Sessions: a system frame has at most 64 KiB.
TEST_F(BusTest, ASessionOfManyTracksSaysItInSeveralSmallFrames) {
  constexpr std::size_t kTracks = 2'000;
  const RunningBroker broker(context_);
  Tap from = tap(broker.urls(), {"_sys/session"});
  const auto session = Session::on_bus(context_, broker.urls(), {.background = false},
                                       {.wait_when_full = true, .linger = kLong})
                           .value();
  ASSERT_TRUE(session->wait_for_listener(kLong));
  for (std::size_t i = 0; i < kTracks; ++i)
    ASSERT_TRUE(session->track("robot/arm/" + std::to_string(i)).value().append({{"i", i}}));
  ASSERT_TRUE(session->close());
  std::set<double> stamps;
  std::set<std::string> tracks;
  ASSERT_TRUE(wait_for([&] {
    const std::optional<TapFrame> frame = from.next(milliseconds(10));
    if (!frame) return false;
    EXPECT_LE(frame->bytes.size(), kSystemFrameBytesMax);
    const Fields fields = decode_fields(as_bytes(frame->bytes)).value();
    if (text_field(fields, "state") != "closed") return false;
    EXPECT_EQ(uint_field(fields, "_src"), session->src());
    stamps.insert(float_field(fields, "_ts"));
    for (const auto& [track, count] : map_field(fields, "counts")) {
      EXPECT_EQ(count, Value(1));
      tracks.insert(track);
    }
    return tracks.size() == kTracks;
  }));
  EXPECT_EQ(stamps.size(), 1u);
}

// A socket each were more than libzmq allows.
TEST_F(BusTest, SessionsShareTheirSockets) {
  const RunningBroker broker(context_);
  Tap from = tap(broker.urls(), {"t"});
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 0; i < 1'100; ++i) {
    Result<std::unique_ptr<Session>> session =
        Session::on_bus(context_, broker.urls(), {.background = false}, {.wait_when_full = true});
    ASSERT_TRUE(session) << i;
    sessions.push_back(std::move(*session));
  }
  ASSERT_TRUE(sessions.front()->wait_for_listener(kLong));
  std::set<std::uint64_t> sources;
  for (const auto& session : sessions) {
    ASSERT_TRUE(session->track("t").value().append({{"x", std::string(100, 'x')}}));
    const std::optional<TapFrame> frame = from.next(kLong);
    ASSERT_TRUE(frame);
    sources.insert(uint_field(decode_fields(as_bytes(frame->bytes)).value(), "_src"));
  }
  EXPECT_EQ(sources.size(), sessions.size());
}

// S1.2 on the wire: stamps are resolved before sending.
TEST_F(BusTest, ASessionSendsResolvedStampsFirst) {
  const RunningBroker broker(context_);
  Tap from = tap(broker.urls(), {"a", "b"});
  const auto session =
      Session::on_bus(context_, broker.urls(), {}, {.wait_when_full = true}).value();
  ASSERT_TRUE(session->wait_for_listener(kLong));
  ASSERT_TRUE(session->track("a").value().append({{"q", 1}}, 2.5));
  ASSERT_TRUE(session->track("b").value().append({{"q", std::string(100'000, 'x')}}, -1));
  for (int i = 0; i < 2; ++i) {
    const std::optional<TapFrame> frame = from.next(kLong);
    ASSERT_TRUE(frame);
    const Fields fields = decode_fields(as_bytes(frame->bytes)).value();
    EXPECT_EQ(fields[0], (std::pair<std::string, Value>("_ts", 2.5)));
  }
}

}  // namespace
}  // namespace zbag
