#include "bus/link_watch.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <optional>
#include <string_view>

#include "bus/publisher.hpp"
#include "bus/subscriber.hpp"
#include "tests/support/running_broker.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

constexpr std::string_view kTwoAddresses = "two-addresses.test";

}  // namespace

// Knows a name of ::1 and 127.0.0.1, in that order.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  const auto next = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node == nullptr || node != kTwoAddresses) return next(node, service, hints, found);
  const int error = next("127.0.0.1", service, hints, found);
  if (error != 0 || hints->ai_family == AF_INET) return error;
  addrinfo* const second = *found;
  const int first_error = next("::1", service, hints, found);
  if (first_error == 0) (*found)->ai_next = second;
  return first_error;
}

namespace zbag {
namespace {

// The first news of a socket's broker; nullopt: none came.
template <class Socket>
std::optional<bool> await_news(Socket& socket) {
  std::optional<bool> news;
  wait_for([&] {
    news = socket.broker_news();
    return news.has_value();
  });
  return news;
}

class LinkWatchTest : public testing::Test {
 protected:
  TempDir dir_;
  Context context_;
};

TEST_F(LinkWatchTest, TellsWhenTheBrokerComesAndGoesAndComesBack) {
  std::optional<RunningBroker> broker(std::in_place, context_);
  const BusUrls urls = broker->urls();
  Publisher publisher =
      Publisher::connect(context_, urls.publish_to, {.linger = {}, .watch = true}).value();
  Subscriber subscriber =
      Subscriber::connect(context_, urls.subscribe_to, {""}, kSocketFramesMax, true).value();
  EXPECT_EQ(await_news(publisher), true);
  EXPECT_EQ(await_news(subscriber), true);
  EXPECT_EQ(publisher.broker_news(), std::nullopt);
  broker.reset();
  EXPECT_EQ(await_news(publisher), false);
  EXPECT_EQ(await_news(subscriber), false);
  broker.emplace(context_, Broker::Options{.urls = urls});
  EXPECT_EQ(await_news(publisher), true);
  EXPECT_EQ(await_news(subscriber), true);
}

TEST_F(LinkWatchTest, SocketsThatAreNotWatchedHaveNoNews) {
  const RunningBroker broker(context_);
  Publisher publisher =
      Publisher::connect(context_, broker.urls().publish_to, {.linger = {}}).value();
  EXPECT_EQ(publisher.broker_news(), std::nullopt);
}

TEST_F(LinkWatchTest, KnowsWhereSomebodyTakesAConnection) {
  std::string url;
  {
    const RunningBroker broker(context_);
    url = broker.urls().publish_to;
    EXPECT_TRUE(is_reachable(url));
    EXPECT_TRUE(is_reachable(nearest_url(url)));
  }
  EXPECT_TRUE(wait_for([&] { return !is_reachable(url); }));
  EXPECT_FALSE(is_reachable("ipc://" + dir_.path("none.ipc")));
}

// A name of an IPv6 address first, where nobody listens.
TEST_F(LinkWatchTest, DialsTheAddressThatLibzmqDials) {
  const RunningBroker broker(context_);
  const std::string port = split_tcp(broker.urls().publish_to)->port;
  EXPECT_TRUE(is_reachable("tcp://" + std::string(kTwoAddresses) + ":" + port));
}

}  // namespace
}  // namespace zbag
