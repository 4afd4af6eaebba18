// Which of many ordered runs comes next: a tournament that remembers its losers (Knuth, The Art of
// Computer Programming, 5.4.1). One comparison a round, rounds as the logarithm of the runs that
// still have something.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace zbag {

class LoserTree {
 public:
  // The next of one run. Smaller ranks come first, equal ones by run.
  struct Entrant {
    std::int64_t rank = 0;
    std::uint32_t run = 0;
    std::uint32_t leaf = 0;  // the tree's own

    bool comes_before(const Entrant& other) const {
      return rank != other.rank ? rank < other.rank : run < other.run;
    }
  };

  // REQUIRES: each run once, none with number UINT32_MAX.
  void build(std::vector<Entrant> entrants);
  void clear() { build({}); }

  bool empty() const { return live_ == 0; }
  // REQUIRES, all: not empty.
  std::uint32_t winner() const { return nodes_[0].run; }
  // The winner's run goes on at `rank`.
  void advance(std::int64_t rank) {
    nodes_[0].rank = rank;
    replay();
  }
  // The winner's run has no more.
  void retire();

 private:
  void replay() {
    Entrant entrant = nodes_[0];
    for (std::size_t node = entrant.leaf / 2; node > 0; node /= 2) {
      if (nodes_[node].comes_before(entrant)) std::swap(nodes_[node], entrant);
    }
    nodes_[0] = entrant;
  }

  // The winner, then the loser of every match: node i is played by the winners of 2i and 2i + 1,
  // and leaf i is entrant i - size.
  std::vector<Entrant> nodes_;
  std::size_t live_ = 0;
};

}  // namespace zbag
