#include "recorder/losses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t kTrack = 3;

std::string announcement(std::uint64_t src, Fields counts, double stamp = 1.0) {
  return encoded({{"_ts", stamp},
                  {"_src", src},
                  {"name", "arm"},
                  {"state", "open"},
                  {"counts", std::move(counts)}});
}

using Found = LossLedger::Found;

std::string frame(std::uint64_t seq, const Value& value = nullptr) {
  return encoded({{"_ts", 1.0}, {"_seq", seq}, {"value", value}});
}

class LossLedgerTest : public testing::Test {
 protected:
  Found find(std::uint64_t seq, std::uint64_t src = 1, const Value& value = nullptr) {
    return ledger_.note(*ledger_.stream(src, kTrack, "t", seq), seq, as_bytes(frame(seq, value)));
  }
  bool note(std::uint64_t seq, std::uint64_t src = 1) {
    return find(seq, src) != Found::kDuplicate;
  }
  bool announce(const std::string& session) { return ledger_.announce(as_bytes(session)); }
  std::uint64_t lost() const { return ledger_.of_track(kTrack)->lost; }
  std::uint64_t missed_before() const { return ledger_.of_track(kTrack)->missed_before; }
  void settle() {
    ledger_.settle([this](std::uint32_t track) { settled_.insert(track); });
  }
  std::vector<LossRecord> changed() {
    return ledger_.take_changed([this](std::uint32_t) -> const std::string& { return name_; });
  }

  LossLedger ledger_;
  std::set<std::uint32_t> settled_;
  const std::string name_ = "t";
};

TEST_F(LossLedgerTest, KnowsNothingOfATrackWithoutNumbers) {
  EXPECT_FALSE(ledger_.of_track(kTrack).has_value());
}

TEST_F(LossLedgerTest, LosesNothingInAWholeStream) {
  for (std::uint64_t seq = 0; seq < 100; ++seq) EXPECT_TRUE(note(seq));
  EXPECT_EQ(lost(), 0u);
  EXPECT_EQ(missed_before(), 0u);
}

// A session's first frame may reach the bag before the session has said its name.
TEST_F(LossLedgerTest, TellsAgainOfAStreamWhosePublisherSaysItsName) {
  note(0);
  ASSERT_THAT(changed(), SizeIs(1));
  announce(announcement(1, {}));
  const std::vector<LossRecord> again = changed();
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].publisher, "arm");
  announce(announcement(1, {}));
  EXPECT_THAT(changed(), IsEmpty());
}

// S1.21: a gap is proof of loss.
TEST_F(LossLedgerTest, CountsWhatAGapLeavesOut) {
  note(0);
  note(4);
  note(6);
  EXPECT_EQ(lost(), 4u);
}

TEST_F(LossLedgerTest, FindsALateFrameAgain) {
  note(0);
  note(4);
  EXPECT_TRUE(note(2));
  EXPECT_EQ(lost(), 2u);
  EXPECT_TRUE(note(1));
  EXPECT_TRUE(note(3));
  EXPECT_EQ(lost(), 0u);
}

TEST_F(LossLedgerTest, KnowsADuplicate) {
  note(0);
  note(1);
  note(3);
  EXPECT_FALSE(note(1));
  EXPECT_FALSE(note(3));
  EXPECT_TRUE(note(2));
  EXPECT_FALSE(note(2));
  EXPECT_EQ(lost(), 0u);
}

TEST_F(LossLedgerTest, TakesWhatCameBeforeTheFirstFrameAsMissedBefore) {
  note(40);
  note(41);
  EXPECT_EQ(missed_before(), 40u);
  EXPECT_EQ(lost(), 0u);
}

// Who had announced itself with less before was heard too late for it: that is loss.
TEST_F(LossLedgerTest, TakesWhatCameSinceAnAnnouncementAsLost) {
  announce(announcement(1, {{"t", 30}}));
  note(40);
  EXPECT_EQ(missed_before(), 30u);
  EXPECT_EQ(lost(), 10u);
}

TEST_F(LossLedgerTest, TakesAllOfATrackThatBeganAfterTheAnnouncementAsLost) {
  announce(announcement(1, {}));
  note(5);
  EXPECT_EQ(missed_before(), 0u);
  EXPECT_EQ(lost(), 5u);
}

