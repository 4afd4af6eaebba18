#include "schemas/kinds/kind.hpp"

#include <gtest/gtest.h>

namespace zbag {
namespace {

Fields field(Fields more = {}) {
  Fields map{{"type", "float[3]"}, {"unit", "m"}, {"means", "where it is"}};
  for (auto& one : more) map.push_back(std::move(one));
  return map;
}

Fields kind(Fields fields, Fields more = {}) {
  Fields map{{"kind", "box"}, {"means", "a box"}, {"fields", std::move(fields)}};
  for (auto& one : more) map.push_back(std::move(one));
  return map;
}

std::string fault(const Fields& written) {
  const tl::expected<Kind, KindFault> parsed = parse_kind(written);
  return parsed ? "none" : parsed.error().text();
}

TEST(KindTest, IsReadAndWrittenWithAllThatIsKnownOfIt) {
  const Fields written =
      kind({{"p", field({{"frame", "room"}, {"required", true}, {"also", Fields{{"p_mm", "mm"}}}})},
            {"marks.*", field({{"nullable", true}})}},
           {{"joints", Array{Fields{{"name", "hips"}, {"offset", Array{0, 1.5, -2}}},
                             Fields{{"name", "knee"},
                                    {"parent", "hips"},
                                    {"offset", Array{0.0, 0.0, 0.0}},
                                    {"channels", Array{"Xrotation"}}}}}});
  const Kind parsed = parse_kind(written).value();
  ASSERT_EQ(parsed.fields.size(), 2u);
  EXPECT_EQ(parsed.fields[0], (KindField{"p",
                                         {FieldType::Of::kFloat, true, 3},
                                         "m",
                                         "room",
                                         "where it is",
                                         true,
                                         false,
                                         {{"p_mm", "mm"}}}));
  EXPECT_TRUE(parsed.fields[1].is_nullable);
  ASSERT_EQ(parsed.joints.size(), 2u);
  EXPECT_EQ(parsed.joints[1], (Joint{"knee", "hips", {0, 0, 0}, {"Xrotation"}}));
  EXPECT_EQ(parsed.joints[0].offset[1], 1.5);
  EXPECT_EQ(parse_kind(written_kind(parsed)).value(), parsed);
}

TEST(KindTest, TypesAreReadAsTheyAreWritten) {
  for (const char* text : {"bool", "int", "float", "text", "binary", "any", "float[]", "text[26]"})
    EXPECT_EQ(FieldType::parse(text).value().text(), text);
  for (const char* text : {"", "double", "float[", "float]", "float[0]", "float[-1]", "float[3]x",
                           "float[9999999]", "[3]"})
    EXPECT_FALSE(FieldType::parse(text)) << text;
}

TEST(KindTest, WhatIsNotUnderstoodIsAFaultWithItsPlace) {
  EXPECT_EQ(fault({}), "kind: a line of text is missing");
  EXPECT_EQ(fault({{"kind", "box"}}), "fields: a map of fields is missing");
  EXPECT_EQ(fault(kind({})), "fields: there are none");
  EXPECT_EQ(fault(kind({{"p", 3}})), "fields: p: a map of what is known of the field");
  EXPECT_EQ(fault(kind({{"p", Fields{{"type", "double"}, {"means", "m"}}}})),
            "fields: p: type: one of bool, int, float, text, binary, any, with [] or [3] behind it "
            "for a list");
  EXPECT_EQ(fault(kind({{"p", Fields{{"type", "int"}}}})),
            "fields: p: means: a line of text is missing");
  EXPECT_EQ(fault(kind({{"p", field({{"units", "m"}})}})), "fields: p: units: means nothing here");
  EXPECT_EQ(fault(kind({{"p", field({{"required", "yes"}})}})),
            "fields: p: required: true or false");
  EXPECT_EQ(fault(kind({{"a.*.b", field()}})),
            "fields: a.*.b: no name; \"*\" stands behind the last '.'");
  EXPECT_EQ(fault(kind({{"p", field({{"frame", "two\nlines"}})}})),
            "fields: p: frame: a line of text, 500 bytes at most");
  EXPECT_EQ(fault(kind({{"p", field({{"also", Fields{{"q", 3}}}})}})),
            "fields: p: also: q: a line of text, 500 bytes at most");
  EXPECT_EQ(fault(kind({{"p", field()}}, {{"fame", 1}})), "fame: means nothing here");
}

TEST(KindTest, HasBounds) {
  Fields many;
  Fields names;
  for (std::size_t n = 0; n <= Kind::kFieldsMax; ++n) {
    many.emplace_back("p" + std::to_string(n), field());
    names.emplace_back("p" + std::to_string(n), "m");
  }
  EXPECT_EQ(fault(kind(many)), "fields: a map of fields, 1024 at most");
  EXPECT_EQ(fault(kind({{"p", field({{"also", names}})}})),
            "fields: p: also: a map of names and units, 32 at most");
  EXPECT_EQ(fault(kind({{"p", field()}}, {{"joints", Array(Kind::kJointsMax + 1)}})),
            "joints: a list of joints, 1024 at most");
}

TEST(KindTest, JointsHangOnWhatIsThereBeforeThem) {
  const auto of_joints = [](Array joints) {
    return fault(kind({{"p", field()}}, {{"joints", std::move(joints)}}));
  };
  const Array zero{0, 0, 0};
  EXPECT_EQ(of_joints({3}), "joints: number 1 is no map");
  EXPECT_EQ(of_joints({Fields{{"name", "a"}, {"offset", Array{1, 2}}}}),
            "joints: 0: offset: three numbers");
  EXPECT_EQ(of_joints({Fields{{"name", "a"}, {"parent", "b"}, {"offset", zero}}}),
            "joints: 0: parent: no joint before it has that name");
  const Fields root{{"name", "a"}, {"offset", zero}};
  EXPECT_EQ(of_joints({root, root}), "joints: 1: name: a joint of that name is there already");
  const Fields itself{{"name", "a"}, {"parent", "a"}, {"offset", zero}};
  EXPECT_EQ(of_joints({itself}), "joints: 0: parent: no joint before it has that name");
}

TEST(KindTest, JointsSayWhereTheirValuesAreAndWhatTheyAre) {
  const auto of_joint = [](Fields more) {
    Fields joint{{"name", "a"}, {"offset", Array{0, 0, 0}}};
    for (auto& one : more) joint.push_back(std::move(one));
    return kind({{"p", field()}}, {{"joints", Array{std::move(joint)}}});
  };
  const Array quaternion{"Xquaternion", "Yquaternion", "Zquaternion", "Wquaternion"};
  const Fields written = of_joint({{"channels", quaternion},
                                   {"field", "q.a"},
                                   {"position", "root"},
                                   {"end", Array{0, 0.5, 0}}});
  const Kind parsed = parse_kind(written).value();
  EXPECT_EQ(parsed.joints[0].field, "q.a");
  EXPECT_EQ(parsed.joints[0].position, "root");
  EXPECT_EQ(parsed.joints[0].end.value()[1], 0.5);
  EXPECT_EQ(parse_kind(written_kind(parsed)).value(), parsed);
  const auto channels = [&](Array names) {
    return fault(of_joint({{"channels", std::move(names)}}));
  };
  EXPECT_EQ(channels({"Xturn"}).substr(0, 42), "joints: 0: channels: a list of Xposition, ");
  EXPECT_EQ(channels({"Xrotation", "Xrotation"}), "joints: 0: channels: Xrotation is there twice");
  const char* const whole =
      "joints: 0: channels: a quaternion is all four of its numbers, and no rotation beside them";
  EXPECT_EQ(channels({"Xquaternion", "Yquaternion", "Zquaternion"}), whole);
  EXPECT_EQ(channels({"Xquaternion", "Yquaternion", "Zquaternion", "Wquaternion", "Xrotation"}),
            whole);
  EXPECT_EQ(fault(of_joint({{"end", Array{1, 2}}})), "joints: 0: end: three numbers");
  EXPECT_EQ(fault(of_joint({{"position", "root"}, {"channels", Array{"Xposition"}}})),
            "joints: 0: position: its channels have a position, too");
}

}  // namespace
}  // namespace zbag
