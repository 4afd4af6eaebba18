// Rotations as quaternions and as three turns about axes of their own.
#pragma once

#include <array>
#include <cstddef>

namespace zbag {

struct Quaternion {
  double w = 1;
  double x = 0;
  double y = 0;
  double z = 0;
};

// Of length 1; of one that has none (or is no number) that of no rotation.
Quaternion normalized(const Quaternion& q);
Quaternion operator*(const Quaternion& a, const Quaternion& b);
// What lies the share of the shortest way from one rotation to another, at a constant speed.
// REQUIRES: both are normalized.
Quaternion slerp(const Quaternion& a, const Quaternion& b, double share);

// Axes 0 to 2 (x, y, z), each once: R = R(order[0]) * R(order[1]) * R(order[2]).
using TurnOrder = std::array<std::size_t, 3>;
using Turns = std::array<double, 3>;  // degrees, in that order

Quaternion turn_about(std::size_t axis, double degrees);
Quaternion quaternion_of(const Turns& turns, const TurnOrder& order);
// Those nearest to `before`, of which whole turns more may be part. REQUIRES: q is normalized.
Turns turns_of(const Quaternion& q, const TurnOrder& order, const Turns& before);
// The angle and so many whole turns that it lies nearest to `before`.
double unwrapped(double degrees, double before);

}  // namespace zbag
