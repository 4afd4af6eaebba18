#include "recorder/intake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string frame_of(const Fields& fields) {
  std::string bytes;
  encode_fields(fields, bytes);
  return bytes;
}

Fields fields_of(const RowPoint& point) {
  std::string map;
  append_map(point.map(), map);
  return decode_fields(bytes_of(map)).value();
}

class IntakeTest : public testing::Test {
 protected:
  void SetUp() override { restart({}); }
  void restart(Intake::Options options) {
    options.warn = [this](const std::string& text) { warnings_.push_back(text); };
    intake_.emplace(std::move(options));
  }
  void accept(std::string_view topic, const Fields& fields, std::int64_t wall_ns = 1'000) {
    accept_bytes(topic, frame_of(fields), wall_ns);
  }
  void accept_bytes(std::string_view topic, const std::string& frame,
                    std::int64_t wall_ns = 1'000) {
    intake_->accept(topic, bytes_of(frame), {wall_ns, wall_ns + 1});
  }
  // Everything that happened, points counted as points.
  static Fate fate_of_chunk(const Chunk& chunk) {
    Fate fate = chunk.unnamed;
    for (const Chunk::TrackNews& news : chunk.news) fate += news.fate;
    fate.points += chunk.arrivals.size();
    return fate;
  }
  std::uint64_t refused(Refusal refusal) {
    return fate_of_chunk(intake_->take()).refused[static_cast<std::size_t>(refusal)];
  }
  std::uint64_t skipped(Skip skip) {
    return fate_of_chunk(intake_->take()).skipped[static_cast<std::size_t>(skip)];
  }
  std::vector<std::int64_t> keys() {
    const Chunk chunk = intake_->take();
    std::vector<std::int64_t> keys;
    for (const Chunk::Arrival& arrival : chunk.arrivals) keys.push_back(arrival.point.key);
    return keys;
  }

  std::optional<Intake> intake_;
  std::vector<std::string> warnings_;
};

TEST_F(IntakeTest, KeepsAFramesFieldsAndWhenItCame) {
  accept("t", {{"_ts", 1.5}, {"_seq", 0}, {"_src", 9}, {"q", 2.0}, {"name", "x"}}, 77);
  const Chunk chunk = intake_->take();
  ASSERT_THAT(chunk.arrivals, SizeIs(1));
  const RowPoint& point = chunk.arrivals[0].point;
  EXPECT_EQ(point.key, 1'500'000'000);
  EXPECT_EQ(point.seconds, 1.5);
  EXPECT_EQ(point.wall_ns, 77);
  EXPECT_EQ(point.mono_ns, 78);
  EXPECT_EQ(point.src, 9u);
  EXPECT_EQ(point.seq, 0u);
  EXPECT_TRUE(point.has_src && point.has_seq);
  EXPECT_EQ(fields_of(point), (Fields{{"q", 2.0}, {"name", "x"}}));
  EXPECT_THAT(chunk.new_tracks, ElementsAre(std::pair<std::uint32_t, std::string>(0, "t")));
}

// Foreign publishers put the reserved fields anywhere, and may use names of ours that are none.
TEST_F(IntakeTest, KeepsFieldsAroundReservedOnes) {
  accept(
      "t",
      {{"a", 1}, {"_ts", 2}, {"b", 2}, {"_seq", 5}, {"c", 3}, {"_src", 1}, {"d", 4}, {"_odd", 5}});
  const Chunk chunk = intake_->take();
  EXPECT_EQ(fields_of(chunk.arrivals.at(0).point),
            (Fields{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"_odd", 5}}));
}

TEST_F(IntakeTest, SaysOnceThatANumberingIsNone) {
  for (int i = 0; i < 3; ++i) accept("t", {{"_ts", i}, {"_src", "camera"}, {"_seq", -1}});
  EXPECT_EQ(fields_of(intake_->take().arrivals.at(0).point),
            (Fields{{"_src", "camera"}, {"_seq", -1}}));
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("track t"), HasSubstr("unsigned"))));
}

struct BadFrame {
  std::string bytes;
  Refusal refusal;
};