TEST_F(LossLedgerTest, TakesTheFirstAnnouncementOnlyWhenNoFrameCameBefore) {
  note(40);
  announce(announcement(1, {{"t", 10}}));
  EXPECT_EQ(missed_before(), 40u);
  EXPECT_EQ(lost(), 0u);
}

TEST_F(LossLedgerTest, NeverMissesMoreThanCameBeforeTheFirstFrame) {
  announce(announcement(1, {{"t", 50}}));
  note(40);
  EXPECT_EQ(missed_before(), 40u);
  EXPECT_EQ(lost(), 0u);
}

TEST_F(LossLedgerTest, SettlesLossAtTheVeryEnd) {
  note(0);
  announce(announcement(1, {{"t", 6}}));
  EXPECT_EQ(lost(), 0u);
  settle();
  EXPECT_EQ(lost(), 5u);
}

// Anybody may announce anything: only frames say that there is such a track.
TEST_F(LossLedgerTest, BelievesNoCountOfATrackOfWhichNothingCame) {
  announce(announcement(1, {{"t", 2}}));
  announce(announcement(1, {{"t", 9}}, 2.0));
  settle();
  EXPECT_FALSE(ledger_.of_track(kTrack).has_value());
  EXPECT_THAT(settled_, IsEmpty());
}

TEST_F(LossLedgerTest, TellsWhatSessionsClaimOfTracksWithoutFrames) {
  announce(announcement(1, {{"u", 2}}));
  announce(announcement(1, {{"t", 3}, {"u", 9}}, 2.0));
  announce(announcement(2, {{"v", 9}}));
  EXPECT_THAT(ledger_.claims(), IsEmpty());  // no frame of that session came
  note(0);
  const std::vector<LossLedger::Claim> claims = ledger_.claims();
  ASSERT_THAT(claims, SizeIs(1));
  EXPECT_EQ(claims[0].publisher, "arm");
  EXPECT_EQ(claims[0].track, "u");
  EXPECT_EQ(claims[0].count, 7u);
  settle();
  EXPECT_EQ(lost(), 2u);
}

TEST_F(LossLedgerTest, BelievesNoCountThatNoCounterReaches) {
  note(0);
  announce(announcement(1, {{"t", 1'000'000'000'000'000'000}}));
  settle();
  EXPECT_EQ(lost(), 0u);
}

// Anybody may announce in another's name: 2^39 made "lost 549,755,813,878".
TEST_F(LossLedgerTest, BelievesOfAnEndWhatTheFramesMakePlausible) {
  for (std::uint64_t seq = 0; seq < 10; ++seq) note(seq);
  announce(announcement(1, {{"t", 10 + (1u << 20) + 161}}));
  settle();
  EXPECT_EQ(lost(), 0u);
  const std::vector<LossLedger::Claim> claims = ledger_.claims();
  ASSERT_THAT(claims, SizeIs(1));
  EXPECT_EQ(claims[0].track, "t");
  EXPECT_EQ(claims[0].received, 10u);
  announce(announcement(1, {{"t", 1u << 20}}, 2.0));
  settle();
  EXPECT_EQ(lost(), (1u << 20) - 10);
  EXPECT_THAT(ledger_.claims(), IsEmpty());
}

TEST_F(LossLedgerTest, TakesNoFirstNumberForSentBeforeThatNoCounterReaches) {
  note(~0ull - 5);
  EXPECT_EQ(missed_before(), 0u);
  EXPECT_EQ(lost(), 0u);
  note(~0ull - 3);
  EXPECT_EQ(lost(), 1u);
}

// wire.md, Sessions: counts may be spread over several frames of one state.
TEST_F(LossLedgerTest, UnitesWhatIsAnnouncedInSeveralFrames) {
  announce(announcement(1, {{"a", 3}, {"t", 30}}));
  announce(announcement(1, {{"u", 4}}));
  note(40);
  EXPECT_EQ(missed_before(), 30u);
  EXPECT_EQ(lost(), 10u);
  announce(announcement(1, {{"t", 50}}, 2.0));
  announce(announcement(1, {{"u", 60}}, 2.0));
  settle();
  EXPECT_EQ(lost(), 19u);
}

