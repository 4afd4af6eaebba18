#include "recorder/bag/read/loser_tree.hpp"

#include <limits>

namespace zbag {
namespace {

constexpr std::uint32_t kRetired = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void LoserTree::build(std::vector<Entrant> entrants) {
  const std::size_t size = entrants.size();
  live_ = size;
  nodes_.assign(size, {});
  if (size == 0) return;
  std::vector<Entrant> winners(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    winners[size + i] = entrants[i];
    winners[size + i].leaf = static_cast<std::uint32_t>(size + i);
  }
  for (std::size_t node = size - 1; node > 0; --node) {
    const Entrant& left = winners[2 * node];
    const Entrant& right = winners[2 * node + 1];
    const bool is_left = left.comes_before(right);
    winners[node] = is_left ? left : right;
    nodes_[node] = is_left ? right : left;
  }
  nodes_[0] = winners[1];
}

void LoserTree::retire() {
  nodes_[0].run = kRetired;
  --live_;
  if (2 * live_ > nodes_.size()) {
    advance(std::numeric_limits<std::int64_t>::max());
    return;
  }
  // Half of the seats are empty: a smaller tree has fewer rounds.
  std::erase_if(nodes_, [](const Entrant& entrant) { return entrant.run == kRetired; });
  build(std::move(nodes_));
}

}  // namespace zbag
