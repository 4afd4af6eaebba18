#include "recorder/losses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace zbag {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t kTrack = 3;

Fields announcement(std::uint64_t src, Fields counts) {
  return {{"_ts", 1.0},
          {"_src", src},
          {"name", "arm"},
          {"state", "open"},
          {"counts", std::move(counts)}};
}

class LossLedgerTest : public testing::Test {
 protected:
  bool note(std::uint64_t seq, std::uint64_t src = 1) {
    return ledger_.note(*ledger_.stream(src, kTrack, "t", seq), seq);
  }
  std::uint64_t lost() const { return ledger_.of_track(kTrack)->lost; }
  std::uint64_t missed_before() const { return ledger_.of_track(kTrack)->missed_before; }
  void settle() {
    ledger_.settle([](const std::string& name) { return name != "unwanted"; },
                   [](const std::string&) { return kTrack; });
  }
  std::vector<LossRecord> changed() {
    return ledger_.take_changed([this](std::uint32_t) -> const std::string& { return name_; });
  }

  LossLedger ledger_;
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
  ledger_.announce(announcement(1, {}));
  const std::vector<LossRecord> again = changed();
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].publisher, "arm");
  ledger_.announce(announcement(1, {}));
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
  ledger_.announce(announcement(1, {{"t", 30}}));
  note(40);
  EXPECT_EQ(missed_before(), 30u);
  EXPECT_EQ(lost(), 10u);
}

TEST_F(LossLedgerTest, TakesAllOfATrackThatBeganAfterTheAnnouncementAsLost) {
  ledger_.announce(announcement(1, {}));
  note(5);
  EXPECT_EQ(missed_before(), 0u);
  EXPECT_EQ(lost(), 5u);
}

TEST_F(LossLedgerTest, TakesTheFirstAnnouncementOnlyWhenNoFrameCameBefore) {
  note(40);
  ledger_.announce(announcement(1, {{"t", 10}}));
  EXPECT_EQ(missed_before(), 40u);
  EXPECT_EQ(lost(), 0u);
}

TEST_F(LossLedgerTest, NeverMissesMoreThanCameBeforeTheFirstFrame) {
  ledger_.announce(announcement(1, {{"t", 50}}));
  note(40);
  EXPECT_EQ(missed_before(), 40u);
  EXPECT_EQ(lost(), 0u);
}

TEST_F(LossLedgerTest, SettlesLossAtTheVeryEnd) {
  note(0);
  ledger_.announce(announcement(1, {{"t", 6}}));
  EXPECT_EQ(lost(), 0u);
  settle();
  EXPECT_EQ(lost(), 5u);
}

TEST_F(LossLedgerTest, SettlesATrackOfWhichNothingCame) {
  ledger_.announce(announcement(1, {{"t", 2}}));
  ledger_.announce(announcement(1, {{"t", 9}}));
  settle();
  EXPECT_EQ(lost(), 7u);
  EXPECT_EQ(missed_before(), 2u);
}

TEST_F(LossLedgerTest, SettlesNothingThatWasNotWanted) {
  ledger_.announce(announcement(1, {}));
  ledger_.announce(announcement(1, {{"unwanted", 9}}));
  settle();
  EXPECT_FALSE(ledger_.of_track(kTrack).has_value());
}

TEST_F(LossLedgerTest, SettlesNothingSentBeforeASessionWasHeardOf) {
  ledger_.announce(announcement(1, {{"t", 9}}));
  settle();
  EXPECT_FALSE(ledger_.of_track(kTrack).has_value());
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
  ledger_.announce(announcement(1, {}));
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
      ASSERT_EQ(ledger.note(*stream, seq), is_new) << seq;
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
  ledger_.announce({});
  ledger_.announce({{"_src", "x"}, {"counts", 3}});
  ledger_.announce(announcement(7, {{"t", -1}, {"u", "many"}}));
  settle();
  EXPECT_FALSE(ledger_.of_track(kTrack).has_value());
}

}  // namespace
}  // namespace zbag
