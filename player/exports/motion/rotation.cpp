#include "player/exports/motion/rotation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace zbag {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
// Where the middle turn leaves the others no cosine, they turn about one and the same axis.
constexpr double kNoCosine = 1e-7;

using Matrix = std::array<std::array<double, 3>, 3>;

Matrix matrix_of(const Quaternion& q) {
  return {
      {{1 - 2 * (q.y * q.y + q.z * q.z), 2 * (q.x * q.y - q.w * q.z), 2 * (q.x * q.z + q.w * q.y)},
       {2 * (q.x * q.y + q.w * q.z), 1 - 2 * (q.x * q.x + q.z * q.z), 2 * (q.y * q.z - q.w * q.x)},
       {2 * (q.x * q.z - q.w * q.y), 2 * (q.y * q.z + q.w * q.x),
        1 - 2 * (q.x * q.x + q.y * q.y)}}};
}

double distance(const Turns& a, const Turns& b) {
  return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]);
}

Turns all_unwrapped(const Turns& turns, const Turns& before) {
  return {unwrapped(turns[0], before[0]), unwrapped(turns[1], before[1]),
          unwrapped(turns[2], before[2])};
}

}  // namespace

Quaternion normalized(const Quaternion& q) {
  const double length = std::sqrt(q.w * q.w + q.x * q.x + q.y * q.y + q.z * q.z);
  if (!std::isfinite(length) || length < 1e-12) return {};
  return {q.w / length, q.x / length, q.y / length, q.z / length};
}

Quaternion operator*(const Quaternion& a, const Quaternion& b) {
  return {
      a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z, a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y,
      a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x, a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w};
}

Quaternion slerp(const Quaternion& a, const Quaternion& b, double share) {
  const double cosine = a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z;
  const double side = cosine < 0 ? -1 : 1;  // b and -b are one rotation
  const double angle = std::acos(std::min(1.0, std::abs(cosine)));
  const double sine = std::sin(angle);
  const double of_a = sine < 1e-9 ? 1 - share : std::sin((1 - share) * angle) / sine;
  const double of_b = side * (sine < 1e-9 ? share : std::sin(share * angle) / sine);
  return normalized({of_a * a.w + of_b * b.w, of_a * a.x + of_b * b.x, of_a * a.y + of_b * b.y,
                     of_a * a.z + of_b * b.z});
}

Quaternion turn_about(std::size_t axis, double degrees) {
  const double half = degrees * kDegree / 2;
  const double sine = std::sin(half);
  return {std::cos(half), axis == 0 ? sine : 0, axis == 1 ? sine : 0, axis == 2 ? sine : 0};
}

Quaternion quaternion_of(const Turns& turns, const TurnOrder& order) {
  return turn_about(order[0], turns[0]) * turn_about(order[1], turns[1]) *
         turn_about(order[2], turns[2]);
}

Turns turns_of(const Quaternion& q, const TurnOrder& order, const Turns& before) {
  const auto [i, j, k] = order;
  const double sign = (i + 1) % 3 == j ? 1 : -1;  // of an order that is not x, y, z turned round
  const Matrix m = matrix_of(q);
  const double cosine = std::hypot(m[i][i], m[i][j]);
  Turns turns{};
  turns[1] = std::atan2(sign * m[i][k], cosine) / kDegree;
  if (cosine < kNoCosine) {
    turns[2] = before[2];
    const Quaternion first = q * turn_about(k, -turns[2]) * turn_about(j, -turns[1]);
    const Matrix rest = matrix_of(first);
    turns[0] = std::atan2(sign * rest[k][j], rest[j][j]) / kDegree;
    return all_unwrapped(turns, before);
  }
  turns[0] = std::atan2(-sign * m[j][k], m[k][k]) / kDegree;
  turns[2] = std::atan2(-sign * m[i][j], m[i][i]) / kDegree;
  const Turns near = all_unwrapped(turns, before);
  const Turns other = all_unwrapped(Turns{turns[0] + 180, 180 - turns[1], turns[2] + 180}, before);
  return distance(other, before) < distance(near, before) ? other : near;
}

double unwrapped(double degrees, double before) {
  return degrees - 360 * std::round((degrees - before) / 360);
}

}  // namespace zbag
