#include "recorder/bag/records/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <random>

#include "recorder/bag/records/record_checksum.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TrackRecord full_record() {
  TrackRecord record;
  record.name = "robot/arm";
  record.id = 7;
  record.created = 1.5;
  record.main_points = 11;
  record.late_points = 3;
  record.bytes = 1'234;
  record.first = -5;
  record.last = kMax;
  record.main_end = 0;
  record.next_serial = 9;
  record.next_late_serial = 2;
  record.fields = {{"q", {"float64", "int"}}, {"img", {"bin"}}};
  record.fate.received = 20;
  record.fate.points = 14;
  record.fate.refused[static_cast<std::size_t>(Refusal::kLate)] = 2;
  record.fate.skipped[static_cast<std::size_t>(Skip::kPause)] = 4;
  record.lost = 6;
  record.missed_before = 8;
  return record;
}

std::string sealed(std::string_view table, std::string_view key, std::string record) {
  seal_record(table, key, record);
  return record;
}

TEST(BlockKeyTest, SortsAsBytesInTheOrderOfTrackTimeAndSerial) {
  const std::vector<BlockKey> ordered = {
      {0, kMin, 0}, {0, -1, 5},   {0, 0, 0}, {0, 0, 1},   {0, 0, kLateSerial},           {0, 1, 0},
      {0, kMax, 0}, {1, kMin, 0}, {1, 7, 0}, {256, 0, 0}, {0xffffffff, kMax, 0xffffffff}};
  std::vector<std::string> bytes;
  for (const BlockKey& key : ordered) bytes.push_back(key.encode());
  EXPECT_THAT(bytes, testing::WhenSorted(testing::ElementsAreArray(bytes)));
}

TEST(BlockKeyTest, SortsRandomTimesAsBytesAsTheyAre) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto a = static_cast<std::int64_t>(random());
    const auto b = static_cast<std::int64_t>(random() >> random() % 60);
    ASSERT_EQ((BlockKey{1, a, 0}.encode() < BlockKey{1, b, 0}.encode()), a < b);
  }
}

TEST(BlockKeyTest, ComesBackFromItsBytes) {
  const BlockKey key{0xfedcba98, -1'234'567'890'123, kLateSerial | 3};
  EXPECT_EQ(BlockKey::decode(key.encode()), key);
  EXPECT_TRUE(key.is_late());
}

TEST(BlockKeyTest, RefusesBytesOfAnotherLength) {
  EXPECT_FALSE(BlockKey::decode("").has_value());
  EXPECT_FALSE(BlockKey::decode(std::string(15, 'k')).has_value());
  EXPECT_FALSE(BlockKey::decode(std::string(17, 'k')).has_value());
}

TEST(OrderEntryTest, ComesBackFromItsBytes) {
  const OrderEntry entry{3, 1ull << 40, kMin, 99};
  const Result<OrderEntry> back = OrderEntry::decode(entry.encode_key(), entry.encode_value());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->track, 3u);
  EXPECT_EQ(back->index, 1ull << 40);
  EXPECT_EQ(back->key, kMin);
  EXPECT_EQ(back->rank, 99u);
}

