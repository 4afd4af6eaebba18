#include "nodes/usage_hint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/nearest.hpp"

namespace zbag {
namespace {

using testing::Eq;
using testing::HasSubstr;
using testing::Optional;

const std::vector<std::string> kVerbs = {"record", "play", "cat", "info"};

TEST(NearestTest, KnowsAWordWithFewOtherLetters) {
  EXPECT_THAT(nearest("recrod", kVerbs), Optional(Eq("record")));
  EXPECT_THAT(nearest("paly", kVerbs), Optional(Eq("play")));
  EXPECT_THAT(nearest("cta", kVerbs), Optional(Eq("cat")));
  EXPECT_THAT(nearest("recorder", kVerbs), Optional(Eq("record")));
}

TEST(NearestTest, TakesNoWordThatIsAnother) {
  EXPECT_THAT(nearest("ls", kVerbs), Eq(std::nullopt));
  EXPECT_THAT(nearest("bag", kVerbs), Eq(std::nullopt));
  EXPECT_THAT(nearest("", kVerbs), Eq(std::nullopt));
  EXPECT_THAT(nearest("x", {}), Eq(std::nullopt));
}

TEST(UsageHintTest, NamesTheVerbThatDoesWhatAWordOfOthersDoes) {
  EXPECT_EQ(verb_fault({"echo", "x"}, kVerbs),
            "no verb 'echo': zbag tap prints frames as they pass");
  EXPECT_EQ(verb_fault({"ros2", "bag", "info", "x"}, kVerbs), "no verb 'ros2': write zbag info");
  EXPECT_EQ(verb_fault({"topic", "echo", "x"}, kVerbs),
            "no verb 'topic': zbag tap prints frames as they pass");
}

TEST(UsageHintTest, NamesWhatReachesNodesThatRun) {
  for (const char* word : {"stop", "start", "pause", "kill"})
    EXPECT_THAT(verb_fault({word, "record"}, {"record", "ctl"}), HasSubstr("zbag ctl NODE stop"));
  EXPECT_THAT(verb_fault({"node", "list"}, {"ctl"}), HasSubstr("zbag ctl lists the nodes"));
}

TEST(UsageHintTest, NamesTheNearestOption) {
  EXPECT_EQ(option_fault("--outptu=x", {"--output", "--track"}),
            "unknown option --outptu: did you mean --output?");
  EXPECT_EQ(option_fault("--nonsense", {"--output", "--track"}), "unknown option --nonsense");
}

TEST(UsageHintTest, NamesWhatOptionsOfOtherToolsAreHere) {
  EXPECT_EQ(option_fault("--topics", {"--track"}),
            "unknown option --topics: write --track PATTERN");
  EXPECT_EQ(option_fault("--start-offset=3", {"--start"}),
            "unknown option --start-offset: write --start +S");
  EXPECT_EQ(option_fault("-r", {"--track"}), "unknown option -r");
  EXPECT_EQ(argument_fault("robot/imu", {"--track"}),
            "'robot/imu' is one argument too many; tracks are named with --track PATTERN");
  EXPECT_EQ(argument_fault("imu", {"--track"}, "TRACK"),
            "'imu' is one argument too many; tracks are named with --track TRACK");
  EXPECT_EQ(argument_fault("\x1b[2J", {"--all"}), "'\\x1b[2J' is one argument too many");
}

TEST(UsageHintTest, NamesWhoGivesAPartOfWhatIsLookedAtWhole) {
  EXPECT_THAT(option_fault("--start=+1", {"--track"}, "check"), HasSubstr("zbag cut"));
  EXPECT_EQ(option_fault("--start", {"--track"}, "tap"), "unknown option --start");
}

// What a stranger has typed for somebody can not command his terminal.
TEST(UsageHintTest, PrintsNothingRaw) {
  EXPECT_EQ(verb_fault({"\x1b[2J"}, kVerbs), "no verb '\\x1b[2J'; zbag help lists them");
  EXPECT_EQ(option_fault("--\x1b[2J", {}), "unknown option --\\x1b[2J");
}

}  // namespace
}  // namespace zbag
