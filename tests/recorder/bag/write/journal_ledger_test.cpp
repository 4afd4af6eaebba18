#include "recorder/bag/write/journal_ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(JournalLedgerTest, LetsGoOfWhatNobodyNeedsOldestFirst) {
  JournalLedger ledger;
  ledger.begin(5);
  ledger.need(1);
  ledger.end_commit(100);  // 5
  ledger.need(1);          // the same still
  ledger.need(2);
  ledger.end_commit(10);  // 6
  ledger.end_commit(0);   // 7: no record
  EXPECT_EQ(ledger.next(), 8u);
  EXPECT_EQ(ledger.bytes(), 110u);
  EXPECT_EQ(ledger.neediest(), 1u);
  EXPECT_THAT(ledger.take_unneeded(9), IsEmpty());
  ledger.release(1);
  EXPECT_THAT(ledger.take_unneeded(9), ElementsAre(5u));
  EXPECT_EQ(ledger.bytes(), 10u);
  EXPECT_EQ(ledger.neediest(), 2u);
  ledger.release(2);
  ledger.release(2);
  EXPECT_EQ(ledger.neediest(), std::nullopt);
  EXPECT_THAT(ledger.take_unneeded(9), ElementsAre(6u));
}

TEST(JournalLedgerTest, KeepsWhatIsNeededBehindWhatIsNot) {
  JournalLedger ledger;
  ledger.begin(1);
  ledger.need(1);
  ledger.end_commit(1);
  ledger.need(2);
  ledger.end_commit(1);
  ledger.release(2);
  EXPECT_THAT(ledger.take_unneeded(9), IsEmpty());  // the first is older, and needed
  ledger.release(1);
  EXPECT_THAT(ledger.take_unneeded(1), ElementsAre(1u));
  EXPECT_THAT(ledger.take_unneeded(9), ElementsAre(2u));
}

TEST(JournalLedgerTest, BeginsAnew) {
  JournalLedger ledger;
  ledger.begin(1);
  ledger.need(1);
  ledger.end_commit(1);
  ledger.begin(ledger.next());
  EXPECT_FALSE(ledger.is_needed_by(1));
  EXPECT_EQ(ledger.bytes(), 0u);
  EXPECT_EQ(ledger.next(), 2u);
}

}  // namespace
}  // namespace zbag
