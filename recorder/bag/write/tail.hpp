// The points of a track since its last full block: what its next full block is made of.
//
// Those of the main run come in order of key; late ones that fall among them are kept beside them,
// and so are the new rows of points that late frames have merged into. On disk they are *segments*
// and late blocks. Invariants, at the end of every transaction:
//  - The segments and late blocks on disk that TrackWriter names, and behind these the journal,
//  hold
//    the points of the tail, row for row, and nothing else.
//  - No other block of the track has a point of the main run behind the tail's first key.
//
// Rows are lent until own_rows(); late and merged ones are copied at once. Not thread-safe.
// Memory: the rows.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "recorder/bag/block/block_encoder.hpp"
#include "recorder/bag/write/encode_pool.hpp"

namespace zbag {

class Tail {
 public:
  struct Row {
    RowPoint point;
    bool is_late;
  };

  explicit Tail(EncodePool& pool) : pool_(pool), main_(pool.lend()) {}
  ~Tail() { pool_.give_back(std::move(main_)); }
  Tail(const Tail&) = delete;
  Tail& operator=(const Tail&) = delete;

  // REQUIRES: behind all points of the main run. `point.index` is the point's.
  void add(const RowPoint& point) { main_->add(point, false); }
  void add_late(const RowPoint& point);
  // The newest stored point of that key has become `merged`: the late one of its index, or the last
  // of the main run. Nothing when the tail does not have it.
  void merge(const RowPoint& merged, bool is_late);
  // Copies the rows of the main run from `from` on.
  void own_rows(std::size_t from) { main_->own_rows(from, main_count(), arenas_.emplace_back()); }

  bool empty() const { return main_->count() == 0; }
  bool holds(std::int64_t key) const;
  std::size_t main_count() const { return main_->count(); }
  std::size_t count() const { return main_->count() + late_.size(); }
  const std::vector<RowPoint>& main_points() const { return main_->points(); }
  const std::vector<RowPoint>& late_points() const { return late_; }
  // Whether the encoder of the main run holds all there is.
  bool is_plain() const { return late_.empty() && merged_.empty(); }
  bool has_merged() const { return !merged_.empty(); }
  // The last point of the main run as it is now. REQUIRES: not empty.
  const RowPoint& back() const { return main_row(main_->count() - 1); }
  // About what a block of everything would measure with `point` added.
  std::size_t bytes_with(const RowPoint& point) const {
    return main_->bytes_with(point) + beside_bytes_;
  }
  // What the main run would measure as a block now. REQUIRES: not empty.
  std::size_t measure(const BlockHeader& header) { return pool_.measure(*main_, header); }
  // How many points lay behind a late one when it came, at most.
  std::size_t reach() const { return reach_; }

  // Everything in order of key, main before late.
  std::vector<Row> rows() const;
  // The main run alone.
  std::vector<Row> main_rows() const;
  // Gives out what the tail is made of and leaves it empty. The rows live in the arenas.
  std::unique_ptr<BlockEncoder> take_main() { return std::exchange(main_, pool_.lend()); }
  std::deque<std::string> take_arenas() { return std::exchange(arenas_, {}); }
  void clear();

 private:
  const RowPoint& main_row(std::size_t at) const;
  RowPoint owned(RowPoint point);
  std::string* place_of(const RowPoint& point);
  void note_reach(std::int64_t key);

  EncodePool& pool_;
  std::unique_ptr<BlockEncoder> main_;
  std::vector<RowPoint> late_;              // by key, then as they came
  std::map<std::size_t, RowPoint> merged_;  // in place of a point of `main_`, by its position
  std::deque<std::string> arenas_;          // where rows live
  std::size_t beside_bytes_ = 0;
  std::size_t reach_ = 0;
};

}  // namespace zbag
