#include "player/imports/hdf5/arena.hpp"

#include <gmock/gmock.h>

#include <cstring>

namespace zbag::hdf5::reading {
namespace {

constexpr std::size_t kMiB = 1u << 20;

TEST(ArenaTest, GivesMemoryThatStaysUntilItBeginsAgain) {
  Arena arena;
  arena.begin(kMiB);
  std::vector<char*> taken;
  for (int n = 0; n < 1'000; ++n) {
    taken.push_back(static_cast<char*>(Arena::take(100, &arena)));
    ASSERT_NE(taken.back(), nullptr);
    std::memset(taken.back(), n % 100, 100);
  }
  for (int n = 0; n < 1'000; ++n) EXPECT_EQ(taken[static_cast<std::size_t>(n)][99], n % 100);
}

TEST(ArenaTest, GivesNoMoreThanThereIs) {
  Arena arena;
  arena.begin(kMiB);
  EXPECT_EQ(Arena::take(kMiB + 1, &arena), nullptr);
  EXPECT_TRUE(arena.is_full());
  arena.begin(kMiB);
  EXPECT_FALSE(arena.is_full());
  EXPECT_NE(Arena::take(kMiB, &arena), nullptr);
  EXPECT_EQ(Arena::take(kMiB / 2, &arena), nullptr);
  EXPECT_TRUE(arena.is_full());
}

}  // namespace
}  // namespace zbag::hdf5::reading