// FORMAT.md shows these bytes.
TEST(OrderEntryTest, IsWhatTheFormatSays) {
  const OrderEntry entry{3, 99, 1'500'000'000, 0};
  const std::array<unsigned char, 24> bytes = {0x80, 0,    0,    0,    0x59, 0x68, 0x2f, 0,
                                               0,    0,    0,    0,    0,    0,    0,    0,
                                               0xfd, 0xb8, 0x63, 0xa5, 0xa9, 0xbc, 0xfc, 0x84};
  EXPECT_EQ(entry.encode_value(), std::string(bytes.begin(), bytes.end()));
}

TEST(OrderEntryTest, NamesTrackAndIndexOfADamagedOne) {
  const OrderEntry entry{3, 4, 5, 6};
  std::string value = entry.encode_value();
  value[2] ^= 1;
  EXPECT_EQ(OrderEntry::decode(entry.encode_key(), value).error().message,
            "table order, track 3, index 4: wrong checksum");
}

TEST(OrderEntryTest, RefusesBytesOfAnotherLength) {
  const OrderEntry entry{3, 4, 5, 6};
  EXPECT_FALSE(OrderEntry::decode(entry.encode_key() + "x", entry.encode_value()).has_value());
  EXPECT_FALSE(OrderEntry::decode(entry.encode_key(), "short").has_value());
}

TEST(TrackRecordTest, ComesBackFromItsBytes) {
  const TrackRecord record = full_record();
  const TrackRecord back = TrackRecord::decode(record.name, record.encode()).value();
  EXPECT_EQ(back.encode(), record.encode());
  EXPECT_EQ(back.total(), 14u);
  EXPECT_EQ(back.first, -5);
  EXPECT_EQ(back.last, kMax);
  EXPECT_EQ(back.fields, record.fields);
  EXPECT_EQ(back.fate, record.fate);
  EXPECT_EQ(back.lost, 6u);
}

// Nothing numbered is unknown, not zero.
TEST(TrackRecordTest, KeepsUnknownLossApartFromNone) {
  TrackRecord record = full_record();
  record.lost.reset();
  EXPECT_FALSE(TrackRecord::decode(record.name, record.encode())->lost.has_value());
  record.lost = 0;
  EXPECT_EQ(TrackRecord::decode(record.name, record.encode())->lost, 0u);
}

TEST(TrackRecordTest, KeepsNoTimesOfATrackWithoutPoints) {
  TrackRecord record;
  record.name = "a";
  record.id = 1;
  const TrackRecord back = TrackRecord::decode("a", record.encode()).value();
  EXPECT_FALSE(back.first.has_value());
  EXPECT_FALSE(back.last.has_value());
  EXPECT_FALSE(back.main_end.has_value());
}

TEST(TrackRecordTest, RefusesEveryTruncation) {
  const std::string bytes = full_record().encode();
  std::size_t decoded = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    decoded += TrackRecord::decode("robot/arm", bytes.substr(0, size)) ? 1 : 0;
  }
  EXPECT_EQ(decoded, 0u);
}

TEST(TrackRecordTest, FindsEveryFlippedBitOfItselfAndItsName) {
  const TrackRecord record = full_record();
  const std::string bytes = record.encode();
  std::size_t taken = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string broken = bytes;
    broken[bit / 8] ^= static_cast<char>(1 << bit % 8);
    taken += TrackRecord::decode(record.name, broken) ? 1 : 0;
  }
  for (std::size_t bit = 0; bit < record.name.size() * 8; ++bit) {
    std::string broken = record.name;
    broken[bit / 8] ^= static_cast<char>(1 << bit % 8);
    taken += TrackRecord::decode(broken, bytes) ? 1 : 0;
  }
  EXPECT_EQ(taken, 0u);
}

// What a right checksum covers may still come from anybody.
TEST(TrackRecordTest, SurvivesRandomBytesUnderARightChecksum) {
  const std::string sealed = full_record().encode();
  const std::string bytes = sealed.substr(0, sealed.size() - kRecordSumBytes);
  std::mt19937_64 random(2);
  std::size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string broken = bytes;
    for (int flips = 0; flips < 3; ++flips)
      broken[random() % broken.size()] = static_cast<char>(random());
    seal_record(kTracksTable, "a", broken);
    refused += TrackRecord::decode("a", broken) ? 0 : 1;
  }
  EXPECT_GT(refused, 0u);
}

