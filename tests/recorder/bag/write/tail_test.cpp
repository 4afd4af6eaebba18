#include "recorder/bag/write/tail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class TailTest : public testing::Test {
 protected:
  RowPoint row(std::int64_t key, int n) { return store_.make(key, {{"n", n}}); }
  static Fields fields_of(const RowPoint& point) {
    std::string map(1, static_cast<char>(0x80 | point.fields));
    map.append(reinterpret_cast<const char*>(point.pairs), point.pairs_bytes);
    return decode_fields({reinterpret_cast<const std::uint8_t*>(map.data()), map.size()}).value();
  }
  static std::vector<std::int64_t> keys_of(const Tail& tail) {
    std::vector<std::int64_t> keys;
    for (const Tail::Row& one : tail.rows()) keys.push_back(one.point.key);
    return keys;
  }

  EncodePool pool_{{Compression::kNone, 0}, 0};
  RowStore store_;
  Tail tail_{pool_};
};

TEST_F(TailTest, PutsLatePointsInTheirPlaces) {
  for (const std::int64_t key : {10, 20, 30}) tail_.add(row(key, 0));
  for (const std::int64_t key : {25, 5, 40, 21}) tail_.add_late(row(key, 1));
  EXPECT_THAT(keys_of(tail_), ElementsAre(5, 10, 20, 21, 25, 30, 40));
  EXPECT_EQ(tail_.reach(), 4u);  // behind 5 came 10, 20, 25 and 30
  EXPECT_FALSE(tail_.is_plain());
  tail_.clear();
  EXPECT_TRUE(tail_.empty() && tail_.is_plain());
}

TEST_F(TailTest, ShowsTheLastRowThatWasMerged) {
  tail_.add(row(10, 0));
  tail_.add(row(20, 0));
  tail_.add_late(row(15, 0));
  for (const int n : {1, 2, 300'000, 4}) {
    tail_.merge(row(10, n), false);
    tail_.merge(row(15, n), true);
    tail_.merge(row(11, n), false);  // is not there
    EXPECT_EQ(fields_of(tail_.rows()[0].point), (Fields{{"n", n}}));
    EXPECT_EQ(fields_of(tail_.rows()[1].point), (Fields{{"n", n}}));
    EXPECT_EQ(fields_of(tail_.rows()[2].point), (Fields{{"n", 0}}));
  }
}

// A track may send one stamp for ever: a tail that does not grow needs no more memory.
TEST_F(TailTest, ForgetsTheRowsThatWereMergedBefore) {
  tail_.add(row(10, 0));
  tail_.add_late(row(5, 0));
  for (int n = 0; n < 1'000; ++n) {
    tail_.merge(row(10, n), false);
    tail_.merge(row(5, n), true);
  }
  EXPECT_THAT(tail_.take_arenas(), SizeIs(2));
}

// Of points of one key the newest merges: the late one of its index, or the last of the main run.
TEST_F(TailTest, MergesIntoTheNewestPointOfAKey) {
  tail_.add(row(10, 1));
  tail_.add(row(10, 2));
  RowPoint late = row(10, 3);
  late.index = 7;
  tail_.add_late(late);
  late = row(10, 4);
  late.index = 8;
  tail_.add_late(late);
  late = row(10, 40);
  late.index = 8;
  tail_.merge(late, true);
  tail_.merge(row(10, 20), false);
  std::vector<Fields> fields;
  for (const Tail::Row& one : tail_.rows()) fields.push_back(fields_of(one.point));
  EXPECT_THAT(fields, testing::ElementsAre(Fields{{"n", 1}}, Fields{{"n", 20}}, Fields{{"n", 3}},
                                           Fields{{"n", 40}}));
  EXPECT_EQ(fields_of(tail_.back()), (Fields{{"n", 20}}));
  EXPECT_TRUE(tail_.holds(10));
  EXPECT_FALSE(tail_.holds(11));
}

// The first row of an arena that holds others, too, is not the merged row's to write over.
TEST_F(TailTest, LeavesTheRowsBesideAMergedOneAlone) {
  tail_.add(row(10, 1));
  tail_.add(row(20, 2));
  tail_.own_rows(0);
  for (int n = 5; n < 8; ++n) tail_.merge(row(10, n), false);
  EXPECT_EQ(fields_of(tail_.rows()[0].point), (Fields{{"n", 7}}));
  EXPECT_EQ(fields_of(tail_.rows()[1].point), (Fields{{"n", 2}}));
}

}  // namespace
}  // namespace zbag
