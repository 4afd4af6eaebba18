#include "player/exports/messages/message_form.hpp"

#include <gmock/gmock.h>

#include "player/exports/messages/cdr_sink.hpp"
#include "player/exports/messages/json_sink.hpp"
#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;

const MessageTypes& types() {
  static const MessageTypes all;
  return all;
}

Result<std::string> json_of(const char* kind, const Fields& fields,
                            const std::vector<FieldAlias>& aliases = {}) {
  const MessageForm form(types(), *find_kind_message(foxglove_messages(), kind), aliases);
  std::string text;
  JsonSink sink(text);
  const std::string map = encoded(fields);
  sink.begin_message();
  if (Status written = form.write(as_bytes(map), 1'500'000'000, sink); !written)
    return tl::unexpected(written.error());
  sink.end_message();
  return text;
}

Result<std::string> cdr_of(const char* kind, const Fields& fields) {
  const MessageForm form(types(), *find_kind_message(ros_messages(), kind), {});
  std::string bytes;
  CdrSink sink(bytes);
  const std::string map = encoded(fields);
  if (Status written = form.write(as_bytes(map), 1'500'000'000, sink); !written)
    return tl::unexpected(written.error());
  return bytes;
}

TEST(MessageFormTest, TakesMembersFromFieldsOfTheirNames) {
  EXPECT_EQ(*json_of("gps", {{"latitude", 1.5}, {"longitude", 2}, {"altitude", 3.0f}}),
            R"({"timestamp":{"sec":1,"nsec":500000000},"frame_id":"","latitude":1.5,)"
            R"("longitude":2.0,"altitude":3.0,"position_covariance":)"
            R"([0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0],"position_covariance_type":0})");
}

TEST(MessageFormTest, TakesVectorsAsListsAndTurnsAsAngles) {
  EXPECT_EQ(*json_of("pose", {{"position", Array{1, 2, 3}}, {"orientation", Array{0, 0, 1, 0}}}),
            R"({"timestamp":{"sec":1,"nsec":500000000},"frame_id":"","pose":{"position":)"
            R"({"x":1.0,"y":2.0,"z":3.0},"orientation":{"x":0.0,"y":0.0,"z":1.0,"w":0.0}}})");
  EXPECT_THAT(*json_of("pose", {{"yaw", 0.0}}),
              HasSubstr(R"("orientation":{"x":0.0,"y":0.0,"z":0.0,"w":1.0})"));
}

TEST(MessageFormTest, TakesOtherNamesInOtherUnits) {
  EXPECT_THAT(*json_of("laser_scan", {{"mm", Array{1'500, 2'000}}}, {{"ranges", "mm", 1e-3}}),
              HasSubstr(R"("ranges":[1.5,2.0])"));
}

TEST(MessageFormTest, TakesThePointForTheOneOfAList) {
  const std::string one = *json_of("transform", {{"child_frame_id", "arm"}});
  EXPECT_THAT(one, HasSubstr(R"("child_frame_id":"arm")"));
  EXPECT_EQ(*json_of("transform", {{"transforms", Array{Fields{{"child_frame_id", "arm"}}}}}), one);
}

TEST(MessageFormTest, ZipsListsIntoMessages) {
  EXPECT_THAT(
      *json_of("joint_state", {{"name", Array{"a", "b"}}, {"position", Array{0.5, nullptr}}}),
      HasSubstr(R"("joints":[{"name":"a","position":0.5},{"name":"b","position":null}])"));
  EXPECT_THAT(
      json_of("joint_state", {{"name", Array{"a"}}, {"position", Array{1, 2}}}).error().message,
      HasSubstr("2 values, not 1"));
}

TEST(MessageFormTest, ReadsLevelsAsWordsAndAsNumbersOfRos) {
  for (const Value& level : {Value("WARN"), Value("warning"), Value(30), Value(3)})
    EXPECT_THAT(*json_of("log", {{"level", level}}), HasSubstr(R"("level":3)"));
}

// ROS counts int8, uint8, ...; Foxglove uint8, int8, ...
TEST(MessageFormTest, TranslatesTypesOfPackedNumbers) {
  for (const auto& [ros, foxglove] : {std::pair{1, 2}, {2, 1}, {6, 5}, {7, 7}, {8, 8}}) {
    const Fields field{{"name", "x"}, {"offset", 0}, {"datatype", ros}};
    EXPECT_THAT(*json_of("point_cloud", {{"fields", Array{field}}}),
                HasSubstr(R"("type":)" + std::to_string(foxglove)));
  }
}

TEST(MessageFormTest, NamesWhatDoesNotFit) {
  EXPECT_EQ(json_of("gps", {{"latitude", "north"}}).error().message,
            "latitude takes float64, not str");
  EXPECT_EQ(json_of("gps", {{"position_covariance", Array{1.0}}}).error().message,
            "position_covariance takes 9 values, not 1");
  EXPECT_EQ(json_of("gps", {{"position_covariance_type", 256}}).error().message,
            "position_covariance_type takes uint8, which 256 is not");
  EXPECT_EQ(json_of("pose", {{"position", "here"}}).error().message,
            "pose.position takes geometry_msgs/Point, not str");
  EXPECT_EQ(cdr_of("imu", {{"header", Fields{{"stamp", 1e11}}}}).error().message,
            "header.stamp takes builtin_interfaces/Time, not float64");
}

TEST(MessageFormTest, KnowsWhichFieldsItTakes) {
  const MessageForm form(types(), *find_kind_message(ros_messages(), "imu"), {});
  EXPECT_TRUE(form.takes({"orientation", "x"}));
  EXPECT_TRUE(form.takes({"orientation"}));
  EXPECT_FALSE(form.takes({"header", "seq"}));
  EXPECT_TRUE(form.claims("header"));
  EXPECT_FALSE(form.claims("recv_ns"));
}

// Numbers are aligned to their size behind the head.
TEST(CdrSinkTest, AlignsNumbers) {
  std::string bytes;
  CdrSink sink(bytes);
  sink.write_text("ab");
  sink.write_int(Scalar::kUint8, 5, false);
  sink.write_float(Scalar::kFloat64, 1.0);
  sink.write_float(Scalar::kFloat32, 1.0);
  sink.write_time(-1);
  EXPECT_EQ(bytes, std::string("\0\1\0\0"                           // little-endian
                               "\3\0\0\0ab\0"                       // a text and its zero
                               "\5"                                 //
                               "\0\0\0\0\0\0\xf0\x3f"               // at 8
                               "\0\0\x80\x3f"                       //
                               "\xff\xff\xff\xff\xff\xc9\x9a\x3b",  // -1 s + 999,999,999 ns
                               4 + 7 + 1 + 8 + 4 + 8));
}

TEST(MessageTypeTest, WritesDefinitionsAsRosDoes) {
  const std::string text = ros_definition(types().at("geometry_msgs/PoseStamped"));
  EXPECT_THAT(text, testing::StartsWith("std_msgs/Header header\ngeometry_msgs/Pose pose\n"));
  EXPECT_THAT(text,
              HasSubstr("======\nMSG: geometry_msgs/Point\nfloat64 x\nfloat64 y\nfloat64 z\n"));
  EXPECT_THAT(text, HasSubstr("MSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n"));
  EXPECT_EQ(ros_name(types().at("sensor_msgs/Imu")), "sensor_msgs/msg/Imu");
}

// A slip in the tables is met here, not by the one who exports such a track.
TEST(MessageDefinitionsTest, EveryKindHasATypeAndAForm) {
  for (const auto& messages : {foxglove_messages(), ros_messages()}) {
    for (const KindMessage& kind : messages)
      EXPECT_EQ(MessageForm(types(), kind, {}).type().name, kind.message);
  }
}

}  // namespace
}  // namespace zbag