TEST(TrackRecordTest, TakesFieldsOfTheWrongTypeAsMissing) {
  std::string bytes;
  encode_fields(
      {{"id", 7}, {"created", "x"}, {"fields", 3}, {"fate", Array{}}, {"first", "x"}, {"lost", -1}},
      bytes);
  seal_record(kTracksTable, "a", bytes);
  const TrackRecord record = TrackRecord::decode("a", bytes).value();
  EXPECT_EQ(record.created, 0.0);
  EXPECT_TRUE(record.fields.empty());
  EXPECT_FALSE(record.first.has_value());
}

// A later version may add to a record.
TEST(TrackRecordTest, PassesOverFieldsItDoesNotKnow) {
  std::string bytes;
  encode_fields({{"id", 4}, {"colour", "blue"}}, bytes);
  seal_record(kTracksTable, "a", bytes);
  EXPECT_EQ(TrackRecord::decode("a", bytes)->id, 4u);
}

TEST(RunRecordTest, ComesBackFromItsBytes) {
  const RunRecord run{.id = 2,
                      .start = 1.25,
                      .end = 2.5,
                      .closed = true,
                      .host = "h",
                      .version = "v",
                      .config = {{"sync_ms", 100}},
                      .metadata = {{"robot", "arm"}, {"fps", 30.0}}};
  const RunRecord back = RunRecord::decode(run_key(2), run.encode()).value();
  EXPECT_EQ(back.encode(), run.encode());
  EXPECT_EQ(back.end, 2.5);
  EXPECT_TRUE(back.closed);
  EXPECT_EQ(back.metadata, run.metadata);
}

TEST(RunRecordTest, IsRefusedUnderTheKeyOfAnother) {
  EXPECT_FALSE(RunRecord::decode(run_key(3), RunRecord{.id = 2}.encode()).has_value());
}

TEST(RunRecordTest, HasNoEndWhileItRuns) {
  EXPECT_FALSE(RunRecord::decode(run_key(1), RunRecord{.id = 1}.encode())->end.has_value());
}

TEST(LossRecordTest, ComesBackFromItsBytes) {
  const LossRecord loss{.src = ~0ull,
                        .track = "a/b",
                        .run_start_ns = -4,
                        .publisher = "p",
                        .lost = 1,
                        .missed_before = 2,
                        .received = 3};
  const LossRecord back = decode_loss(encode_loss_key(loss), encode_loss(loss)).value();
  EXPECT_EQ(back.src, ~0ull);
  EXPECT_EQ(back.track, "a/b");
  EXPECT_EQ(back.run_start_ns, -4);
  EXPECT_EQ(encode_loss(back), encode_loss(loss));
}

TEST(LossRecordTest, RefusesAKeyThatIsTooShort) {
  EXPECT_EQ(decode_loss(std::string(16, 'k'), sealed(kLossesTable, std::string(16, 'k'), "\x80"))
                .error()
                .code,
            ErrorCode::kDamaged);
}

TEST(WriterRecordTest, ComesBackFromItsBytes) {
  const WriterRecord back =
      WriterRecord::decode(WriterRecord{12, "host", "record", 3.5}.encode()).value();
  EXPECT_EQ(back.pid, 12u);
  EXPECT_EQ(back.node, "record");
  EXPECT_EQ(back.since, 3.5);
}

TEST(BagRecordTest, ComesBackFromItsBytes) {
  const BagRecord back = BagRecord::decode(BagRecord{3, "zbag 9", 1.0}.encode()).value();
  EXPECT_EQ(back.format, 3u);
  EXPECT_EQ(back.creator, "zbag 9");
}

TEST(RecordsTest, RefuseWhatIsNoMap) {
  EXPECT_EQ(BagRecord::decode(sealed(kMetaTable, kBagKey, "\x01")).error().code,
            ErrorCode::kDamaged);
  EXPECT_EQ(WriterRecord::decode(sealed(kMetaTable, kWriterKey, "")).error().code,
            ErrorCode::kDamaged);
  EXPECT_EQ(WriterRecord::decode("").error().code, ErrorCode::kDamaged);
  EXPECT_EQ(RunRecord::decode("run/1", sealed(kMetaTable, "run/1", "\xc0")).error().code,
            ErrorCode::kDamaged);
}

