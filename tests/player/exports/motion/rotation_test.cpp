#include "player/exports/motion/rotation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace zbag {
namespace {

double apartness(const Quaternion& a, const Quaternion& b) {
  return 1 - std::abs(a.w * b.w + a.x * b.x + a.y * b.y + a.z * b.z);
}

Quaternion any_rotation(std::mt19937& random) {
  std::normal_distribution<double> part;
  return normalized({part(random), part(random), part(random), part(random)});
}

TEST(RotationTest, TurnsOfEveryOrderAreTheRotation) {
  std::mt19937 random(1);
  TurnOrder order = {0, 1, 2};
  do {
    Turns before{};
    for (int n = 0; n < 200; ++n) {
      const Quaternion q = any_rotation(random);
      const Turns turns = turns_of(q, order, before);
      EXPECT_LT(apartness(quaternion_of(turns, order), q), 1e-12);
      before = turns;
    }
  } while (std::ranges::next_permutation(order).found);
}

TEST(RotationTest, AMiddleTurnOfARightAngleKeepsTheLastOne) {
  for (const double middle : {90.0, -90.0}) {
    for (const TurnOrder& order : {TurnOrder{2, 0, 1}, TurnOrder{0, 2, 1}, TurnOrder{0, 1, 2}}) {
      const Quaternion q = quaternion_of({30, middle, 20}, order);
      const Turns turns = turns_of(q, order, {0, 0, 7});
      EXPECT_LT(apartness(quaternion_of(turns, order), q), 1e-12);
      EXPECT_EQ(turns[2], 7);
    }
  }
}

TEST(RotationTest, TurnsGoOnBeyondAWholeOne) {
  Turns turns{};
  for (int degree = 0; degree <= 1'000; degree += 10)
    turns = turns_of(turn_about(2, degree), {2, 0, 1}, turns);
  EXPECT_NEAR(turns[0], 1'000, 1e-6);
  EXPECT_NEAR(unwrapped(-175, 180), 185, 1e-9);
}

TEST(RotationTest, SlerpTurnsAtAConstantSpeedTheShortWay) {
  const Quaternion from = turn_about(1, 10);
  const Quaternion to = turn_about(1, 350);  // 20 degrees back
  EXPECT_LT(apartness(slerp(from, to, 0.25), turn_about(1, 5)), 1e-12);
  EXPECT_LT(apartness(slerp(from, from, 0.5), from), 1e-12);
}

TEST(RotationTest, WhatIsNoRotationIsNone) {
  EXPECT_EQ(normalized({0, 0, 0, 0}).w, 1);
  EXPECT_EQ(normalized({NAN, 0, 0, 0}).w, 1);
  EXPECT_EQ(normalized({0, 0, 2, 0}).y, 1);
}

}  // namespace
}  // namespace zbag
