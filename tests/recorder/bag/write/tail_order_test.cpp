#include "recorder/bag/write/tail_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace zbag {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// A track as its entries say it is and as it is: points come in order, late into the tail, or late
// elsewhere; tails are folded.
class FoldedTrack {
 public:
  explicit FoldedTrack(std::uint64_t seed) : random_(seed) {}

  void arrive() {
    const std::uint64_t kind = tail_.empty() ? 0 : random_() % 6;
    if (kind == 0 || kind > 3) {
      tail_.push_back({clock_ += 1'000, ordinals_.size(), false});
      ordinals_.emplace_back(ordinals_.size() - late_);
      return;
    }
    const std::int64_t key =
        tail_[random_() % tail_.size()].key - 1 - std::int64_t(random_() % 900);
    const std::uint64_t index = ordinals_.size();
    entries_[index] = {1, index, key, late_++};
    ordinals_.emplace_back();
    if (kind == 1) {
      others_.push_back({.index = index, .key = key, .ordinal = {}});
    } else {
      tail_.push_back({key, index, true});
    }
  }

  std::vector<OrderChange> fold() {
    std::ranges::sort(tail_, {}, &Row::key);
    const std::size_t kept_from = tail_.size() - random_() % (tail_.size() / 3 + 1);
    std::vector<FoldedPoint> points = others_;
    for (std::size_t i = 0; i < tail_.size(); ++i) {
      const auto& [key, index, is_late] = tail_[i];
      ordinals_[index] = sealed_ + i;
      points.push_back({index, key, sealed_ + i, is_late, i >= kept_from});
      late_ -= is_late ? 1 : 0;
      tail_[i].is_late = false;
    }
    const std::vector<OrderChange> changes =
        order_after_fold(1, points, first_index_, late_before_);
    for (const auto& [entry, is_erased] : changes) {
      entries_.erase(entry.index);
      if (!is_erased) entries_[entry.index] = entry;
    }
    tail_.erase(tail_.begin(), tail_.begin() + static_cast<long>(kept_from));
    sealed_ += kept_from;
    others_.clear();
    first_index_ = ordinals_.size();
    late_before_ = late_;
    return changes;
  }

  // Looked up as a reader does.
  void expect_right() const {
    std::uint64_t late = 0;
    for (std::uint64_t index = 0; index < ordinals_.size(); ++index) {
      const auto behind = entries_.upper_bound(index);
      const OrderEntry* const entry =
          behind == entries_.begin() ? nullptr : &std::prev(behind)->second;
      const bool is_late = entry != nullptr && entry->index == index && !entry->is_folded();
      ASSERT_EQ(is_late, !ordinals_[index].has_value()) << index;
      if (is_late) {
        ASSERT_EQ(entry->rank, late++) << index;
      } else {
        ASSERT_EQ(entry == nullptr ? index : entry->main_ordinal(index), *ordinals_[index])
            << index;
      }
    }
  }

 private:
  struct Row {
    std::int64_t key;
    std::uint64_t index;
    bool is_late;
  };
  std::mt19937_64 random_;
  std::map<std::uint64_t, OrderEntry> entries_;
  std::vector<std::optional<std::uint64_t>> ordinals_;  // by index; nullopt: late
  std::vector<Row> tail_;
  std::vector<FoldedPoint> others_;
  std::uint64_t late_ = 0;
  std::uint64_t sealed_ = 0;  // points of the main run before the tail
  std::uint64_t first_index_ = 0;
  std::uint64_t late_before_ = 0;
  std::int64_t clock_ = 0;
};

TEST(TailOrderTest, LeadsEveryIndexToItsNumberAtEveryInstant) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    FoldedTrack track(seed);
    for (std::uint64_t i = 0; i < 300; ++i) {
      track.arrive();
      if (i % (10 + seed) == 9 + seed) track.fold();
      track.expect_right();
    }
  }
}

TEST(TailOrderTest, SaysNothingOfPointsInOrder) {
  EXPECT_THAT(order_after_fold(1, {{7, 70, 5, false, false}, {8, 80, 6, false, false}}, 7, 2),
              IsEmpty());
}

// Late by one: three entries, and one that leads back.
TEST(TailOrderTest, PutsOneLatePointInItsPlace) {
  const std::vector<OrderChange> changes = order_after_fold(
      1, {{0, 10, 0, false, false}, {1, 30, 2, false, false}, {2, 20, 1, true, false}}, 0, 0);
  ASSERT_THAT(changes, SizeIs(3));
  EXPECT_EQ(changes[0].entry.main_ordinal(1), 2u);
  EXPECT_EQ(changes[1].entry.main_ordinal(2), 1u);
  EXPECT_EQ(changes[2].entry.index, 3u);
  EXPECT_EQ(changes[2].entry.main_ordinal(3), 3u);
}

TEST(TailOrderTest, CountsLatePointsElsewhereAnew) {
  const std::vector<OrderChange> changes =
      order_after_fold(1, {{0, 10, 1, false, false}, {1, 5, 0, true, false}, {2, 1, {}}}, 0, 0);
  ASSERT_THAT(changes, SizeIs(3));
  EXPECT_FALSE(changes[2].entry.is_folded());
  EXPECT_EQ(changes[2].entry.rank, 0u);
  EXPECT_EQ(changes[2].entry.main_ordinal(3), 2u);
}

// The block of an entry that goes without need must be told apart from one that stays.
TEST(TailOrderTest, TakesTheEntryOfALatePointThatFollowsAnother) {
  const std::vector<OrderChange> changes = order_after_fold(1,
                                                            {{0, 10, 0, false, false},
                                                             {1, 40, 3, false, false},
                                                             {2, 20, 1, true, false},
                                                             {3, 30, 2, true, false}},
                                                            0, 0);
  ASSERT_THAT(changes, SizeIs(4));
  EXPECT_TRUE(changes[2].is_erased);
  EXPECT_EQ(changes[2].entry.index, 3u);
}

}  // namespace
}  // namespace zbag
