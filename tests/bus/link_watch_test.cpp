#include "bus/link_watch.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "bus/publisher.hpp"
#include "bus/subscriber.hpp"
#include "tests/support/running_broker.hpp"
#include "tests/support/temp_dir.hpp"

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

}  // namespace
}  // namespace zbag
