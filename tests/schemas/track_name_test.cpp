#include "schemas/track_name.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace zbag {
namespace {

using std::string_literals::operator""s;
using testing::ElementsAre;
using testing::HasSubstr;

bool is_name(std::string_view name, NameRule rule = NameRule::kWire) {
  return TrackName::parse(name, rule).has_value();
}

bool matches(std::string_view pattern, std::string_view name) {
  return TrackPattern::parse(pattern).value().matches(name);
}

TrackFilter filter(const std::vector<std::string>& include,
                   const std::vector<std::string>& exclude = {}) {
  return TrackFilter::parse(include, exclude).value();
}

class AcceptedNameTest : public testing::TestWithParam<std::string> {};

// S0.1, S0.5
TEST_P(AcceptedNameTest, IsATrackName) {
  EXPECT_EQ(TrackName::parse(GetParam()).value().str(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Names, AcceptedNameTest,
                         testing::Values("a", "default", "robot/position",
                                         "robot/position/left-camera", "loss/train/left-camera",
                                         "a_b", "a.b/c.d", "with blank/and (this)", "caméra/gauche",
                                         "机器人/位置", "...", "..a/b..", ".hidden/x", "_private",
                                         "_sys", "_sys/session", "a*b", std::string(200, 'x'),
                                         "_sys/" + std::string(240, 'x'), "_system",
                                         "\xf4\x8f\xbf\xbf"));

class RefusedNameTest : public testing::TestWithParam<std::string> {};

// S0.5
TEST_P(RefusedNameTest, IsNoTrackName) {
  const Result<TrackName> name = TrackName::parse(GetParam());
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().code, ErrorCode::kInvalid);
}

INSTANTIATE_TEST_SUITE_P(Names, RefusedNameTest,
                         testing::Values(""s, "/"s, "/a"s, "a/"s, "a//b"s, "."s, ".."s, "a/./b"s,
                                         "a/../b"s, "../a"s, "a/.."s, "a\0b"s, "\0"s, "a\nb"s,
                                         "a\x7f"s, "\x1f"s, std::string(201, 'x'),
                                         std::string(200, 'x') + "/",
                                         "_sys/" + std::string(241, 'x'),
                                         "_system/" + std::string(200, 'x'), "\xff"s, "a/\xc3"s,
                                         "\xc0\xaf"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s,
                                         "\xe0\x80\xaf"s, "\xf0\x80\x80\xaf"s, "a\x80"s));

// S0.5
TEST(TrackNameTest, StrictRuleAllowsWordsDotsAndDashes) {
  EXPECT_TRUE(is_name("robot_1/left-camera/v2.0", NameRule::kStrict));
  EXPECT_TRUE(is_name("0/_x", NameRule::kStrict));
}

TEST(TrackNameTest, StrictRuleRefusesTheRest) {
  EXPECT_FALSE(is_name("a b", NameRule::kStrict));
  EXPECT_FALSE(is_name("caméra", NameRule::kStrict));
  EXPECT_FALSE(is_name("a/-b", NameRule::kStrict));
  EXPECT_FALSE(is_name("a/.b", NameRule::kStrict));
  EXPECT_FALSE(is_name("a:b", NameRule::kStrict));
}

TEST(TrackNameTest, QuotesABadNameWithControlBytesEscaped) {
  EXPECT_THAT(TrackName::parse("a\nb\xff").error().message, HasSubstr("'a\\x0ab\\xff'"));
}

TEST(TrackNameTest, CutsWhatItQuotes) {
  EXPECT_LT(TrackName::parse(std::string(5000, 'x')).error().message.size(), 250u);
}

TEST(TrackNameTest, KnowsSystemTracks) {
  EXPECT_TRUE(is_system_track("_sys"));
  EXPECT_TRUE(is_system_track("_sys/loss"));
  EXPECT_FALSE(is_system_track("_system"));
  EXPECT_FALSE(is_system_track("a/_sys"));
}

TEST(TrackPatternTest, MatchesALiteralNameAlone) {
  EXPECT_TRUE(matches("robot/pos", "robot/pos"));
  EXPECT_FALSE(matches("robot/pos", "robot/pos/x"));
  EXPECT_FALSE(matches("robot/pos/x", "robot/pos"));
}

// S0.47
TEST(TrackPatternTest, DoesNotMatchAByteprefix) {
  EXPECT_FALSE(matches("robot/pos", "robot/position"));
}

// S0.46
TEST(TrackPatternTest, StarExcludesANeighbourThatSharesBytes) {
  EXPECT_TRUE(matches("robot/*", "robot/x"));
  EXPECT_FALSE(matches("robot/*", "robotics/x"));
}

TEST(TrackPatternTest, StarMatchesExactlyOneSegment) {
  EXPECT_TRUE(matches("*", "a"));
  EXPECT_FALSE(matches("*", "a/b"));
  EXPECT_FALSE(matches("robot/*", "robot"));
  EXPECT_FALSE(matches("robot/*", "robot/a/b"));
  EXPECT_TRUE(matches("*/imu/*", "left/imu/0"));
}

TEST(TrackPatternTest, StarMayStandForPartOfASegment) {
  EXPECT_TRUE(matches("robot*/landmark", "robot2/landmark"));
  EXPECT_TRUE(matches("robot*/landmark", "robot/landmark"));
  EXPECT_FALSE(matches("robot*/landmark", "robot/2/landmark"));
  EXPECT_FALSE(matches("robot*", "my_robot"));
  EXPECT_TRUE(matches("*_left", "camera_left"));
  EXPECT_TRUE(matches("a*b*c", "a--b-b--c"));
  EXPECT_FALSE(matches("a*b*c", "a--b--cd"));
  EXPECT_TRUE(matches("**/cam*", "robot/arm/cam0"));
  EXPECT_TRUE(matches("*火*", "火星"));
}

// wire.md, Message: one leading / is removed.
TEST(TrackPatternTest, OneLeadingSlashIsLeftOut) {
  EXPECT_TRUE(matches("/robot/*", "robot/imu"));
  EXPECT_EQ(TrackPattern::parse("/robot").value().str(), "robot");
  EXPECT_EQ(TrackPattern::parse("/robot").value().literal_prefix(), "robot");
  EXPECT_FALSE(TrackPattern::parse("//robot"));
  EXPECT_FALSE(TrackPattern::parse("/"));
}

// wire.md, Topology
TEST(TrackPatternTest, TwoStarsMatchAnyNumberOfSegmentsNoneToo) {
  EXPECT_TRUE(matches("laser/**", "laser"));
  EXPECT_TRUE(matches("laser/**", "laser/a"));
  EXPECT_TRUE(matches("laser/**", "laser/a/b/c"));
  EXPECT_FALSE(matches("laser/**", "lasers/a"));
}

TEST(TrackPatternTest, TwoStarsMayStandAnywhere) {
  EXPECT_TRUE(matches("**/imu", "imu"));
  EXPECT_TRUE(matches("**/imu", "robot/arm/imu"));
  EXPECT_FALSE(matches("**/imu", "robot/imu/raw"));
  EXPECT_TRUE(matches("a/**/z", "a/z"));
  EXPECT_TRUE(matches("a/**/b/**/z", "a/b/b/c/z"));
  EXPECT_FALSE(matches("a/**/b/**/z", "a/c/z"));
  EXPECT_TRUE(matches("**/*/z", "a/z"));
  EXPECT_FALSE(matches("**/*/z", "z"));
}

TEST(TrackPatternTest, MatchesSystemTracksOnlyWhenNamed) {
  EXPECT_FALSE(matches("**", "_sys/loss"));
  EXPECT_FALSE(matches("*/loss", "_sys/loss"));
  EXPECT_FALSE(matches("**/loss", "_sys/loss"));
  EXPECT_FALSE(matches("_sys*/loss", "_sys/loss"));
  EXPECT_FALSE(matches("_s*", "_sys"));
  EXPECT_TRUE(matches("_sys/**", "_sys/loss"));
  EXPECT_TRUE(matches("_sys/l*", "_sys/loss"));
  EXPECT_TRUE(matches("**", "_system/loss"));
}

TEST(TrackPatternTest, RefusesMalformedPatterns) {
  EXPECT_FALSE(TrackPattern::parse(""));
  EXPECT_FALSE(TrackPattern::parse("a//b"));
  EXPECT_FALSE(TrackPattern::parse("a/"));
  EXPECT_FALSE(TrackPattern::parse("a**"));
  EXPECT_FALSE(TrackPattern::parse("***"));
  EXPECT_FALSE(TrackPattern::parse("a\n"));
  EXPECT_FALSE(TrackPattern::parse(std::string(246, 'a')));
}

// Backtracking over every `**` would need more steps here than there are atoms in the sun.
TEST(TrackPatternTest, DecidesPathologicalPatternsAtOnce) {
  std::string pattern = "**";
  for (int i = 0; i < 40; ++i) pattern += "/a/**";
  std::string name = "a";
  for (int i = 0; i < 95; ++i) name += "/a";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(matches(pattern, name));
  EXPECT_FALSE(matches(pattern + "/b", name));
  std::string stars;
  for (int i = 0; i < 100; ++i) stars += "*a";
  EXPECT_FALSE(matches(stars + "b", std::string(200, 'a')));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(TrackPatternTest, KnowsWhatEveryMatchBeginsWith) {
  const auto prefix = [](std::string_view text) {
    return TrackPattern::parse(text).value().literal_prefix();
  };
  EXPECT_EQ(prefix("robot/arm"), "robot/arm");
  EXPECT_EQ(prefix("laser/**"), "laser");
  EXPECT_EQ(prefix("laser/*"), "laser/");
  EXPECT_EQ(prefix("laser/*/x"), "laser/");
  EXPECT_EQ(prefix("robot*/landmark"), "robot");
  EXPECT_EQ(prefix("laser/front*"), "laser/front");
  EXPECT_EQ(prefix("**"), "");
  EXPECT_EQ(prefix("*"), "");
  EXPECT_EQ(prefix("**/imu"), "");
}

TEST(TrackFilterTest, PassesEverythingButSystemTracksByDefault) {
  EXPECT_TRUE(TrackFilter().matches("a/b"));
  EXPECT_FALSE(TrackFilter().matches("_sys/session"));
}

TEST(TrackFilterTest, PassesAnyIncludedAndNoneExcluded) {
  const TrackFilter chosen = filter({"robot/**", "imu"}, {"robot/camera/**"});
  EXPECT_TRUE(chosen.matches("robot/arm"));
  EXPECT_TRUE(chosen.matches("imu"));
  EXPECT_FALSE(chosen.matches("robot/camera/left"));
  EXPECT_FALSE(chosen.matches("other"));
}

TEST(TrackFilterTest, ExcludesFromEverything) {
  const TrackFilter chosen = filter({}, {"camera/**"});
  EXPECT_TRUE(chosen.matches("imu"));
  EXPECT_FALSE(chosen.matches("camera"));
}

TEST(TrackFilterTest, NamesThePatternItRefuses) {
  const Result<TrackFilter> refused = TrackFilter::parse({"ok"}, {"a**b"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("'a**b'"));
}

// Others send the track "imu" as "/imu", too.
TEST(TrackFilterTest, SubscribesOncePerPrefixWithAndWithoutALeadingSlash) {
  EXPECT_THAT(filter({"robot/*", "robot/*/x", "imu"}).subscriptions(),
              ElementsAre("/imu", "/robot/", "imu", "robot/"));
}

TEST(TrackFilterTest, SubscribesToEverythingWhenThereIsNoNarrowerSet) {
  EXPECT_THAT(TrackFilter().subscriptions(), ElementsAre(""));
  EXPECT_THAT(filter({"imu", "**/camera"}).subscriptions(), ElementsAre(""));
}

// Nothing that a terminal obeys, whatever it lies in: C1 characters are two bytes.
TEST(PrintableTest, ShowsWhatATerminalWouldObeyAsHex) {
  EXPECT_EQ(printable("a\x1b[31m\n\x7f"), "a\\x1b[31m\\x0a\\x7f");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "5m\xc2\xa0"),
            "a\\xc2\\x9b5m\xc2\xa0");
  EXPECT_EQ(printable("\x9b\xff"), "\\x9b\\xff");
}

TEST(PrintableTest, LeavesWhatPeopleRead) {
  EXPECT_EQ(printable("Gr\u00fc\u00dfe \u4f60\u597d"), "Gr\u00fc\u00dfe \u4f60\u597d");
}

TEST(PrintableTest, CutsWhatIsLong) {
  const std::string shown = printable(std::string(1'000, 'x'));
  EXPECT_EQ(shown, std::string(80, 'x') + "...");
}

TEST(HarmlessTest, KeepsLinesAndTheirLength) {
  const std::string text = "one\n\ttwo " + std::string(1'000, 'x');
  EXPECT_EQ(harmless(text), text);
  EXPECT_EQ(harmless("a\x1b[2J\r\xc2\x85\n"), "a\\x1b[2J\\x0d\\xc2\\x85\n");
  EXPECT_EQ(harmless("a\u202eb\u2066c\u2028"), "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\u2028");
}

}  // namespace
}  // namespace zbag