// S0.5, S0.9: each reason has a counter of its own and the recorder goes on.
TEST_F(IntakeTest, CountsEveryRefusalUnderItsReason) {
  Value deep = 1;
  for (int i = 0; i < 40; ++i) deep = Array{deep};
  std::string duplicate("\x82\xa1\x61\x01\xa1\x61\x02", 7);
  const std::string whole = frame_of({{"_ts", 1.0}, {"a", 1}});
  const std::vector<BadFrame> bad = {{"\x93\x01\x02\x03", Refusal::kNotAMap},
                                     {whole + "\x01", Refusal::kTrailingBytes},
                                     {duplicate, Refusal::kDuplicateKey},
                                     {frame_of({{"_ts", "1.5"}}), Refusal::kBadTimestamp},
                                     {frame_of({{"_ts", true}}), Refusal::kBadTimestamp},
                                     {frame_of({{"_ts", nullptr}}), Refusal::kBadTimestamp},
                                     {frame_of({{"_ts", 0.0 / 0.0}}), Refusal::kBadTimestamp},
                                     {frame_of({{"_ts", 1e300}}), Refusal::kBadTimestamp},
                                     {frame_of({{"_ts", 1.0}, {"deep", deep}}), Refusal::kTooDeep},
                                     {whole.substr(0, whole.size() - 1), Refusal::kTruncated},
                                     {std::string("\x81\x01\x02", 3), Refusal::kBadKey},
                                     {std::string("\x81\xa1\x61\xc1", 4), Refusal::kBadType},
                                     {frame_of({{"_ts", -1.0}}), Refusal::kNothingToInherit}};
  for (const BadFrame& frame : bad) {
    accept_bytes("t", frame.bytes);
    const Chunk chunk = intake_->take();
    EXPECT_THAT(chunk.arrivals, IsEmpty());
    EXPECT_EQ(fate_of_chunk(chunk).refused[static_cast<std::size_t>(frame.refusal)], 1u)
        << refusal_name(frame.refusal);
  }
  accept_bytes("t", whole);
  EXPECT_THAT(keys(), SizeIs(1));
}

TEST_F(IntakeTest, RefusesAFrameThatIsTooLarge) {
  accept("t", {{"_ts", 1.0}, {"blob", Binary{std::string(kFrameBytesMax, 'x')}}});
  EXPECT_EQ(refused(Refusal::kTooLarge), 1u);
}

TEST_F(IntakeTest, CountsBadNamesWithoutMakingTracksOfThem) {
  for (const char* name : {"", "a//b", "../a", "a\n", "\xff"}) accept(name, {{"a", 1}});
  const Chunk chunk = intake_->take();
  EXPECT_THAT(chunk.new_tracks, IsEmpty());
  EXPECT_EQ(chunk.unnamed.received, 5u);
  EXPECT_EQ(chunk.unnamed.refused[static_cast<std::size_t>(Refusal::kBadName)], 5u);
}

TEST_F(IntakeTest, CountsAMessageOfOnePartWhichIsNoTopic) {
  intake_->refuse_message("t");
  intake_->refuse_message("{\"x\": 1}");
  const Chunk chunk = intake_->take();
  EXPECT_THAT(chunk.new_tracks, IsEmpty());
  const Fate fate = fate_of_chunk(chunk);
  EXPECT_EQ(fate.refused[static_cast<std::size_t>(Refusal::kOnePart)], 2u);
  EXPECT_TRUE(fate.balances());
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("one_part"), HasSubstr("two parts"))));
}

// Else strangers fill the table, and a sensor that comes later is refused.
TEST_F(IntakeTest, GivesNoPlaceToWhatIsRefused) {
  for (std::size_t i = 0; i < kTracksMax + 10; ++i) {
    const std::string text = std::to_string(i);
    intake_->refuse_message("text " + text);
    accept_bytes("bad/" + text, "x");
    accept_bytes("no//name/" + text, "x");
    accept("old/" + text, {{"_ts", -1}});
  }
  std::string long_name = "long/";
  long_name.resize(20'000'000, 'x');
  accept_bytes(long_name, "x");
  accept("sensor", {{"_ts", 1}});
  const Chunk chunk = intake_->take();
  EXPECT_THAT(chunk.new_tracks, ElementsAre(std::pair<std::uint32_t, std::string>(0, "sensor")));
  EXPECT_THAT(chunk.arrivals, SizeIs(1));
  EXPECT_TRUE(fate_of_chunk(chunk).balances());
  EXPECT_LT(warnings_.size(), 60u);
}

