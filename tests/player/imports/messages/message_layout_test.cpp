#include "player/imports/messages/message_layout.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

using testing::HasSubstr;

MessageLayout layout_of(const std::string& name, const std::string& text) {
  return parse_definition(name, text).value();
}
std::string refusal_of(const std::string& text) {
  const Result<MessageLayout> layout = parse_definition("a/T", text);
  return layout ? "" : layout.error().message;
}

TEST(MessageLayoutTest, ReadsMembersAndPassesOverConstantsDefaultsAndComments) {
  const MessageLayout layout = layout_of("a/msg/T",
                                         "# a comment\n"
                                         "int8 DEBUG=1\n"
                                         "string NAME = x # y\n"
                                         "  float64 x   # metres\r\n"
                                         "int32 n 5\n"
                                         "string<=10[<=3] words\n"
                                         "float32[9] m\n"
                                         "byte[] data\n");
  const auto& members = layout.types.at(0).members;
  ASSERT_EQ(members.size(), 5u);
  EXPECT_EQ(layout.types[0].name, "a/T");
  EXPECT_EQ(members[0].name, "x");
  EXPECT_EQ(members[0].type, MemberType::kFloat64);
  EXPECT_FALSE(members[0].is_list());
  EXPECT_EQ(members[1].name, "n");
  EXPECT_EQ(members[2].type, MemberType::kText);
  EXPECT_EQ(members[2].count, LayoutMember::kMany);
  EXPECT_EQ(members[3].count, 9u);
  EXPECT_EQ(members[4].type, MemberType::kByte);
}

TEST(MessageLayoutTest, FindsTypesOfOtherPackagesOfItsOwnAndTheHeader) {
  const MessageLayout layout = layout_of("a/T",
                                         "Header header\nPart[] parts\nb/msg/P p\n"
                                         "====\nMSG: std_msgs/Header\ntime stamp\n"
                                         "================\nMSG: a/Part\nb/P p\n"
                                         "====\nMSG: b/P\nbuiltin_interfaces/Time t\n");
  const auto& members = layout.types.at(0).members;
  EXPECT_EQ(layout.types.at(members.at(0).message).name, "std_msgs/Header");
  EXPECT_EQ(layout.types.at(members.at(1).message).name, "a/Part");
  EXPECT_TRUE(members.at(1).is_list());
  const auto& part = layout.types.at(members.at(2).message);
  EXPECT_EQ(part.name, "b/P");
  EXPECT_EQ(part.members.at(0).type, MemberType::kTime);
}

TEST(MessageLayoutTest, RefusesWhatIsNoDefinition) {
  EXPECT_THAT(refusal_of("float64\n"), HasSubstr("a/T: no member: float64"));
  EXPECT_THAT(refusal_of("float64[x] y\n"), HasSubstr("no member"));
  EXPECT_THAT(refusal_of("float64[3 y\n"), HasSubstr("no member"));
  EXPECT_THAT(refusal_of("int8 x\nint8 x\n"), HasSubstr("member x twice"));
  EXPECT_THAT(refusal_of("b/Q q\n"), HasSubstr("type b/Q is not defined"));
  EXPECT_THAT(refusal_of("wstring w\n"), HasSubstr("wstring"));
  EXPECT_THAT(refusal_of(std::string(5u << 20, '#')), HasSubstr("4 MiB"));
}

TEST(MessageLayoutTest, RefusesTypesThatAreMadeOfThemselves) {
  EXPECT_THAT(refusal_of("T t\n"), HasSubstr("made of itself"));
  EXPECT_THAT(refusal_of("P p\n===\nMSG: a/P\nQ[] q\n===\nMSG: a/Q\nP p\n"),
              HasSubstr("made of itself"));
  std::string deep = "T0 t\n";
  for (int i = 0; i < 100; ++i)
    deep += "===\nMSG: a/T" + std::to_string(i) + "\nT" + std::to_string(i + 1) + " t\n";
  EXPECT_THAT(refusal_of(deep), HasSubstr("of too many"));
}

TEST(MessageLayoutTest, EscapesWhatIsWrittenInADefinition) {
  EXPECT_EQ(refusal_of("\x1b[31m\n").find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace zbag
