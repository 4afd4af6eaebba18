// A track of a kind that has joints, as bodies whose joints move: where the values of each joint
// lie, and what they are as positions and turns.
//
//   Skeleton skeleton = Skeleton::of(source, track).value();
//   source.each_chunk_of(track, skeleton.fields(), [&](const ColumnChunk& chunk) {
//     return skeleton.each_pose(chunk, [&](std::int64_t key, std::span<const double> pose) {...});
//     });
//
// A pose is the values() of all joints, joint by joint: its position, as many axes as move, then
// its rotation as a quaternion w, x, y, z, or as degrees of turns where its channels are less than
// three or were recorded as such. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "player/exports/export_source.hpp"
#include "player/exports/motion/rotation.hpp"

namespace zbag {

class Skeleton {
 public:
  struct Joint {
    std::string label;  // its name without what parts labels, unlike all others
    std::optional<std::size_t> parent;
    std::vector<std::size_t> children;
    std::array<double, 3> offset{};
    std::array<double, 3> end{};
    std::vector<std::size_t> position;  // axes 0 to 2, in their order
    std::vector<std::size_t> turns;     // likewise; of a quaternion z, x, y
    bool is_quaternion = false;
    std::size_t at = 0;  // of its values in a pose

    std::size_t rotation_at() const { return at + position.size(); }
    std::size_t values() const { return position.size() + (is_quaternion ? 4 : turns.size()); }
  };

  // kUnsupported: the track is of no kind with joints, or lacks what they ask for; says what to do.
  static Result<Skeleton> of(const ExportSource& source, const std::string& track);

  const std::vector<Joint>& joints() const { return joints_; }  // parents first
  std::size_t values() const { return values_; }
  const std::vector<ExportField>& fields() const { return fields_; }

  using TakePose = std::function<Status(std::int64_t key, std::span<const double> pose)>;
  // A value that is missing is what it was before, at first that of the body at rest. kUnsupported:
  // a list has more values than joints take of it; names the track, the field and the point.
  Status each_pose(const ColumnChunk& chunk, const TakePose& take);
  // Points that had a value missing.
  std::uint64_t points_with_gaps() const { return gaps_; }

  // For EvenRows: rotations by slerp, or where they have less than three turns each by itself.
  void put_between(std::span<const double> a, std::span<const double> b, double share,
                   std::span<double> pose) const;
  // The degrees of a joint's turns, which replace `before`: as they were recorded, or of a
  // quaternion those nearest to it.
  static void put_turns(const Joint& joint, std::span<const double> pose, Turns& before);

 private:
  // Where a value of a pose comes from.
  struct Origin {
    std::size_t field = 0;
    std::optional<std::size_t> element;  // of its list
    double factor = 1;
  };
  struct Build;
  Status too_many(std::size_t field, std::size_t values, std::int64_t key) const;

  std::vector<Joint> joints_;
  std::string track_;
  std::vector<ExportField> fields_;
  std::vector<std::size_t> taken_;  // of each field, how many values joints take
  std::vector<Origin> origins_;     // of each value of a pose
  std::size_t values_ = 0;
  std::vector<double> pose_;  // the last
  std::uint64_t gaps_ = 0;
};

}  // namespace zbag