TEST_F(IntakeTest, KeepsATrackThatSendsARefusedFrameLater) {
  accept("t", {{"_ts", 1}});
  accept_bytes("t", "x");
  const Chunk chunk = intake_->take();
  EXPECT_THAT(chunk.new_tracks, SizeIs(1));
  EXPECT_EQ(chunk.news.at(0).fate.refused[static_cast<std::size_t>(Refusal::kNotAMap)], 1u);
}

TEST_F(IntakeTest, SaysOnceThatFloat32StampsAreAllOne) {
  for (int i = 0; i < 100; ++i) accept("t", {{"_ts", 1.7e9f}, {"i", i}});
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("track t"), HasSubstr("float32"),
                                           HasSubstr("128 s"), HasSubstr("float64"))));
}

TEST_F(IntakeTest, BoundsTheItemsOfAFrame) {
  restart({.items_max = 1'000});
  accept("t", {{"_ts", 1}, {"values", Array(990)}});
  accept("t", {{"_ts", 2}, {"values", Array(1'000)}});
  const Chunk chunk = intake_->take();
  EXPECT_THAT(chunk.arrivals, SizeIs(1));
  EXPECT_EQ(fate_of_chunk(chunk).refused[static_cast<std::size_t>(Refusal::kTooManyItems)], 1u);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("--max-items")));
}

// A fixed _src that is started again: nothing of it is dropped, and it is said once.
TEST_F(IntakeTest, TakesEveryFrameOfAPublisherThatCountsAnew) {
  for (const char* life : {"first", "second", "third"}) {
    for (int i = 0; i < 5; ++i) accept("t", {{"_ts", i}, {"_src", 1}, {"_seq", i}, {"life", life}});
  }
  const Chunk chunk = intake_->take();
  EXPECT_THAT(chunk.arrivals, SizeIs(15));
  EXPECT_EQ(chunk.news.at(0).loss->lost, 0u);
  EXPECT_THAT(warnings_, ElementsAre(AllOf(HasSubstr("counts anew"), HasSubstr("_src"))));
}

TEST_F(IntakeTest, SaysOnceThatALargeAnnouncementIsIgnored) {
  for (int i = 0; i < 3; ++i) intake_->announce(bytes_of(std::string(100'000, '\xc0')));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("_sys/session")));
  EXPECT_TRUE(intake_->is_empty());
}

TEST_F(IntakeTest, WarnsOfARefusalOncePerTrack) {
  for (int i = 0; i < 3; ++i) {
    accept_bytes("a", "x");
    accept_bytes("b", "x");
  }
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("track a"), HasSubstr("track b")));
}

TEST_F(IntakeTest, RemovesOneLeadingSlash) {
  accept("/imu", {{"_ts", 1}});
  accept("imu", {{"_ts", 2}});
  const Chunk chunk = intake_->take();
  EXPECT_THAT(chunk.new_tracks, ElementsAre(std::pair<std::uint32_t, std::string>(0, "imu")));
  EXPECT_THAT(chunk.arrivals, SizeIs(2));
  accept("//imu", {{"_ts", 3}});
  EXPECT_EQ(refused(Refusal::kBadName), 1u);
}

TEST_F(IntakeTest, WarnsOfALeadingSlashOnce) {
  for (int i = 0; i < 5; ++i) accept("/imu", {{"_ts", i}});
  EXPECT_THAT(warnings_, SizeIs(1));
}

// D7, S1.19: a raw -1 takes the last stamp of its own publisher, over all tracks.
TEST_F(IntakeTest, InheritsTheLastStampOfThePublisher) {
  accept("a", {{"_ts", 5.0}, {"_src", 1}});
  accept("a", {{"_ts", 9.0}, {"_src", 2}});
  accept("b", {{"_ts", -1}, {"_src", 1}});
  accept("c", {{"_ts", -1.0f}, {"_src", 2}});
  EXPECT_THAT(keys(), ElementsAre(5'000'000'000, 9'000'000'000, 5'000'000'000, 9'000'000'000));
}

TEST_F(IntakeTest, InheritsAStampThatWasGivenOnArrival) {
  accept("a", {{"_src", 1}}, 5'000'000'000);
  accept("b", {{"_ts", -1}, {"_src", 1}}, 9'000'000'000);
  EXPECT_THAT(keys(), ElementsAre(5'000'000'000, 5'000'000'000));
}

TEST_F(IntakeTest, RefusesToInheritWithoutAPublisherOrAStamp) {
  accept("a", {{"_ts", 5.0}});
  accept("a", {{"_ts", -1}});
  accept("a", {{"_ts", -1}, {"_src", 1}});
  EXPECT_EQ(refused(Refusal::kNothingToInherit), 2u);
}

// S0.8
TEST_F(IntakeTest, StampsMissingTimesStrictlyIncreasing) {
  for (int i = 0; i < 100; ++i)
    accept(i % 2 == 0 ? "a" : "b", {{"i", i}}, 1'795'202'544'000'000'000 - i);
  const std::vector<std::int64_t> got = keys();
  ASSERT_THAT(got, SizeIs(100));
  for (std::size_t i = 1; i < got.size(); ++i) EXPECT_LT(got[i - 1], got[i]);
}

TEST_F(IntakeTest, RefusesMissingTimesWhenTheyAreRequired) {
  restart({.timestamps = TimestampMode::kRequire});
  accept("a", {{"i", 1}});
  EXPECT_EQ(refused(Refusal::kNoTimestamp), 1u);
}

// S0.33
TEST_F(IntakeTest, WarnsOfMissingTimesOncePerTrack) {
  restart({.timestamps = TimestampMode::kWarn});
  for (int i = 0; i < 3; ++i) {
    accept("a", {{"i", i}});
    accept("b", {{"i", i}});
  }
  EXPECT_THAT(warnings_, SizeIs(2));
  EXPECT_THAT(keys(), SizeIs(6));
}

TEST_F(IntakeTest, SkipsWhatTheFilterLeavesOut) {
  restart({.filter = TrackFilter::parse({"robot/**"}).value()});
  accept("robot/arm", {{"_ts", 1}});
  static_cast<void>(intake_->take());
  accept("/robotics", {{"_ts", 1}});
  EXPECT_FALSE(intake_->is_empty());  // it is news, which nothing else may follow
  EXPECT_THAT(intake_->left_out(), ElementsAre("robotics"));
  EXPECT_EQ(skipped(Skip::kFilter), 1u);
  EXPECT_TRUE(intake_->is_empty());
}

TEST_F(IntakeTest, GivesNoPlaceToWhatTheFilterLeavesOut) {
  restart({.filter = TrackFilter::parse({"wanted"}).value()});
  for (std::size_t i = 0; i < kTracksMax + 1; ++i)
    accept("other/" + std::to_string(i), {{"_ts", 1}});
  accept("wanted", {{"_ts", 1}});
  const Chunk chunk = intake_->take();
  EXPECT_THAT(chunk.new_tracks, ElementsAre(std::pair<std::uint32_t, std::string>(0, "wanted")));
  EXPECT_EQ(chunk.unnamed.skipped[static_cast<std::size_t>(Skip::kFilter)], kTracksMax + 1);
  EXPECT_EQ(fate_of_chunk(chunk).refused_total(), 0u);
}

TEST_F(IntakeTest, SkipsWhatComesInAPauseWithoutCallingItLost) {
  accept("t", {{"_ts", 1}, {"_src", 1}, {"_seq", 0}});
  intake_->pause(true);
  accept("t", {{"_ts", 2}, {"_src", 1}, {"_seq", 1}});
  intake_->pause(false);
  accept("t", {{"_ts", 3}, {"_src", 1}, {"_seq", 2}});
  const Chunk chunk = intake_->take();
  EXPECT_EQ(fate_of_chunk(chunk).skipped[static_cast<std::size_t>(Skip::kPause)], 1u);
  EXPECT_EQ(chunk.news.at(0).loss->lost, 0u);
}

TEST_F(IntakeTest, ForgetsTheStampOfWhoWasNotHeardForTheLongest) {
  accept("t", {{"_ts", 1}, {"_src", 0}});
  for (std::uint64_t src = 1; src <= kSourcesMax; ++src) accept("t", {{"_ts", 2}, {"_src", src}});
  accept("t", {{"_ts", 3}, {"_src", 1}});
  accept("other", {{"_ts", 4}, {"_src", kSourcesMax + 1}});  // in the place of 2
  intake_->take();
  accept("t", {{"_ts", -1}, {"_src", kSourcesMax + 1}});
  accept("t", {{"_ts", -1}, {"_src", 1}});
  EXPECT_THAT(keys(), ElementsAre(4'000'000'000, 3'000'000'000));
  accept("t", {{"_ts", -1}, {"_src", 0}});
  EXPECT_EQ(refused(Refusal::kNothingToInherit), 1u);
}

// A latched frame comes again with its old number.
TEST_F(IntakeTest, SkipsDuplicates) {
  for (int i = 0; i < 3; ++i) accept("t", {{"_ts", 1}, {"_src", 1}, {"_seq", 0}, {"_latch", true}});
  EXPECT_EQ(skipped(Skip::kDuplicate), 2u);
}

TEST_F(IntakeTest, TellsOfGapsAndOfUnknownLoss) {
  accept("numbered", {{"_ts", 1}, {"_src", 1}, {"_seq", 0}});
  accept("numbered", {{"_ts", 2}, {"_src", 1}, {"_seq", 5}});
  accept("plain", {{"_ts", 1}});
  const Chunk chunk = intake_->take();
  ASSERT_THAT(chunk.news, SizeIs(2));
  EXPECT_EQ(chunk.news[0].loss->lost, 4u);
  EXPECT_FALSE(chunk.news[1].loss.has_value());
  EXPECT_THAT(chunk.losses, SizeIs(1));
}

TEST_F(IntakeTest, TellsOfLossAtTheEndOnceSettled) {
  accept("t", {{"_ts", 1}, {"_src", 1}, {"_seq", 0}});
  intake_->announce(bytes_of(frame_of({{"_ts", 1}, {"_src", 1}, {"counts", Fields{{"t", 4}}}})));
  intake_->announce(bytes_of("nonsense"));
  intake_->settle();
  EXPECT_EQ(intake_->take().news.at(0).loss->lost, 3u);
}

// Fills chunks until they hold all they may, however small they begin.
TEST_F(IntakeTest, IsFullAfterAChunksFrames) {
  std::vector<std::size_t> frames;
  for (std::size_t i = 0; frames.empty() || frames.back() < kChunkFrames; ++i) {
    ASSERT_LT(i, 4 * kChunkFrames);
    accept("t", {{"_ts", static_cast<double>(i)}, {"text", std::string(60, 'x')}});
    if (intake_->is_full()) frames.push_back(intake_->take().arrivals.size());
  }
  EXPECT_THAT(frames, SizeIs(testing::Le(12u)));
  EXPECT_THAT(frames, testing::Contains(kChunkFrames));
  EXPECT_TRUE(intake_->is_empty());
}

// Of a slow bus a chunk is taken every few milliseconds, with little in it: a buffer has room for
// minutes of them while the disk stands still.
TEST_F(IntakeTest, AChunkWeighsWhatItHoldsAndLittleMore) {
  for (int i = 0; i < 20'000; ++i) {  // fast first
    accept("t", {{"_ts", static_cast<double>(i)}, {"text", std::string(200, 'x')}});
    if (!intake_->is_full()) continue;
    EXPECT_LE(intake_->take().weight(), 3 * kChunkBytes);
  }
  intake_->take();
  std::size_t weight = 0;
  for (int i = 0; i < 10; ++i) {
    accept("t", {{"_ts", 1e6 + i}, {"x", 1.5}});
    weight = intake_->take().weight();
  }
  EXPECT_LE(weight, 4'096u);
}

TEST_F(IntakeTest, KeepsFramesLargerThanAChunk) {
  const Binary image{std::string(2 * kChunkBytes, 'i')};
  accept("t", {{"_ts", 1}, {"n", 1}});
  accept("t", {{"_ts", 2}, {"image", image}});
  EXPECT_TRUE(intake_->is_full());
  const Chunk chunk = intake_->take();
  EXPECT_EQ(fields_of(chunk.arrivals.at(1).point), (Fields{{"image", image}}));
  EXPECT_GE(chunk.weight(), 2 * kChunkBytes);
}

TEST_F(IntakeTest, RefusesTracksBeyondItsLimit) {
  const std::string frame = frame_of({{"_ts", 1}});
  for (std::size_t i = 0; i < kTracksMax + 2; ++i) {
    accept_bytes("t" + std::to_string(i), frame);
    if (intake_->is_full()) static_cast<void>(intake_->take());
  }
  static_cast<void>(intake_->take());
  accept_bytes("one/more", frame);
  accept_bytes("t0", frame);
  const Fate fate = fate_of_chunk(intake_->take());
  EXPECT_EQ(fate.refused[static_cast<std::size_t>(Refusal::kTooManyTracks)], 1u);
  EXPECT_EQ(fate.points, 1u);
}

TEST_F(IntakeTest, CountsADroppedChunkWithTheNext) {
  accept("a", {{"_ts", 1}});
  accept("a", {{"_ts", 2}});
  accept("//", {{"_ts", 2}});
  intake_->drop(intake_->take());
  accept("a", {{"_ts", 3}});
  const Chunk chunk = intake_->take();
  const Fate fate = fate_of_chunk(chunk);
  EXPECT_EQ(fate.dropped, 2u);
  EXPECT_EQ(fate.received, 4u);
  EXPECT_TRUE(fate.balances());
  EXPECT_THAT(chunk.new_tracks, SizeIs(1));
}

// A chunk that was let go must not take back what a later one tells.
TEST_F(IntakeTest, TellsOfLossesOfADroppedChunkAsTheyAreNow) {
  accept("a", {{"_ts", 1}, {"_src", 1}, {"_seq", 0}});
  Chunk dropped = intake_->take();
  accept("a", {{"_ts", 2}, {"_src", 1}, {"_seq", 6}});
  const Chunk later = intake_->take();
  intake_->drop(std::move(dropped));
  const Chunk next = intake_->take();
  ASSERT_THAT(next.losses, SizeIs(1));
  EXPECT_EQ(next.losses[0].lost, 5u);
  EXPECT_EQ(next.losses[0].received, 2u);
  EXPECT_EQ(later.losses.at(0).lost, 5u);
}

// received = points + refused + dropped + skipped, whatever comes.
TEST_F(IntakeTest, BalancesWhateverArrives) {
  restart({.filter = TrackFilter::parse({}, {"no/**"}).value()});
  std::mt19937_64 random(4);
  const std::vector<std::string> topics = {"a", "/a", "b/c", "no/x", "", "//", "\x01", "_sys/log"};
  Fate total;
  for (int i = 0; i < 20'000; ++i) {
    Fields fields = {{"_ts", static_cast<double>(random() % 5) - 2.0}, {"v", random()}};
    if (random() % 2 == 0) fields.emplace_back("_src", random() % 3);
    if (random() % 2 == 0) fields.emplace_back("_seq", random() % 50);
    std::string frame = frame_of(fields);
    if (random() % 3 == 0) frame[random() % frame.size()] = static_cast<char>(random());
    if (random() % 9 == 0) frame.resize(random() % frame.size());
    intake_->pause(random() % 10 == 0);
    accept_bytes(topics[random() % topics.size()], frame);
    if (random() % 100 == 0) intake_->drop(intake_->take());
    if (random() % 100 == 0) total += fate_of_chunk(intake_->take());
  }
  total += fate_of_chunk(intake_->take());
  EXPECT_EQ(total.received, 20'000u);
  EXPECT_TRUE(total.balances());
  EXPECT_GT(total.points, 0u);
  EXPECT_GT(total.dropped, 0u);
  EXPECT_GT(total.refused_total(), 0u);
  EXPECT_GT(total.skipped_total(), 0u);
}

}  // namespace
}  // namespace zbag
