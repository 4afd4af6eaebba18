// The one loop over points that can be read: what is damaged is left out, told of and counted.
//
//   IntactPoints points(cursor, warn);
//   while (true) {
//     const Result<std::optional<PointView>> point = points.next();
//     if (!point) return fail(...);  // never for damage
//     if (!*point) break;            // the end
//     ...
//   }
//   if (points.left_out() > 0) ...
//
// Serves whatever gives points as a BagCursor does: next(), skip_damage(). The cursor is lent. Not
// thread-safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "recorder/bag/read/cursor.hpp"

namespace zbag {

// Told, in one line, of every block, record or point that is left out and what that costs.
using Warn = std::function<void(const std::string&)>;

template <class Cursor>
class IntactPoints {
 public:
  // `instead` says what becomes of a damaged block's points, where that is not that they are left
  // out.
  IntactPoints(Cursor& cursor, Warn warn, std::string instead = {})
      : cursor_(cursor), warn_(std::move(warn)), instead_(std::move(instead)) {}

  // Ends behind so many points, those that are left out not counted; 0: at the cursor's end.
  void end_after(std::uint64_t points) { points_max_ = points == 0 ? UINT64_MAX : points; }

  // nullopt at the end. Views as the cursor's.
  Result<std::optional<PointView>> next() {
    while (true) {
      if (given_ == points_max_) return std::optional<PointView>();
      Result<std::optional<PointView>> point = cursor_.next();
      if (point && *point) ++given_;
      if (point || point.error().code != ErrorCode::kDamaged) return point;
      const std::optional<BagCursor::Damage> damage = cursor_.skip_damage();
      if (!damage) return point;
      note(point.error().message + "; " + (instead_.empty() ? damage->text() : instead_),
           damage->points);
    }
  }

  // With maps that were validated: the bag may be a stranger's. A point whose map is malformed is
  // left out, too.
  Result<std::optional<PointView>> next_checked() {
    while (true) {
      Result<std::optional<PointView>> point = next();
      if (!point || !*point || check_map((*point)->map)) return point;
      leave_out((*point)->fields().error().message);
    }
  }

  // For the point given last, when its user could do nothing with it.
  void leave_out(const std::string& why) {
    --given_;
    note(why, 1);
  }

  std::uint64_t left_out() const { return left_out_; }  // blocks, records and points
  // In those, as far as it is known: one at least each.
  std::uint64_t points_left_out() const { return points_left_out_; }

 private:
  void note(const std::string& text, std::uint64_t points) {
    ++left_out_;
    points_left_out_ += std::max<std::uint64_t>(1, points);
    if (warn_) warn_(text);
  }

  Cursor& cursor_;
  const Warn warn_;
  const std::string instead_;
  std::uint64_t points_max_ = UINT64_MAX;
  std::uint64_t given_ = 0;
  std::uint64_t left_out_ = 0;
  std::uint64_t points_left_out_ = 0;
};

}  // namespace zbag
