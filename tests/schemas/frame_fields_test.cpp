// What a scan notes of a frame that passes: the stamp, the reserved fields, ranges and shape.
#include <gmock/gmock.h>

#include "schemas/frame_scan.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/random_fields.hpp"

namespace zbag {
namespace {

FrameScan scan(std::string_view bytes) {
  const ScanOutcome outcome = scan_frame(as_bytes(bytes));
  EXPECT_EQ(outcome.refusal, std::nullopt);
  return outcome.scan;
}

// The scan of {"_ts": the value of these bytes}.
FrameScan stamped(std::string_view hex_value) {
  return scan(from_hex("81 a35f7473") + from_hex(hex_value));
}

// The bytes the ranges cover.
std::string stored(const std::string& bytes) {
  const FrameScan noted = scan(bytes);
  std::string out;
  for (std::size_t i = 0; i < noted.range_count; ++i) {
    out += bytes.substr(noted.ranges[i].begin, noted.ranges[i].end - noted.ranges[i].begin);
  }
  return out;
}

std::string pairs_of(const Fields& fields) {
  const std::string map = encoded(fields);
  return map.substr(map.size() - open_map(as_bytes(map)).value().pairs.size());
}

class InheritTest : public testing::TestWithParam<const char*> {};

// S1.18: the encodings of -1.
TEST_P(InheritTest, MeansInherit) {
  EXPECT_EQ(stamped(GetParam()).stamp_kind, StampKind::kInherit);
}

INSTANTIATE_TEST_SUITE_P(Encodings, InheritTest,
                         testing::Values("ff", "d0 ff", "d1 ffff", "d2 ffffffff",
                                         "d3 ffffffffffffffff", "ca bf800000",
                                         "cb bff0000000000000"));

// S1.18
TEST(FrameStampTest, TakesWhatIsNearlyMinusOneAsATime) {
  const std::string bytes = encoded({{"_ts", -1.0000001}});
  EXPECT_EQ(scan(bytes).stamp_kind, StampKind::kGiven);
  EXPECT_EQ(scan(bytes).stamp.ns(), -1'000'000'100);
}

TEST(FrameStampTest, SaysWhenThereIsNone) {
  EXPECT_EQ(scan(from_hex("81 a161 01")).stamp_kind, StampKind::kMissing);
}

// D8: every number of MessagePack is a stamp.
TEST(FrameStampTest, TakesEveryKindOfNumber) {
  EXPECT_EQ(stamped("05").stamp.ns(), 5'000'000'000);
  EXPECT_EQ(stamped("fe").stamp.ns(), -2'000'000'000);
  EXPECT_EQ(stamped("cc ff").stamp.ns(), 255'000'000'000);
  EXPECT_EQ(stamped("cd ffff").stamp.ns(), 65'535'000'000'000);
  EXPECT_EQ(stamped("ce 6b0096f0").stamp.ns(), 1'795'200'752'000'000'000);
  EXPECT_EQ(stamped("cf 000000006b0096f0").stamp.ns(), 1'795'200'752'000'000'000);
  EXPECT_EQ(stamped("d0 80").stamp.ns(), -128'000'000'000);
  EXPECT_EQ(stamped("d1 8000").stamp.ns(), -32'768'000'000'000);
  EXPECT_EQ(stamped("d2 80000000").stamp.ns(), -2'147'483'648'000'000'000);
  EXPECT_EQ(stamped("d3 0000000000000007").stamp.ns(), 7'000'000'000);
  EXPECT_EQ(stamped("ca 3fc00000").stamp.ns(), 1'500'000'000);
  EXPECT_EQ(stamped("cb 3ff8000000000000").stamp.ns(), 1'500'000'000);
}

TEST(FrameStampTest, TakesTheExtTimestampInItsThreeSizes) {
  EXPECT_EQ(stamped("d6 ff 6b0096f0").stamp.ns(), 1'795'200'752'000'000'000);
  EXPECT_EQ(stamped("d7 ff 77359400 00000005").stamp.ns(), 5'500'000'000);
  EXPECT_EQ(stamped("c7 0c ff 0ee6b280 fffffffffffffffe").stamp.ns(), -1'750'000'000);
}

// S1.18 lists numbers only: the ext that says one second before the epoch means just that.
TEST(FrameStampTest, TakesAnExtOfMinusOneSecondAsATime) {
  const FrameScan noted = stamped("c7 0c ff 00000000 ffffffffffffffff");
  EXPECT_EQ(noted.stamp_kind, StampKind::kGiven);
  EXPECT_EQ(noted.stamp.ns(), -1'000'000'000);
}

TEST(FrameStampTest, NormalisesNegativeZero) {
  EXPECT_EQ(Value(stamped("cb 8000000000000000").stamp.seconds()), Value(0.0));
}

TEST(FrameRangesTest, AreOneWhenTheReservedFieldsComeFirst) {
  const Fields plain{{"q", 1.5}, {"v", "x"}};
  std::string frame;
  encode_frame({Timestamp::from_seconds(1.0).value(), 300, 1ull << 63}, plain, frame);
  EXPECT_EQ(scan(frame).range_count, 1);
  EXPECT_EQ(scan(frame).fields, 2u);
  EXPECT_EQ(stored(frame), pairs_of(plain));
  EXPECT_EQ(scan(frame).seq, 300u);
  EXPECT_EQ(scan(frame).src, 1ull << 63);
}

TEST(FrameRangesTest, LeaveTheReservedFieldsOutWhereverTheyStand) {
  const Fields plain{{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}};
  const std::string last =
      encoded({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"_ts", 1.0}, {"_seq", 1}, {"_src", 2}});
  const std::string middle =
      encoded({{"a", 1}, {"_ts", 1.0}, {"b", 2}, {"_seq", 1}, {"c", 3}, {"_src", 2}, {"d", 4}});
  EXPECT_EQ(stored(last), pairs_of(plain));
  EXPECT_EQ(scan(last).range_count, 1);
  EXPECT_EQ(stored(middle), pairs_of(plain));
  EXPECT_EQ(scan(middle).range_count, 4);
}

TEST(FrameRangesTest, AreNoneWithoutFields) {
  const std::string frame = encoded({{"_ts", 1.0}, {"_seq", 1}});
  EXPECT_EQ(scan(frame).fields, 0u);
  EXPECT_EQ(scan(frame).range_count, 0);
}

// wire.md, Reserved fields: an unknown one is recorded, unchanged.
TEST(FrameRangesTest, KeepUnknownReservedFields) {
  const std::string frame = encoded({{"_ts", 1.0}, {"_frame_id", "base"}, {"_", 1}, {"_tsx", 2}});
  EXPECT_EQ(stored(frame), pairs_of({{"_frame_id", "base"}, {"_", 1}, {"_tsx", 2}}));
}

TEST(FrameRangesTest, KeepASeqOrSrcThatIsNoUint) {
  const std::string frame = encoded({{"_seq", -1}, {"_src", "me"}, {"a", 1}});
  EXPECT_EQ(scan(frame).seq, std::nullopt);
  EXPECT_EQ(scan(frame).src, std::nullopt);
  EXPECT_EQ(scan(frame).fields, 3u);
}

TEST(FrameRangesTest, NoteALatchOnlyWhenItIsTrue) {
  EXPECT_TRUE(scan(encoded({{"_latch", true}})).latch);
  EXPECT_FALSE(scan(encoded({{"_latch", false}})).latch);
  EXPECT_FALSE(scan(encoded({{"_latch", 1}})).latch);
}

TEST(FrameShapeTest, IsEqualForEqualNamesAndTypes) {
  const Fields first{{"a", 1}, {"b", 2.0}, {"c", "x"}};
  const Fields second{{"a", 70'000}, {"b", -3.5}, {"c", std::string(500, 'y')}};
  EXPECT_EQ(scan(encoded(first)).shape, scan(encoded(second)).shape);
}

TEST(FrameShapeTest, DoesNotHangOnTheReservedFields) {
  const std::string with = encoded({{"_ts", 1.0}, {"a", 1}, {"_seq", 1}});
  EXPECT_EQ(scan(with).shape, scan(encoded({{"a", 1}})).shape);
}

TEST(FrameShapeTest, DiffersByNameTypeOrderAndCount) {
  const std::uint64_t shape = scan(encoded({{"a", 1}, {"b", 2.0}})).shape;
  EXPECT_NE(scan(encoded({{"a", 1}, {"c", 2.0}})).shape, shape);
  EXPECT_NE(scan(encoded({{"a", 1}, {"b", 2.0f}})).shape, shape);
  EXPECT_NE(scan(encoded({{"a", 1}, {"b", nullptr}})).shape, shape);
  EXPECT_NE(scan(encoded({{"b", 2.0}, {"a", 1}})).shape, shape);
  EXPECT_NE(scan(encoded({{"a", 1}})).shape, shape);
  EXPECT_NE(shape, 0u);
}

TEST(FrameAgreementTest, PassesWhateverOurEncoderWrites) {
  RandomFields random(21);
  for (int i = 0; i < 2'000; ++i) {
    const Fields fields = random.fields(12);
    const std::string bytes = encoded(fields);
    EXPECT_EQ(scan(bytes).fields, fields.size());
    EXPECT_EQ(stored(bytes), pairs_of(fields));
  }
}

// A strict prefix of a map is never a map.
TEST(FrameAgreementTest, RefusesEveryStrictPrefixOfAFrame) {
  RandomFields random(22);
  int passed = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string bytes = encoded(random.fields(8));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      passed += scan_frame(as_bytes(bytes).first(size)).refusal == Refusal::kTruncated ? 0 : 1;
    }
  }
  EXPECT_EQ(passed, 0);
}

// With a byte changed anywhere the scan and the decoder still agree, and neither reads outside.
TEST(FrameAgreementTest, AgreesWithTheDecoderOnDamagedFrames) {
  RandomFields random(23);
  int disagreed = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = encoded(random.fields(6));
    bytes[random.below(bytes.size())] = random.bytes(1)[0];
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.end());  // for ASan
    const std::optional<Refusal> refusal = scan_frame(exact).refusal;
    const bool passes = !refusal || *refusal == Refusal::kBadTimestamp;
    disagreed += decode_fields(exact).has_value() == passes ? 0 : 1;
  }
  EXPECT_EQ(disagreed, 0);
}

}  // namespace
}  // namespace zbag
