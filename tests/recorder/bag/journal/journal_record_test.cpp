#include "recorder/bag/journal/journal_record.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <string>

#include "recorder/bag/records/layout.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

using Section = JournalRecord::Section;

const std::string kKey = journal_key(7);

bool are_equal(const RowPoint& a, const RowPoint& b) {
  return a.key == b.key &&
         std::bit_cast<std::uint64_t>(a.seconds) == std::bit_cast<std::uint64_t>(b.seconds) &&
         a.wall_ns == b.wall_ns && a.mono_ns == b.mono_ns && a.given_src() == b.given_src() &&
         a.given_seq() == b.given_seq() && a.fields == b.fields &&
         text_of({a.pairs, a.pairs_bytes}) == text_of({b.pairs, b.pairs_bytes});
}

// A body of a stranger's, with a right checksum.
Result<JournalRecord> decode_sealed(std::string_view body) {
  std::string value(1, '\0');
  Bytes size;
  byte_io::push_varint(size, body.size());
  value += text_of(size);
  value += body;
  seal_record(kJournalTable, kKey, value);
  return JournalRecord::decode(kKey, value);
}

class JournalRecordTest : public testing::TestWithParam<Compression> {
 protected:
  RowPoint some_row(std::int64_t& key) {
    key += static_cast<std::int64_t>(random_() % 1'000'000'000);
    RowPoint row = store_.make(key, number_fields(static_cast<int>(random_() % 1'000'000)));
    if (random_() % 4 == 0) row.seconds = std::nextafter(row.seconds, 1e300);
    row.wall_ns = static_cast<std::int64_t>(random_());
    row.mono_ns = static_cast<std::int64_t>(random_());
    row.has_src = random_() % 3 > 0;
    if (row.has_src) row.src = 11 * (random_() % 3 + 1);
    row.has_seq = random_() % 3 > 0;
    if (row.has_seq) row.seq = random_();
    return row;
  }
  TrackGrowth some_growth() {
    TrackGrowth growth;
    if (random_() % 2 == 0) growth.merged = random_();
    if (random_() % 2 == 0) growth.kept_apart = random_() % 9;
    if (random_() % 2 == 0) growth.dropped = random_() % 9;
    if (random_() % 2 == 0) growth.overwritten = random_() % 9;
    if (random_() % 2 == 0) growth.lost = random_() % 2;
    if (random_() % 2 == 0) growth.missed_before = random_() % 2;
    for (std::uint64_t i = random_() % 3; i > 0; --i)
      growth.publishers.push_back({random_() % 5, random_() % 9, random_() % 9, random_() % 900});
    return growth;
  }
  std::vector<Section> some_sections() {
    std::vector<Section> sections(random_() % 6);
    for (Section& section : sections) {
      section.track = static_cast<std::uint32_t>(random_() % 900 + 1);
      section.growth = some_growth();
      auto key = static_cast<std::int64_t>(random_() % 4'000'000'000'000'000'000);
      if (random_() % 5 == 0) key = -key;
      for (std::uint64_t i = random_() % 20; i > 0; --i) section.rows.push_back(some_row(key));
      if (!section.rows.empty()) section.first_ordinal = random_() % 1'000'000;
    }
    return sections;
  }
  static JournalEncoder encoded(const std::vector<Section>& sections) {
    JournalEncoder encoder;
    for (const Section& section : sections)
      encoder.add(section.track, section.first_ordinal, section.rows, section.growth);
    return encoder;
  }

  RowStore store_;
  std::mt19937_64 random_{20261129};
};

TEST_P(JournalRecordTest, GivesBackWhatItWasGiven) {
  for (int round = 0; round < 300; ++round) {
    const std::vector<Section> sections = some_sections();
    const std::string value = encoded(sections).finish(kKey, GetParam());
    const Result<JournalRecord> record = JournalRecord::decode(kKey, value);
    ASSERT_TRUE(record.has_value()) << record.error().message;
    ASSERT_EQ(record->sections().size(), sections.size());
    for (std::size_t i = 0; i < sections.size(); ++i) {
      const Section& got = record->sections()[i];
      EXPECT_EQ(got.track, sections[i].track);
      EXPECT_EQ(got.first_ordinal, sections[i].first_ordinal);
      EXPECT_EQ(got.growth, sections[i].growth);
      ASSERT_EQ(got.rows.size(), sections[i].rows.size());
      for (std::size_t r = 0; r < got.rows.size(); ++r)
        EXPECT_TRUE(are_equal(got.rows[r], sections[i].rows[r]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Compressions, JournalRecordTest,
                         testing::Values(Compression::kNone, Compression::kLz4),
                         [](const auto& test) {
                           return test.param == Compression::kNone ? "none" : "lz4";
                         });

TEST_F(JournalRecordTest, IsDamagedByEveryFlip) {
  std::int64_t key = 0;
  const std::vector<Section> sections{{3, 5, {some_row(key), some_row(key)}, some_growth()}};
  const std::string value = encoded(sections).finish(kKey, Compression::kLz4);
  for (std::size_t at = 0; at < value.size(); ++at) {
    std::string broken = value;
    broken[at] ^= 16;
    const Result<JournalRecord> record = JournalRecord::decode(kKey, broken);
    ASSERT_FALSE(record.has_value());
    EXPECT_EQ(record.error().code, ErrorCode::kDamaged);
  }
  EXPECT_FALSE(JournalRecord::decode(journal_key(8), value).has_value());
  EXPECT_FALSE(JournalRecord::decode("7", value).has_value());
}

TEST_F(JournalRecordTest, RefusesSizesThatCanNotBe) {
  EXPECT_FALSE(JournalRecord::decode(kKey, "").has_value());
  // It says it is larger than any, as lz4.
  std::string large(1, '\1');
  Bytes size;
  byte_io::push_varint(size, kJournalRecordBytesMax + 1);
  large += text_of(size);
  large += "xxxxxxxx";
  seal_record(kJournalTable, kKey, large);
  EXPECT_FALSE(JournalRecord::decode(kKey, large).has_value());
  const std::string head(16, '\0');
  EXPECT_TRUE(decode_sealed(head + '\0').has_value());     // no publisher, no section
  EXPECT_FALSE(decode_sealed(head + "\x7f").has_value());  // publishers
  EXPECT_FALSE(decode_sealed(head + std::string("\0\1\0\x7f", 4)).has_value());    // rows
  EXPECT_FALSE(decode_sealed(head + std::string("\0\0\0\0", 4)).has_value());      // no track
  EXPECT_FALSE(decode_sealed(head + std::string("\0\1\0\0", 4)).has_value());      // no news
  EXPECT_FALSE(decode_sealed(head + std::string("\0\1\x40\x7f", 4)).has_value());  // counts
  // A row of more bytes than there are.
  EXPECT_FALSE(decode_sealed(head + std::string("\0\1\0\1\0\0\0\0\0\1\x7f", 11)).has_value());
}

TEST_F(JournalRecordTest, SurvivesAnyBytes) {
  std::size_t taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string body(random_() % 60, '\0');
    for (char& byte : body)
      byte = static_cast<char>(random_() % 3 == 0 ? random_() : random_() % 4);
    const Result<JournalRecord> record = decode_sealed(body);
    if (!record) continue;
    for (const Section& section : record->sections()) taken += section.rows.size();
  }
  EXPECT_GT(taken, 0u);
}

TEST_F(JournalRecordTest, HasRoomForSoMuch) {
  JournalEncoder encoder;
  const RowPoint row = store_.make(1, {{"x", Binary{std::string(1u << 20, 'x')}}});
  const std::vector<RowPoint> rows{row};
  std::size_t records = 0;
  for (; encoder.has_room_for(rows); ++records) encoder.add(1, records, rows, {});
  EXPECT_GE(records, 7u);
  EXPECT_LT(encoder.bytes(), kJournalRecordBytesMax);
  const std::string value = encoder.finish(kKey, Compression::kNone);
  EXPECT_EQ(JournalRecord::decode(kKey, value)->sections().size(), records);
}

}  // namespace
}  // namespace zbag
