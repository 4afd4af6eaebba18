// Two blocks of one track in two bags, whose points are compared in pairs.
//
// Where both have columns, what is stored as the same bytes is not even decoded, and the rest is
// compared column by column; else maps are, by their bytes first. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "player/query/diff/compared_block.hpp"
#include "player/query/diff/leaf_columns.hpp"
#include "player/query/diff/likeness.hpp"
#include "player/query/diff/map_leaves.hpp"
#include "schemas/result.hpp"

namespace zbag {

// At how many points a leaf differs, and by how much at most: NaN where it is no number in both.
struct FieldTally {
  std::uint64_t points = 0;
  double largest = std::numeric_limits<double>::quiet_NaN();
};

// By path. A stranger's maps may have any number of names: of those beyond the first
// kTalliesMax differences count for their points, and nowhere else.
class FieldTallies {
 public:
  static constexpr std::size_t kTalliesMax = 4'096;

  void add(const std::string& path, double distance);
  const std::map<std::string, FieldTally>& by_path() const { return by_path_; }

 private:
  std::map<std::string, FieldTally> by_path_;
};

class BlockPair {
 public:
  enum class Mark : std::uint8_t {
    kAlike,
    kUnlike,
    kUnread,  // the map of one of them is malformed, or too large to be compared
  };

  // All are lent.
  BlockPair(ComparedBlock& a, ComparedBlock& b, const Likeness& likeness, const LeafChoice& choice);

  // Makes `marks` those of the pairs of the run, and counts which leaves differ. kDamaged: a block
  // does not decode, which is_damage_of_a() tells; nothing was counted then.
  Status compare(const PairedRun& run, std::vector<Mark>& marks, FieldTallies& tallies);
  bool is_damage_of_a() const { return is_damage_of_a_; }

  // Which leaves differ between two points, lent by the blocks. kDamaged: a map is malformed.
  Result<std::vector<LeafPair>> unlike_leaves_of(std::size_t point_a, std::size_t point_b);

 private:
  struct PairedLeaf {
    std::optional<std::size_t> a;
    std::optional<std::size_t> b;
    const std::string* path;
  };
  void pair_leaves();
  bool is_stored_alike(const PairedLeaf& leaf);
  Result<const BlockField*> field(ComparedBlock& block, std::optional<std::size_t> leaf);
  Status fill_maps();
  Status compare_columns(const PairedRun& run, std::vector<Mark>& marks, FieldTallies& tallies);
  void mark(const PairedRun& run, const PairedLeaf& leaf, const UnlikePoint& unlike,
            std::vector<Mark>& marks, FieldTallies& tallies);
  Mark compare_maps(std::size_t point_a, std::size_t point_b, FieldTallies& tallies);

  ComparedBlock& a_;
  ComparedBlock& b_;
  const Likeness& likeness_;
  const LeafChoice& choice_;
  std::vector<PairedLeaf> leaves_;  // where both have columns
  bool has_one_directory_ = false;
  bool is_damage_of_a_ = false;
  std::vector<UnlikePoint> unlike_;
};

}  // namespace zbag
