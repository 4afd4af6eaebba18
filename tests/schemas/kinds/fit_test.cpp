#include "schemas/kinds/fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/kinds/known_kinds.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<SeenField> seen(const Fields& point) {
  std::string map;
  encode_fields(point, map);
  return seen_fields(open_map(bytes_of(map)).value());
}

// "fits", or why not.
std::string verdict(const char* kind, const Fields& point) {
  const Result<TrackSchema> schema = fit(known_kind(kind).value(), seen(point));
  return schema ? "fits" : schema.error().message;
}

Fields without(Fields fields, std::string_view name) {
  std::erase_if(fields, [&](const auto& field) { return field.first == name; });
  return fields;
}

Fields with(Fields fields, const std::string& name, Value value) {
  for (auto& [known, old] : fields) {
    if (known == name) old = std::move(value);
  }
  return fields;
}

const Fields& step() {
  static const Fields kStep{{"timestamp", 1.5},
                            {"position", Array{1.0, 2.0}},
                            {"orientation", 0.5},
                            {"velocity", Array{0.0, 1}},
                            {"concentration", 0.25},
                            {"gradient", Array{0.1, 0.2}},
                            {"action", Fields{{"turn", 0.1}, {"run", true}}},
                            {"reward", -1},
                            {"done", false},
                            {"info", Fields{{"note", "x"}}}};
  return kStep;
}

const Fields& episode() {
  static const Fields kEpisode{{"total_steps", 100},        {"total_reward", 12.5},
                               {"success", true},           {"final_position", Array{1.0, 2.0}},
                               {"path_efficiency", 0.9},    {"time_to_source", Value()},
                               {"distance_traveled", 20.0}, {"exploration_coverage", 0.4}};
  return kEpisode;
}

TEST(FitTest, AStepIsOneWhenAllOfItIsThereAndOfItsType) {
  EXPECT_EQ(verdict("step", step()), "fits");
  EXPECT_EQ(verdict("step", without(step(), "info")), "fits");
  for (const char* name : {"timestamp", "position", "orientation", "velocity", "concentration",
                           "gradient", "reward", "done"})
    EXPECT_EQ(verdict("step", without(step(), name)), std::string("it has no field ") + name);
  EXPECT_EQ(verdict("step", with(step(), "position", Array{1.0, 2.0, 3.0})),
            "its field position is float[3], and float[2] is wanted");
  EXPECT_EQ(verdict("step", with(step(), "done", 1)), "its field done is int, and bool is wanted");
  EXPECT_EQ(verdict("step", with(step(), "reward", "much")),
            "its field reward is text, and float is wanted");
  EXPECT_EQ(verdict("step", with(step(), "orientation", Value())),
            "its field orientation is nil, and float is wanted");
}

TEST(FitTest, OfAnEpisodeTheTimeToTheSourceAloneMayBeNil) {
  EXPECT_EQ(verdict("episode", episode()), "fits");
  EXPECT_EQ(verdict("episode", with(episode(), "time_to_source", 3.5)), "fits");
  for (const auto& [name, value] : episode()) {
    EXPECT_EQ(verdict("episode", without(episode(), name)), "it has no field " + name);
    if (name == "time_to_source") continue;
    EXPECT_THAT(verdict("episode", with(episode(), name, Value())), HasSubstr("is nil, and"));
  }
  EXPECT_EQ(verdict("episode", with(episode(), "total_steps", 1.5)),
            "its field total_steps is float, and int is wanted");
}

TEST(FitTest, SaysWhichFieldIsWhatInWhichUnit) {
  const Fields small{{"ax", 1}, {"ay", 2.0},  {"az", 9.8},  {"gx", 0.0},
                     {"gy", 0}, {"gz", 1.0F}, {"more", "x"}};
  const TrackSchema imu = fit(known_kind("imu").value(), seen(small)).value();
  EXPECT_EQ(imu.kind.name, "imu");
  EXPECT_EQ(imu.fields.size(), 6u);
  EXPECT_EQ(imu.find("angular_velocity.z")->name, "gz");
  EXPECT_EQ(imu.find("angular_velocity.z")->unit, "rad/s");
  EXPECT_EQ(imu.find("orientation.x"), nullptr);
  EXPECT_EQ(verdict("imu", without(small, "ay")), "it has no field linear_acceleration.y, nor ay");
}

TEST(FitTest, AStarStandsForAllThatLiesInAMap) {
  const Fields frame{{"frame", 1},
                     {"markers_mm", Fields{{"R.Knee", Array{1.0, 2.0, 3.0}}, {"Hip", Value()}}}};
  const TrackSchema markers = fit(known_kind("markers").value(), seen(frame)).value();
  ASSERT_EQ(markers.fields.size(), 3u);
  EXPECT_EQ(markers.fields[1].name, "markers_mm.R.Knee");
  EXPECT_EQ(markers.fields[1].role, "markers.*");
  EXPECT_EQ(markers.fields[1].unit, "mm");
  EXPECT_EQ(markers.fields[2].name, "markers_mm.Hip");
}

TEST(FitTest, ListsAreOfOneTypeOrMayBeOfAny) {
  EXPECT_THAT(seen({{"a", Array{1, 2}}})[0].types,
              ElementsAre(FieldType{FieldType::Of::kInt, true, 2}));
  EXPECT_THAT(seen({{"a", Array{1, 2.5}}})[0].types,
              ElementsAre(FieldType{FieldType::Of::kAny, true, 2}));
  const Fields joints{{"name", Array{"a", "b"}}, {"position", Array{1, 2.5}}, {"effort", Array{}}};
  EXPECT_EQ(verdict("joint_state", joints), "fits");
  EXPECT_EQ(verdict("joint_state", with(joints, "name", "a")),
            "its field name is text, and text[] is wanted");
  EXPECT_EQ(verdict("joint_state", with(joints, "position", Array{"a"})),
            "its field position is text[1], and float[] is wanted");
}

TEST(FitTest, WhatHasNoneOfItsFieldsIsNotOfAKind) {
  const Kind loose{"loose", "", {{"x", {FieldType::Of::kInt}, "", "", "a number"}}};
  EXPECT_EQ(fit(loose, seen({{"y", 1}})).error().message, "it has none of its fields");
}

}  // namespace
}  // namespace zbag