TEST_F(LossLedgerTest, TakesALaterAnnouncementForNoFirstOne) {
  announce(announcement(1, {}));
  announce(announcement(1, {{"t", 30}}, 2.0));
  note(40);
  EXPECT_EQ(missed_before(), 0u);
  EXPECT_EQ(lost(), 40u);
}

TEST_F(LossLedgerTest, ForgetsTheSessionsHeardLeastRecently) {
  constexpr std::uint64_t kLast = LossLedger::kSourcesMax + 2;
  note(0, 1);
  for (std::uint64_t src = 2; src <= kLast; ++src) announce(announcement(src, {{"t", 0}}));
  note(0, kLast);
  announce(announcement(kLast, {{"t", 3}}, 2.0));
  note(1, 1);  // it was forgotten, and is there again
  announce(announcement(1, {{"t", 6}}, 2.0));
  settle();
  EXPECT_EQ(lost(), 2u + 4u);
  EXPECT_THAT(ledger_.claims(), IsEmpty());
}

TEST_F(LossLedgerTest, IgnoresAnAnnouncementOfMoreThan64KiB) {
  Fields counts;
  for (int i = 0; i < 7'000; ++i) counts.emplace_back("track/" + std::to_string(i), 1);
  counts.emplace_back("t", 9);
  note(0);
  EXPECT_FALSE(announce(announcement(1, counts)));
  settle();
  EXPECT_EQ(lost(), 0u);
}

// wire.md, Sessions: of more than 4,096 tracks of one session the loss of the others is unknown.
TEST_F(LossLedgerTest, KnowsTheLossOfABoundedNumberOfTracksOfASession) {
  for (std::uint32_t track = 0; track < 5'000; ++track) {
    LossLedger::Stream* const stream = ledger_.stream(1, track, std::to_string(track), 0);
    ASSERT_EQ(stream != nullptr, track < LossLedger::kTracksOfSessionMax);
  }
  EXPECT_TRUE(ledger_.of_track(4'095).has_value());
  EXPECT_FALSE(ledger_.of_track(4'096).has_value());
  EXPECT_NE(ledger_.stream(2, 4'096, "4096", 0), nullptr);
}

// A publisher with a fixed _src that is started again: nothing of it may be dropped.
TEST_F(LossLedgerTest, TakesACounterThatStartsAgainForANewLife) {
  for (std::uint64_t seq = 0; seq < 10; ++seq) EXPECT_EQ(find(seq), Found::kFrame);
  EXPECT_EQ(find(0, 1, "again"), Found::kNewLife);
  for (std::uint64_t seq = 1; seq < 10; ++seq) EXPECT_EQ(find(seq, 1, "again"), Found::kFrame);
  EXPECT_EQ(lost(), 0u);
  EXPECT_TRUE(ledger_.tells_of_new_life(1));
  EXPECT_FALSE(ledger_.tells_of_new_life(1));
}

TEST_F(LossLedgerTest, CountsGapsAnewInANewLifeAndKeepsThoseOfTheOld) {
  note(0);
  note(5);
  find(0, 1, "again");
  EXPECT_EQ(lost(), 4u);
  find(3, 1, "again");
  EXPECT_EQ(lost(), 6u);
}

TEST_F(LossLedgerTest, TakesACounterThatWrapsForANewLife) {
  note(65'534);
  note(65'535);
  EXPECT_EQ(find(0), Found::kNewLife);
  EXPECT_EQ(find(1), Found::kFrame);
  EXPECT_EQ(lost(), 0u);
}

// Seen, but not within the last 1,024 frames: a counter that wraps soon, with frames that are
// equal.
TEST_F(LossLedgerTest, KnowsADuplicateAmongTheLast1024FramesAlone) {
  for (std::uint64_t seq = 0; seq < 1'024; ++seq) note(seq);
  EXPECT_EQ(find(0), Found::kDuplicate);
  note(1'024);
  EXPECT_EQ(find(1), Found::kDuplicate);
  EXPECT_EQ(find(0), Found::kNewLife);
}

TEST_F(LossLedgerTest, TakesAnAbsurdStepForANewLifeAndNoLoss) {
  note(0);
  EXPECT_EQ(find(std::uint64_t{1} << 60), Found::kNewLife);
  EXPECT_EQ(lost(), 0u);
}

// A restarted publisher is a new session: it numbers from 0 again and nothing is missing.
TEST_F(LossLedgerTest, SeesNoGapInARestart) {
  for (std::uint64_t seq = 0; seq < 10; ++seq) note(seq, 1);
  for (std::uint64_t seq = 0; seq < 10; ++seq) EXPECT_TRUE(note(seq, 2));
  EXPECT_EQ(lost(), 0u);
}

TEST_F(LossLedgerTest, AddsUpThePublishersOfATrack) {
  note(0, 1);
  note(2, 1);
  note(5, 2);
  note(9, 2);
  EXPECT_EQ(lost(), 4u);
  EXPECT_EQ(missed_before(), 5u);
}

TEST_F(LossLedgerTest, ReportsEachChangedStreamOnce) {
  announce(announcement(1, {}));
  note(0);
  note(2);
  const std::vector<LossRecord> records = changed();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].src, 1u);
  EXPECT_EQ(records[0].track, "t");
  EXPECT_EQ(records[0].publisher, "arm");
  EXPECT_EQ(records[0].lost, 1u);
  EXPECT_EQ(records[0].received, 2u);
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(LossLedgerTest, AgreesWithASetOfNumbersWhateverTheOrder) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    LossLedger ledger;
    std::vector<std::uint64_t> seqs;
    for (std::uint64_t seq = 0; seq < 100; ++seq) {
      if (random() % 5 != 0) seqs.push_back(seq);
      if (random() % 9 == 0) seqs.push_back(seq);
    }
    // Frames overtake each other by a few places.
    for (std::size_t i = 1; i + 4 < seqs.size(); ++i) std::swap(seqs[i], seqs[i + random() % 4]);
    std::set<std::uint64_t> seen;
    LossLedger::Stream* const stream = ledger.stream(1, kTrack, "t", seqs[0]);
    for (const std::uint64_t seq : seqs) {
      const bool is_new = seq >= seqs[0] && seen.insert(seq).second;
      ASSERT_EQ(ledger.note(*stream, seq, as_bytes(frame(seq))) != Found::kDuplicate, is_new)
          << seq;
    }
    ASSERT_EQ(ledger.of_track(kTrack)->lost, *seen.rbegin() - seqs[0] + 1 - seen.size());
    ASSERT_EQ(stream->received, seen.size());
  }
}

TEST_F(LossLedgerTest, BoundsTheGapsItRemembers) {
  note(0);
  for (std::uint64_t seq = 2; seq < 2'000; seq += 2) note(seq);
  EXPECT_LE(ledger_.stream(1, kTrack, "t", 0)->gaps.size(), 64u);
  EXPECT_EQ(lost(), 999u);
}

// A hostile publisher leaves one wide gap and then fills every second place in it.
TEST_F(LossLedgerTest, BoundsTheGapsThatSplit) {
  note(0);
  for (std::uint64_t gap = 1; gap <= 63; ++gap) note(gap * 10'000);
  for (std::uint64_t seq = 620'001; seq < 629'000; seq += 2) note(seq);
  EXPECT_LE(ledger_.stream(1, kTrack, "t", 0)->gaps.size(), 65u);
}

TEST_F(LossLedgerTest, SurvivesNumbersAtTheEndOfTheirRange) {
  note(0);
  EXPECT_TRUE(note(~0ull));
  EXPECT_TRUE(note(~0ull - 1));
  EXPECT_FALSE(note(0));
}

TEST_F(LossLedgerTest, IgnoresAnnouncementsThatSayNothing) {
  EXPECT_FALSE(announce(encoded({})));
  EXPECT_FALSE(announce(encoded({{"_src", "x"}, {"counts", 3}})));
  EXPECT_FALSE(announce("nonsense"));
  EXPECT_TRUE(announce(encoded({{"_src", 6}, {"counts", 3}})));
  EXPECT_TRUE(announce(announcement(7, {{"t", -1}, {"u", "many"}})));
  settle();
  EXPECT_FALSE(ledger_.of_track(kTrack).has_value());
}

}  // namespace
}  // namespace zbag
