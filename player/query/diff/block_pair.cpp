#include "player/query/diff/block_pair.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <unordered_map>

#include "schemas/points/point.hpp"

namespace zbag {
void FieldTallies::add(const std::string& path, double distance) {
  auto known = by_path_.find(path);
  if (known == by_path_.end()) {
    if (by_path_.size() == kTalliesMax) return;
    known = by_path_.emplace(path, FieldTally{}).first;
  }
  ++known->second.points;
  known->second.largest = std::fmax(known->second.largest, distance);
}

BlockPair::BlockPair(ComparedBlock& a, ComparedBlock& b, const Likeness& likeness,
                     const LeafChoice& choice)
    : a_(a), b_(b), likeness_(likeness), choice_(choice) {
  if (a_.columns() == nullptr || b_.columns() == nullptr) return;
  has_one_directory_ = a_.columns()->has_directory_of(*b_.columns());
  pair_leaves();
}

void BlockPair::pair_leaves() {
  std::unordered_map<std::string_view, std::size_t> of_b;
  for (std::size_t i = 0; i < b_.leaves().size(); ++i) of_b.emplace(b_.leaves()[i].path, i);
  for (std::size_t i = 0; i < a_.leaves().size(); ++i) {
    const std::string& path = a_.leaves()[i].path;
    const auto other = of_b.find(path);
    PairedLeaf& leaf = leaves_.emplace_back(PairedLeaf{i, std::nullopt, &path});
    if (other == of_b.end()) continue;
    leaf.b = other->second;
    of_b.erase(other);
  }
  for (std::size_t i = 0; i < b_.leaves().size(); ++i) {
    const std::string& path = b_.leaves()[i].path;
    if (of_b.contains(path)) leaves_.push_back({std::nullopt, i, &path});
  }
}

// REQUIRES: the blocks have one directory, which numbers leaves and columns alike.
bool BlockPair::is_stored_alike(const PairedLeaf& leaf) {
  return std::ranges::all_of(a_.leaves()[*leaf.a].columns, [&](std::size_t column) {
    return a_.columns()->has_data_of(*b_.columns(), column);
  });
}

Result<const BlockField*> BlockPair::field(ComparedBlock& block, std::optional<std::size_t> leaf) {
  if (!leaf) return static_cast<const BlockField*>(nullptr);
  is_damage_of_a_ = &block == &a_;
  return block.field(*leaf);
}

Status BlockPair::fill_maps() {
  for (ComparedBlock* const block : {&a_, &b_}) {
    is_damage_of_a_ = block == &a_;
    if (const auto map = block->map(0); !map) return tl::unexpected(map.error());
  }
  return {};
}

Status BlockPair::compare(const PairedRun& run, std::vector<Mark>& marks, FieldTallies& tallies) {
  marks.assign(run.points, Mark::kAlike);
  if (a_.columns() != nullptr && b_.columns() != nullptr)
    return compare_columns(run, marks, tallies);
  if (Status filled = fill_maps(); !filled) return filled;
  for (std::size_t i = 0; i < run.points; ++i)
    marks[i] = compare_maps(run.a + i, run.b + i, tallies);
  return {};
}

Status BlockPair::compare_columns(const PairedRun& run, std::vector<Mark>& marks,
                                  FieldTallies& tallies) {
  const bool is_whole = has_one_directory_ && run.a == 0 && run.b == 0 &&
                        run.points == a_.points().size() && run.points == b_.points().size();
  struct Decoded {
    const PairedLeaf* leaf;
    const BlockField* a;
    const BlockField* b;
  };
  std::vector<Decoded> decoded;  // all of it, before anything is counted
  for (const PairedLeaf& leaf : leaves_) {
    if (is_whole && is_stored_alike(leaf)) continue;
    const Result<const BlockField*> a = field(a_, leaf.a);
    if (!a) return tl::unexpected(a.error());
    const Result<const BlockField*> b = field(b_, leaf.b);
    if (!b) return tl::unexpected(b.error());
    decoded.push_back({&leaf, *a, *b});
  }
  for (const Decoded& one : decoded) {
    unlike_.clear();
    compare_leaf(one.a, one.b, run, likeness_, unlike_);
    for (const UnlikePoint& point : unlike_) mark(run, *one.leaf, point, marks, tallies);
  }
  return {};
}

void BlockPair::mark(const PairedRun& run, const PairedLeaf& leaf, const UnlikePoint& unlike,
                     std::vector<Mark>& marks, FieldTallies& tallies) {
  Mark& mark = marks[unlike.point];
  double distance = unlike.distance;
  if (!unlike.is_certain) {
    const auto leaves = unlike_leaves_of(run.a + unlike.point, run.b + unlike.point);
    if (!leaves) mark = Mark::kUnread;
    if (!leaves) return;
    const auto found = std::ranges::find(*leaves, *leaf.path, &LeafPair::path);
    if (found == leaves->end()) return;
    distance = distance_of(found->a, found->b);
  }
  if (mark == Mark::kAlike) mark = Mark::kUnlike;
  tallies.add(*leaf.path, distance);
}

BlockPair::Mark BlockPair::compare_maps(std::size_t point_a, std::size_t point_b,
                                        FieldTallies& tallies) {
  // There since fill_maps().
  if (std::ranges::equal(*a_.map(point_a), *b_.map(point_b))) return Mark::kAlike;
  const Result<std::vector<LeafPair>> leaves = unlike_leaves_of(point_a, point_b);
  if (!leaves) return Mark::kUnread;
  for (const LeafPair& leaf : *leaves) tallies.add(leaf.path, distance_of(leaf.a, leaf.b));
  return leaves->empty() ? Mark::kAlike : Mark::kUnlike;
}

Result<std::vector<LeafPair>> BlockPair::unlike_leaves_of(std::size_t point_a,
                                                          std::size_t point_b) {
  const Result<std::span<const std::uint8_t>> a = a_.map(point_a);
  if (!a) return tl::unexpected(a.error());
  const Result<std::span<const std::uint8_t>> b = b_.map(point_b);
  if (!b) return tl::unexpected(b.error());
  const std::optional<CheckedMap> map_a = check_map(*a);
  const std::optional<CheckedMap> map_b = check_map(*b);
  if (!map_a || !map_b) return fail(ErrorCode::kDamaged, "a map is malformed");
  auto leaves = unlike_leaves(map_a->map, map_b->map, likeness_, choice_);
  if (!leaves) return fail(ErrorCode::kUnsupported, "a map has too many leaves below long names");
  return std::move(*leaves);
}

}  // namespace zbag
