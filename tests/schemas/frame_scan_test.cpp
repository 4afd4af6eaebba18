#include "schemas/frame_scan.hpp"

#include <gmock/gmock.h>

#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

using std::string_literals::operator""s;

ScanOutcome scan(std::string_view bytes) { return scan_frame(as_bytes(bytes)); }

std::string verdict(std::string_view bytes) {
  const ScanOutcome outcome = scan(bytes);
  return outcome.refusal ? refusal_name(*outcome.refusal) : "ok";
}

std::string verdict_hex(std::string_view hex_text) { return verdict(from_hex(hex_text)); }

// Each container around a nil, inside a frame {"a": ...}.
std::string nested(std::string_view opener, int levels) {
  std::string bytes = from_hex("81 a161");
  for (int i = 0; i < levels; ++i) bytes += opener;
  return bytes + "\xc0";
}

struct Case {
  const char* bytes;
  const char* verdict;
};

class FrameScanTest : public testing::TestWithParam<Case> {};

TEST_P(FrameScanTest, RefusesEachBrokenRuleUnderItsName) {
  EXPECT_EQ(verdict_hex(GetParam().bytes), GetParam().verdict) << GetParam().bytes;
}

INSTANTIATE_TEST_SUITE_P(
    Maps, FrameScanTest,
    testing::Values(
        Case{"80", "ok"}, Case{"", "truncated"}, Case{"c0", "not_a_map"}, Case{"90", "not_a_map"},
        Case{"93 01 02 03", "not_a_map"}, Case{"01", "not_a_map"}, Case{"a161", "not_a_map"},
        Case{"c1", "not_a_map"}, Case{"c7 00 ff", "not_a_map"}, Case{"dd ff ff ff ff", "not_a_map"},
        Case{"81", "truncated"}, Case{"81 a1", "truncated"}, Case{"81 a161", "truncated"},
        Case{"de", "truncated"}, Case{"de 00", "truncated"}, Case{"de 0000", "ok"},
        Case{"df 000000", "truncated"}, Case{"df 00000000", "ok"}, Case{"df ffffffff", "truncated"},
        Case{"df ffffffff a161 01", "truncated"}, Case{"80 00", "trailing_bytes"},
        Case{"80 80", "trailing_bytes"}, Case{"81 a161 01 c0", "trailing_bytes"}));

INSTANTIATE_TEST_SUITE_P(
    Keys, FrameScanTest,
    testing::Values(Case{"81 01 01", "bad_key"}, Case{"81 c0 01", "bad_key"},
                    Case{"81 c4 01 61 01", "bad_key"}, Case{"81 90 01", "bad_key"},
                    Case{"81 d9 01 61 01", "ok"}, Case{"81 da 0001 61 01", "ok"},
                    Case{"81 db 00000001 61 01", "ok"}, Case{"81 db ffffffff 61 01", "truncated"},
                    Case{"81 a0 01", "ok"}, Case{"82 a161 01 a161 02", "duplicate_key"},
                    Case{"82 a161 01 d901 61 02", "duplicate_key"},
                    Case{"82 a0 01 a0 01", "duplicate_key"},
                    Case{"82 a35f7473 01 a35f7473 01", "duplicate_key"},
                    Case{"81 a161 81 01 02", "bad_key"}, Case{"81 a161 81 c0 02", "bad_key"},
                    // twice below the top level is let through: only the top level is a point
                    Case{"81 a161 82 a162 01 a162 02", "ok"}));

INSTANTIATE_TEST_SUITE_P(
    Values, FrameScanTest,
    testing::Values(Case{"81 a161 c1", "bad_type"}, Case{"81 a161 92 01 c1", "bad_type"},
                    Case{"81 a161 dd ffffffff", "truncated"},
                    Case{"81 a161 df ffffffff", "truncated"}, Case{"81 a161 dc ffff", "truncated"},
                    Case{"81 a161 de ffff", "truncated"}, Case{"81 a161 9f 01", "truncated"},
                    Case{"81 a161 c6 ffffffff 00", "truncated"},
                    Case{"81 a161 db ffffffff 00", "truncated"},
                    Case{"81 a161 c9 ffffffff 01 00", "truncated"}, Case{"81 a161 c7 00 05", "ok"},
                    Case{"81 a161 c7 00", "truncated"}, Case{"81 a161 d4 05", "truncated"},
                    Case{"81 a161 d4 05 00", "ok"}, Case{"81 a161 cb 00000000000000", "truncated"},
                    Case{"81 a161 ca", "truncated"}, Case{"81 a161 cc", "truncated"},
                    Case{"81 a161 cf 00", "truncated"}, Case{"81 a161 c4 02 00", "truncated"},
                    Case{"81 a161 a2 61", "truncated"}));

