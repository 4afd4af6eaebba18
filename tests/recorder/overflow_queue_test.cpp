#include "recorder/overflow_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::seconds kLong{20};

class OverflowQueueTest : public testing::Test {
 protected:
  static constexpr std::size_t kBytes = 1'000;

  OverflowQueue queue(Overflow policy) {
    return {kBytes, policy, [this](Chunk chunk) { dropped_.push_back(mark_of(chunk)); },
            [this] { return is_useless_.load(); }};
  }
  // A chunk of one frame that fills the queue, known by the number of its track.
  static Parcel full(std::uint32_t mark) {
    Parcel parcel;
    parcel.chunk.arrivals.push_back({mark, {}});
    parcel.chunk.kept_bytes = 2 * kBytes;
    return parcel;
  }
  static std::uint32_t mark_of(const Chunk& chunk) { return chunk.arrivals.at(0).track; }
  static std::vector<std::uint32_t> rest_of(OverflowQueue& queue) {
    std::vector<std::uint32_t> marks;
    while (std::optional<Parcel> parcel = queue.pop(std::chrono::nanoseconds(0)))
      marks.push_back(mark_of(parcel->chunk));
    return marks;
  }

  std::atomic<bool> is_useless_{false};
  std::vector<std::uint32_t> dropped_;
};

TEST_F(OverflowQueueTest, DropsWhatComesWhenItIsFull) {
  for (const Overflow policy : {Overflow::kFlush, Overflow::kDropNewest}) {
    dropped_.clear();
    OverflowQueue queue = this->queue(policy);
    for (std::uint32_t mark = 1; mark <= 3; ++mark) queue.push(full(mark));
    EXPECT_THAT(dropped_, ElementsAre(2, 3));
    EXPECT_THAT(rest_of(queue), ElementsAre(1));
  }
}

TEST_F(OverflowQueueTest, DropsTheOldestFirst) {
  OverflowQueue queue = this->queue(Overflow::kDropOldest);
  for (std::uint32_t mark = 1; mark <= 3; ++mark) queue.push(full(mark));
  EXPECT_THAT(dropped_, ElementsAre(1, 2));
  EXPECT_THAT(rest_of(queue), ElementsAre(3));
}

// All the memory is behind the queue then: dropping what is in it would free nothing.
TEST_F(OverflowQueueTest, LetsOneWaitOnTopWhereAllIsInTheWritersHands) {
  OverflowQueue queue = this->queue(Overflow::kDropOldest);
  queue.push(full(1));
  ASSERT_TRUE(queue.pop(std::chrono::nanoseconds(0)).has_value());
  queue.push(full(2));
  EXPECT_THAT(dropped_, IsEmpty());
  queue.push(full(3));
  EXPECT_THAT(dropped_, ElementsAre(2));
  EXPECT_THAT(rest_of(queue), ElementsAre(3));
}

TEST_F(OverflowQueueTest, AlwaysTakesARequestAndTheLast) {
  for (const Overflow policy : {Overflow::kFlush, Overflow::kBlock, Overflow::kDropOldest}) {
    dropped_.clear();
    OverflowQueue queue = this->queue(policy);
    queue.push(full(1));
    Parcel request = full(2);
    request.ticket = 1;
    queue.push(std::move(request));
    Parcel last = full(3);
    last.is_last = true;
    queue.push(std::move(last));
    EXPECT_THAT(dropped_, IsEmpty());
    EXPECT_THAT(rest_of(queue), ElementsAre(1, 2, 3));
  }
}

TEST_F(OverflowQueueTest, NeverDropsARequest) {
  OverflowQueue queue = this->queue(Overflow::kDropOldest);
  Parcel request = full(1);
  request.ticket = 1;
  queue.push(std::move(request));
  queue.push(full(2));
  EXPECT_THAT(dropped_, ElementsAre(2));
  EXPECT_THAT(rest_of(queue), ElementsAre(1));
}

// A point never comes before the name of its track, whichever chunk brought it.
TEST_F(OverflowQueueTest, KeepsTheNamesThatADroppedChunkBrought) {
  OverflowQueue queue = this->queue(Overflow::kDropOldest);
  for (std::uint32_t mark = 1; mark <= 3; ++mark) {
    Parcel parcel = full(mark);
    parcel.chunk.new_tracks.emplace_back(mark, "t" + std::to_string(mark));
    queue.push(std::move(parcel));
  }
  const std::optional<Parcel> rest = queue.pop(std::chrono::nanoseconds(0));
  ASSERT_TRUE(rest.has_value());
  EXPECT_THAT(rest->chunk.new_tracks,
              ElementsAre(std::pair(1u, std::string("t1")), std::pair(2u, std::string("t2")),
                          std::pair(3u, std::string("t3"))));
}

TEST_F(OverflowQueueTest, BlocksUntilThereIsRoom) {
  OverflowQueue queue = this->queue(Overflow::kBlock);
  queue.push(full(1));
  std::atomic<bool> has_pushed{false};
  std::thread pusher([&] {
    queue.push(full(2));
    has_pushed = true;
  });
  const std::optional<Parcel> first = queue.pop(kLong);
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(has_pushed);  // what was popped still weighs
  queue.done(first->chunk.weight());
  pusher.join();
  EXPECT_THAT(dropped_, IsEmpty());
  EXPECT_THAT(rest_of(queue), ElementsAre(2));
}

TEST_F(OverflowQueueTest, BlocksNoLongerThanItIsOfUse) {
  OverflowQueue queue = this->queue(Overflow::kBlock);
  queue.push(full(1));
  is_useless_ = true;
  queue.push(full(2));
  EXPECT_THAT(dropped_, ElementsAre(2));
}

}  // namespace
}  // namespace zbag
