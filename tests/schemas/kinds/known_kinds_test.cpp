#include "schemas/kinds/known_kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

namespace zbag {
namespace {

using ::testing::ElementsAre;

TEST(KnownKindsTest, EveryOneIsWhatItsFileIsCalled) {
  EXPECT_THAT(known_kinds(),
              ElementsAre("battery", "compressed_image", "episode", "gps", "image", "imu",
                          "joint_state", "laser_scan", "log", "markers", "odometry", "point_cloud",
                          "pose", "skeleton", "step", "transform", "twist"));
  for (const std::string& name : known_kinds()) {
    const Result<Kind> kind = known_kind(name);
    ASSERT_TRUE(kind) << kind.error().message;
    EXPECT_EQ(kind->name, name);
    EXPECT_FALSE(kind->means.empty());
    EXPECT_TRUE(std::ranges::any_of(kind->fields, &KindField::is_required)) << name;
    EXPECT_EQ(parse_kind(written_kind(*kind)).value(), *kind);
  }
}

TEST(KnownKindsTest, AnotherIsNotFound) {
  EXPECT_EQ(known_kind("imoo").error().code, ErrorCode::kNotFound);
}

std::string fault(const std::string& text) {
  const Result<Kind> kind = kind_of_yaml(YAML::Load(text), "my.yaml");
  return kind ? "none" : kind.error().message;
}

TEST(KnownKindsTest, AFaultOfAFileHasItsLine) {
  EXPECT_EQ(fault("kind: a\nfields:\n  x: {type: int, means: one}\n"), "none");
  EXPECT_EQ(fault("kind: a\nfields:\n  x: {type: int, means: one}\n  y:\n    type: nope\n"),
            "my.yaml:5: fields: y: type: one of bool, int, float, text, binary, any, with [] or "
            "[3] behind it for a list");
  EXPECT_EQ(fault("kind: a\nfields:\n  x: {type: int, means: one}\nmeens: b\n"),
            "my.yaml:4: meens: means nothing here");
  EXPECT_EQ(fault("kind: a\nfields:\n  x: {type: int, means: one}\njoints:\n  - {name: a}\n"),
            "my.yaml:5: joints: 0: offset: three numbers");
  EXPECT_EQ(fault("[1, 2]"), "my.yaml: it is no map of a kind");
  EXPECT_EQ(fault("kind: 3\nfields: {}\n"), "my.yaml:1: kind: a line of text, 500 bytes at most");
}

TEST(KnownKindsTest, WhatStandsInQuotesIsText) {
  const std::string text =
      "kind: \"3\"\nfields:\n  \"true\": {type: int, unit: '1', means: \"true\"}\n";
  const Kind kind = kind_of_yaml(YAML::Load(text), "my.yaml").value();
  EXPECT_EQ(kind.name, "3");
  EXPECT_EQ(kind.fields[0].unit, "1");
  EXPECT_EQ(kind.fields[0].means, "true");
}

}  // namespace
}  // namespace zbag
