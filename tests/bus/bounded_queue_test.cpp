#include "bus/bounded_queue.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace zbag {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kNow{0};
constexpr milliseconds kLong{30'000};  // a deadline for failures

bool push(BoundedQueue<int>& queue, int item, std::size_t bytes = 1) {
  return queue.push_for(item, bytes, kNow);
}

TEST(BoundedQueueTest, HandsItemsOutInOrder) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(push(queue, 1));
  ASSERT_TRUE(push(queue, 2));
  EXPECT_EQ(queue.pop(kNow), 1);
  EXPECT_EQ(queue.pop(kNow), 2);
  EXPECT_EQ(queue.pop(kNow), std::nullopt);
}

TEST(BoundedQueueTest, RefusesWhenItsBytesAreReached) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(push(queue, 1, 10));
  EXPECT_FALSE(push(queue, 2, 1));
  EXPECT_EQ(queue.bytes(), 10u);
}

TEST(BoundedQueueTest, LeavesARefusedItemAsItWas) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  ASSERT_TRUE(queue.push_for(first, 1, kNow));
  EXPECT_FALSE(queue.push_for(second, 1, kNow));
  EXPECT_EQ(*second, 2);
}

TEST(BoundedQueueTest, TakesAnItemLargerThanItsBound) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(push(queue, 1, 1'000));
  EXPECT_FALSE(push(queue, 2, 1));
}

// What was popped is still in memory behind the queue.
TEST(BoundedQueueTest, CountsBytesUntilTheConsumerIsDone) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(push(queue, 1, 10));
  ASSERT_EQ(queue.pop(kNow), 1);
  EXPECT_FALSE(push(queue, 2, 1));
  queue.done(10);
  EXPECT_TRUE(push(queue, 2, 1));
}

TEST(BoundedQueueTest, TakesMoreByForce) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(push(queue, 1, 10));
  int last = 2;
  queue.force_push(last, 5);
  EXPECT_EQ(queue.bytes(), 15u);
}

TEST(BoundedQueueTest, DropsTheOldestWhenItMayGo) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(push(queue, 1, 4));
  ASSERT_TRUE(push(queue, 2, 4));
  EXPECT_EQ(queue.drop_oldest([](int) { return true; }), 1);
  EXPECT_EQ(queue.bytes(), 4u);
  EXPECT_EQ(queue.pop(kNow), 2);
}

TEST(BoundedQueueTest, KeepsTheOldestWhenItMayNotGo) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(push(queue, 1));
  EXPECT_EQ(queue.drop_oldest([](int) { return false; }), std::nullopt);
  EXPECT_EQ(queue.pop(kNow), 1);
}

TEST(BoundedQueueTest, HasNothingToDropWhenEmpty) {
  BoundedQueue<int> queue(10);
  EXPECT_EQ(queue.drop_oldest([](int) { return true; }), std::nullopt);
}

TEST(BoundedQueueTest, TakesNothingWhenClosed) {
  BoundedQueue<int> queue(10);
  queue.close();
  EXPECT_FALSE(push(queue, 1));
}

TEST(BoundedQueueTest, HandsOutWhatIsInWhenClosed) {
  BoundedQueue<int> queue(10);
  ASSERT_TRUE(push(queue, 1));
  queue.close();
  EXPECT_EQ(queue.pop(kLong), 1);
  EXPECT_EQ(queue.pop(kLong), std::nullopt);
}

TEST(BoundedQueueTest, CloseWakesAWaitingProducer) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(push(queue, 1));
  std::atomic<bool> took{true};
  std::jthread producer([&] {
    int item = 2;
    took = queue.push_for(item, 1, kLong);
  });
  queue.close();
  producer.join();
  EXPECT_FALSE(took);
}

TEST(BoundedQueueTest, AWaitingProducerGoesOnWhenThereIsRoom) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(push(queue, 1));
  std::atomic<bool> took{false};
  std::jthread producer([&] {
    int item = 2;
    took = queue.push_for(item, 1, kLong);
  });
  ASSERT_EQ(queue.pop(kLong), 1);
  queue.done(1);
  EXPECT_EQ(queue.pop(kLong), 2);
  producer.join();
  EXPECT_TRUE(took);
}

TEST(BoundedQueueTest, LosesAndDoublesNothingBetweenThreads) {
  constexpr int kProducers = 4;
  constexpr int kItems = 5'000;
  BoundedQueue<int> queue(64);
  std::vector<std::jthread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&queue, p] {
      for (int i = 0; i < kItems; ++i) {
        int item = p * kItems + i;
        ASSERT_TRUE(queue.push_for(item, 1, kLong));
      }
    });
  }
  std::vector<int> seen(kProducers * kItems, 0);
  for (int i = 0; i < kProducers * kItems; ++i) {
    const std::optional<int> item = queue.pop(kLong);
    ASSERT_TRUE(item);
    ++seen[static_cast<std::size_t>(*item)];
    queue.done(1);
  }
  EXPECT_THAT(seen, testing::Each(1));
  EXPECT_EQ(queue.bytes(), 0u);
}

}  // namespace
}  // namespace zbag