// D8, wire.md Time: what is no stamp.
INSTANTIATE_TEST_SUITE_P(
    Stamps, FrameScanTest,
    testing::Values(
        Case{"81 a35f7473 c0", "bad_timestamp"}, Case{"81 a35f7473 c3", "bad_timestamp"},
        Case{"81 a35f7473 c2", "bad_timestamp"}, Case{"81 a35f7473 a3312e35", "bad_timestamp"},
        Case{"81 a35f7473 90", "bad_timestamp"}, Case{"81 a35f7473 80", "bad_timestamp"},
        Case{"81 a35f7473 c4 01 00", "bad_timestamp"},
        Case{"81 a35f7473 cb 7ff8000000000000", "bad_timestamp"},
        Case{"81 a35f7473 cb 7ff0000000000000", "bad_timestamp"},
        Case{"81 a35f7473 cb fff0000000000000", "bad_timestamp"},
        Case{"81 a35f7473 ca 7fc00000", "bad_timestamp"},
        Case{"81 a35f7473 cb 7e37e43c8800759c", "bad_timestamp"},
        Case{"81 a35f7473 cf ffffffffffffffff", "bad_timestamp"},
        Case{"81 a35f7473 d6 05 00000001", "bad_timestamp"},
        Case{"81 a35f7473 d4 ff 00", "bad_timestamp"},
        Case{"81 a35f7473 c7 08 ff 0000000000000001", "bad_timestamp"},
        Case{"81 a35f7473 d7 ff ffffffff 00000001", "bad_timestamp"},
        Case{"81 a35f7473 c7 0c ff 3b9aca00 0000000000000001", "bad_timestamp"}));

TEST(FrameScanDepthTest, TakesWhatIsExactly32Deep) {
  EXPECT_EQ(verdict(nested("\x91", 31)), "ok");
  EXPECT_EQ(verdict(nested("\x81\xa1k", 31)), "ok");
  EXPECT_EQ(verdict(nested("\xdc\x00\x01"s, 31)), "ok");
}

TEST(FrameScanDepthTest, RefusesWhatIs33Deep) {
  EXPECT_EQ(verdict(nested("\x91", 32)), "too_deep");
  EXPECT_EQ(verdict(nested("\x81\xa1k", 32)), "too_deep");
}

TEST(FrameScanDepthTest, RefusesAHundredArraysWithoutRecursion) {
  EXPECT_EQ(verdict(nested("\x91", 100)), "too_deep");
  EXPECT_EQ(verdict(nested("\x91", 1'000'000)), "too_deep");
}

TEST(FrameScanDepthTest, CountsSiblingsOnce) {
  std::string bytes = from_hex("81 a161 dc 0400");
  for (int i = 0; i < 1024; ++i) bytes += from_hex("91 91 c0");
  EXPECT_EQ(verdict(bytes), "ok");
}

TEST(FrameScanSizeTest, RefusesWhatIsTooLarge) {
  EXPECT_EQ(verdict(std::string(kFrameBytesMax + 1, '\x80')), "too_large");
}

TEST(FrameScanSizeTest, CountsItemsAtEveryDepthAgainstTheirLimit) {
  const std::string frame =
      encoded({{"a", Array(10)}, {"b", Fields{{"c", Array(5)}}}, {"d", "text"}});
  constexpr std::uint32_t kItems = 3 * 2 + 10 + 2 + 5;
  EXPECT_FALSE(scan_frame(as_bytes(frame), kItems).refusal);
  EXPECT_EQ(scan_frame(as_bytes(frame), kItems - 1).refusal, Refusal::kTooManyItems);
  EXPECT_EQ(scan_frame(as_bytes(frame), 5).refusal, Refusal::kTooManyItems);
  EXPECT_FALSE(scan_frame(as_bytes(frame)).refusal);
}

// 60 MB of nils would be gigabytes once they are values.
TEST(FrameScanSizeTest, RefusesMillionsOfNilsByTheirCount) {
  std::string frame = from_hex("81 a161 dd 03938700");
  frame.resize(frame.size() + 60'000'000, '\xc0');
  EXPECT_EQ(scan_frame(as_bytes(frame), kItemsMax).refusal, Refusal::kTooManyItems);
  EXPECT_FALSE(decode_fields(as_bytes(frame), kItemsMax));
}

TEST(FrameScanKeysTest, FindsADuplicateAmongManyKeys) {
  Fields fields;
  for (int i = 0; i < 1'000; ++i) fields.emplace_back("key" + std::to_string(i), i);
  EXPECT_EQ(verdict(encoded(fields)), "ok");
  for (const std::size_t at : {0u, 40u, 63u, 64u, 500u, 998u}) {
    Fields twice = fields;
    twice.back().first = fields[at].first;
    EXPECT_EQ(verdict(encoded(twice)), "duplicate_key") << at;
  }
}

TEST(FrameScanKeysTest, FindsADuplicateAmongExactly64Keys) {
  Fields fields;
  for (int i = 0; i < 64; ++i) fields.emplace_back("key" + std::to_string(i), i);
  EXPECT_EQ(verdict(encoded(fields)), "ok");
  fields[63].first = "key0";
  EXPECT_EQ(verdict(encoded(fields)), "duplicate_key");
}

TEST(FrameScanNamesTest, HasANameForEveryRefusal) {
  EXPECT_STREQ(refusal_name(Refusal::kNotAMap), "not_a_map");
  EXPECT_STREQ(refusal_name(Refusal::kBadTimestamp), "bad_timestamp");
  EXPECT_STREQ(refusal_name(Refusal::kBadName), "bad_name");
  EXPECT_STREQ(refusal_name(Refusal::kNothingToInherit), "nothing_to_inherit");
  EXPECT_STREQ(refusal_name(Refusal::kNoTimestamp), "no_timestamp");
  EXPECT_STREQ(refusal_name(Refusal::kLate), "late");
  EXPECT_STREQ(refusal_name(Refusal::kBadMessage), "bad_message");
  EXPECT_STREQ(refusal_name(Refusal::kTooManyTracks), "too_many_tracks");
  EXPECT_STREQ(refusal_name(Refusal::kOnePart), "one_part");
  EXPECT_STREQ(refusal_name(Refusal::kTooManyItems), "too_many_items");
}

}  // namespace
}  // namespace zbag
