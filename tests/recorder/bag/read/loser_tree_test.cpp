#include "recorder/bag/read/loser_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace zbag {
namespace {

using Ranks = std::vector<std::int64_t>;

std::vector<std::pair<std::int64_t, std::uint32_t>> merged(const std::vector<Ranks>& runs) {
  std::vector<LoserTree::Entrant> entrants;
  for (std::uint32_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].empty()) entrants.push_back({runs[i][0], i});
  }
  LoserTree tree;
  tree.build(std::move(entrants));
  std::vector<std::size_t> at(runs.size());
  std::vector<std::pair<std::int64_t, std::uint32_t>> out;
  while (!tree.empty()) {
    const std::uint32_t run = tree.winner();
    out.emplace_back(runs[run][at[run]], run);
    if (++at[run] < runs[run].size()) {
      tree.advance(runs[run][at[run]]);
    } else {
      tree.retire();
    }
  }
  return out;
}

TEST(LoserTree, HasNoWinnerWithoutEntrants) {
  LoserTree tree;
  EXPECT_TRUE(tree.empty());
  tree.build({});
  EXPECT_TRUE(tree.empty());
}

TEST(LoserTree, GivesOneRunAsItIs) {
  EXPECT_EQ(merged({{1, 2, 2}}),
            (std::vector<std::pair<std::int64_t, std::uint32_t>>{{1, 0}, {2, 0}, {2, 0}}));
}

TEST(LoserTree, TakesTheFirstRunWhereRanksAreEqual) {
  EXPECT_EQ(merged({{7, 9}, {7}, {7}}),
            (std::vector<std::pair<std::int64_t, std::uint32_t>>{{7, 0}, {7, 1}, {7, 2}, {9, 0}}));
}

// A run that ends must not look like one whose rank is the greatest there is.
TEST(LoserTree, KnowsTheGreatestRankFromNone) {
  EXPECT_EQ(merged({{1}, {INT64_MAX}, {INT64_MIN, INT64_MAX}}).size(), 4u);
}

// Whatever the runs, their merge is what sorting gives.
TEST(LoserTree, MergesAsSortingDoes) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 500; ++round) {
    std::vector<Ranks> runs(random() % 70);
    std::vector<std::pair<std::int64_t, std::uint32_t>> wanted;
    for (std::uint32_t i = 0; i < runs.size(); ++i) {
      runs[i].resize(random() % 20);
      for (std::int64_t& rank : runs[i]) rank = static_cast<std::int64_t>(random() % 64) - 32;
      std::ranges::sort(runs[i]);
      for (const std::int64_t rank : runs[i]) wanted.emplace_back(rank, i);
    }
    std::ranges::sort(wanted);
    ASSERT_EQ(merged(runs), wanted) << "round " << round;
  }
}

}  // namespace
}  // namespace zbag