TEST(RecordsTest, AreRefusedInAnotherTableOrUnderAnotherKey) {
  const std::string value = sealed(kMetaTable, "k", "bytes");
  EXPECT_EQ(open_record(kMetaTable, "k", value), "bytes");
  EXPECT_FALSE(open_record(kTracksTable, "k", value).has_value());
  EXPECT_FALSE(open_record(kMetaTable, "kb", value).has_value());
  EXPECT_FALSE(open_record(kMetaTable, "kb", value.substr(1)).has_value());
  EXPECT_FALSE(open_record(kMetaTable, "", value).has_value());
}

TEST(FateTest, ComesBackFromItsFields) {
  Fate fate = full_record().fate;
  fate.merged = 3;
  fate.dropped = 4;
  fate.overwritten = 5;
  EXPECT_EQ(fate_of(fate_fields(fate)), fate);
}

TEST(FateTest, BalancesWhenEveryFrameHasAnEnd) {
  Fate fate;
  fate.received = 6;
  fate.points = fate.merged = fate.dropped = 1;
  fate.refused[0] = 1;
  fate.skipped[1] = 2;
  EXPECT_TRUE(fate.balances());
  ++fate.received;
  EXPECT_FALSE(fate.balances());
}

TEST(RunKeyTest, SortsAsRunsFollow) {
  EXPECT_LT(run_key(9), run_key(10));
  EXPECT_LT(run_key(99'999), run_key(100'000));
}

// Readers would pass over its points, or take those of another track for them.
TEST(TrackRecordTest, IsDamagedWhereItDoesNotLeadToItsPoints) {
  const std::vector<Fields> lies = {
      {{"main_points", 1}, {"first", 1}, {"last", 1}},
      {{"id", 0}},
      {{"id", -1}},
      {{"id", "seven"}},
      {{"id", std::uint64_t{1} << 32}},
      {{"id", 1}, {"main_points", 1}, {"last", 1}},
      {{"id", 1}, {"late_points", 1}, {"first", 1}},
      {{"id", 1}, {"main_points", 1}, {"first", "x"}, {"last", 1}},
  };
  for (const Fields& fields : lies) {
    std::string bytes;
    encode_fields(fields, bytes);
    seal_record(kTracksTable, "a", bytes);
    EXPECT_FALSE(TrackRecord::decode("a", bytes).has_value()) << bytes;
    EXPECT_FALSE(TrackExtent::decode("a", bytes).has_value()) << bytes;
  }
}

TEST(TrackRecordTest, KeepsASerialThatIsTooLargeAsLargeAsItCan) {
  std::string bytes;
  encode_fields({{"id", 1}, {"next_serial", std::uint64_t{1} << 40}}, bytes);
  seal_record(kTracksTable, "a", bytes);
  EXPECT_EQ(TrackRecord::decode("a", bytes)->next_serial, UINT32_MAX);
}

TEST(TrackExtentTest, IsTakenFromTheRecordOfItsTrack) {
  TrackRecord record;
  record.name = "a";
  record.id = 70'000;
  record.fields["x"].insert("float64");
  EXPECT_EQ(TrackExtent::decode(record.name, record.encode())->first, std::nullopt);
  record.first = -5;
  record.last = 1'795'202'544'000'000'000;
  const TrackExtent extent = TrackExtent::decode(record.name, record.encode()).value();
  EXPECT_EQ(extent.id, 70'000u);
  EXPECT_EQ(extent.first, -5);
  EXPECT_EQ(extent.last, 1'795'202'544'000'000'000);
  EXPECT_FALSE(TrackExtent::decode(record.name, record.encode().substr(1)));
  EXPECT_FALSE(TrackExtent::decode("b", record.encode()));
}

}  // namespace
}  // namespace zbag
