#include "recorder/bag/journal/journal_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "recorder/bag/records/layout.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

using byte_io::push_bytes;
using byte_io::push_fixed;
using byte_io::push_varint;
using byte_io::push_zigzag;
using byte_io::wrapping_subtract;

// What of a section is there.
enum Parts : std::uint8_t {
  kMerged = 1,
  kKeptApart = 2,
  kDropped = 4,
  kOverwritten = 8,
  kLost = 16,
  kMissedBefore = 32,
  kPublishers = 64,
};

// What a row has, in the low bits of the code of its publisher.
constexpr std::uint64_t kHasDouble = 1;
constexpr std::uint64_t kHasSeq = 2;
constexpr unsigned kRowBits = 2;

struct Part {
  std::uint8_t bit;
  std::uint64_t TrackGrowth::*count;
};
constexpr Part kCounts[] = {{kMerged, &TrackGrowth::merged},
                            {kKeptApart, &TrackGrowth::kept_apart},
                            {kDropped, &TrackGrowth::dropped},
                            {kOverwritten, &TrackGrowth::overwritten}};
struct Total {
  std::uint8_t bit;
  std::optional<std::uint64_t> TrackGrowth::*count;
};
constexpr Total kTotals[] = {{kLost, &TrackGrowth::lost},
                             {kMissedBefore, &TrackGrowth::missed_before}};

std::uint8_t parts_of(const TrackGrowth& growth) {
  unsigned parts = 0;
  if (!growth.publishers.empty()) parts |= kPublishers;
  for (const Part& part : kCounts) {
    if (growth.*part.count > 0) parts |= part.bit;
  }
  for (const Total& total : kTotals) {
    if (growth.*total.count) parts |= total.bit;
  }
  return static_cast<std::uint8_t>(parts);
}

bool has_own_double(const PointHead& point) {
  return std::bit_cast<std::uint64_t>(point.seconds) !=
         std::bit_cast<std::uint64_t>(seconds_of_key(point.key));
}

std::int64_t offset_of(const PointHead& point) {
  return wrapping_subtract(point.wall_ns, point.mono_ns);
}

tl::unexpected<Error> damaged(std::string_view key, const char* what) {
  return fail(ErrorCode::kDamaged, fmt::format("{}: {}", record_place(kJournalTable, key), what));
}

}  // namespace

std::uint64_t JournalEncoder::code_of(std::uint64_t src) {
  auto known = std::find(srcs_.begin(), srcs_.end(), src);
  if (known == srcs_.end()) known = srcs_.insert(srcs_.end(), src);
  return static_cast<std::uint64_t>(known - srcs_.begin()) + 1;
}

bool JournalEncoder::has_room_for(std::span<const RowPoint> rows) const {
  constexpr std::size_t kHeadBytes = 64;  // of a row, at most
  std::size_t bytes = sections_.size() + kHeadBytes * rows.size();
  for (const RowPoint& row : rows) bytes += row.pairs_bytes;
  return bytes <= kJournalRecordBytesMax / 2 && rows_ + rows.size() <= kJournalRecordRowsMax;
}

void JournalEncoder::add(std::uint32_t track, std::uint64_t first_ordinal,
                         std::span<const RowPoint> rows, const TrackGrowth& growth) {
  const std::uint8_t parts = parts_of(growth);
  push_varint(sections_, track);
  sections_.push_back(parts);
  for (const Part& part : kCounts)
    if ((parts & part.bit) != 0) push_varint(sections_, growth.*part.count);
  for (const Total& total : kTotals)
    if ((parts & total.bit) != 0) push_varint(sections_, *(growth.*total.count));
  if ((parts & kPublishers) != 0) push_varint(sections_, growth.publishers.size());
  for (const PublisherCount& count : growth.publishers) {
    push_varint(sections_, code_of(count.src));
    push_varint(sections_, count.lost);
    push_varint(sections_, count.missed_before);
    push_varint(sections_, count.received);
  }
  push_varint(sections_, rows.size());
  if (rows.empty()) return;
  push_varint(sections_, first_ordinal);
  rows_ += rows.size();
  if (!first_) {
    first_ = rows.front();
    last_ = *first_;
    last_.key = first_->wall_ns;  // stamps are near it: the head has one clock less
  }
  std::int64_t seq = 0;
  for (const RowPoint& row : rows) add_row(row, seq);
}

void JournalEncoder::add_row(const RowPoint& row, std::int64_t& seq) {
  const bool has_double = has_own_double(row);
  push_varint(sections_, (row.has_src ? code_of(row.src) : 0) << kRowBits |
                             (row.has_seq ? kHasSeq : 0) | (has_double ? kHasDouble : 0));
  push_zigzag(sections_, wrapping_subtract(row.key, last_.key));
  if (has_double) push_fixed(sections_, row.seconds);
  push_zigzag(sections_, wrapping_subtract(row.wall_ns, last_.wall_ns));
  push_zigzag(sections_, wrapping_subtract(offset_of(row), offset_of(last_)));
  if (row.has_seq) {
    push_zigzag(sections_, wrapping_subtract(static_cast<std::int64_t>(row.seq), seq));
    seq = static_cast<std::int64_t>(row.seq);
  }
  push_varint(sections_, row.fields);
  push_varint(sections_, row.pairs_bytes);
  push_bytes(sections_, {row.pairs, row.pairs_bytes});
  last_ = row;
}

std::string JournalEncoder::finish(std::string_view key, Compression compression) const {
  Bytes body;
  body.reserve(2 * sizeof(std::int64_t) + 10 + sizeof(std::uint64_t) * srcs_.size() +
               sections_.size());
  push_fixed(body, first_ ? first_->wall_ns : 0);
  push_fixed(body, first_ ? offset_of(*first_) : 0);
  push_varint(body, srcs_.size());
  for (const std::uint64_t src : srcs_) push_fixed(body, src);
  push_bytes(body, sections_);
  Bytes head{static_cast<std::uint8_t>(Compression::kNone)};
  push_varint(head, body.size());
  if (compression != Compression::kNone) {
    Bytes packed;
    if (Compressor().append(body, {Compression::kLz4}, packed) > 0) {
      head.front() = static_cast<std::uint8_t>(Compression::kLz4);
      body = std::move(packed);
    }
  }
  std::string record;
  record.reserve(head.size() + body.size() + kRecordSumBytes);
  record.append(reinterpret_cast<const char*>(head.data()), head.size());
  record.append(reinterpret_cast<const char*>(body.data()), body.size());
  seal_record(kJournalTable, key, record);
  return record;
}

namespace {

// Reads the sections of a record's body.
class SectionReader {
 public:
  explicit SectionReader(std::span<const std::uint8_t> body) : in_(body) {}

  bool read(std::vector<JournalRecord::Section>& sections) {
    std::int64_t offset = 0;
    if (!in_.fixed(wall_) || !in_.fixed(offset)) return false;
    key_ = wall_;
    offset_ = offset;
    std::uint64_t count = 0;
    if (!in_.bounded(count, in_.left() / sizeof(std::uint64_t))) return false;
    srcs_.resize(count);
    for (std::uint64_t& src : srcs_) {
      if (!in_.fixed(src)) return false;
    }
    while (in_.left() > 0) {
      if (!takes(sizeof(JournalRecord::Section)) || !read_section(sections.emplace_back()))
        return false;
    }
    return true;
  }
  std::size_t decoded_bytes() const { return kJournalRecordMemoryMax - memory_left_; }

 private:
  // Whether there may be so much more of the record in memory.
  bool takes(std::size_t bytes) {
    if (bytes > memory_left_) return false;
    memory_left_ -= bytes;
    return true;
  }

  bool read_section(JournalRecord::Section& section) {
    std::uint8_t parts = 0;
    if (!in_.bounded(section.track, UINT32_MAX) || section.track == 0 || !in_.fixed(parts))
      return false;
    for (const Part& part : kCounts)
      if ((parts & part.bit) != 0 && !in_.varint(section.growth.*part.count)) return false;
    for (const Total& total : kTotals)
      if ((parts & total.bit) != 0 && !in_.varint((section.growth.*total.count).emplace()))
        return false;
    if ((parts & kPublishers) != 0 && !read_publishers(section.growth.publishers)) return false;
    constexpr std::size_t kRowBytesMin = 6;
    std::uint64_t rows = 0;
    if (!in_.bounded(rows, std::min(in_.left() / kRowBytesMin, rows_left_))) return false;
    if (rows == 0) return parts != 0;
    if (!takes(rows * sizeof(RowPoint))) return false;
    rows_left_ -= rows;
    if (!in_.varint(section.first_ordinal)) return false;
    section.rows.resize(rows);
    std::int64_t seq = 0;
    return std::ranges::all_of(section.rows, [&](RowPoint& row) { return read_row(row, seq); });
  }

  bool read_publishers(std::vector<PublisherCount>& publishers) {
    constexpr std::size_t kCountBytesMin = 4;
    std::uint64_t count = 0;
    if (!in_.bounded(count, in_.left() / kCountBytesMin) || !takes(count * sizeof(PublisherCount)))
      return false;
    publishers.resize(count);
    return std::ranges::all_of(publishers, [&](PublisherCount& one) {
      std::uint64_t code = 0;
      if (!in_.bounded(code, srcs_.size()) || code == 0) return false;
      one.src = srcs_[code - 1];
      return in_.varint(one.lost) && in_.varint(one.missed_before) && in_.varint(one.received);
    });
  }

  bool read_row(RowPoint& row, std::int64_t& seq) {
    std::uint64_t code = 0;
    if (!in_.varint(code) || code >> kRowBits > srcs_.size() || !in_.delta(key_)) return false;
    row.key = key_;
    row.seconds = seconds_of_key(key_);
    if ((code & kHasDouble) != 0 && !in_.fixed(row.seconds)) return false;
    row.has_src = code >> kRowBits > 0;
    if (row.has_src) row.src = srcs_[(code >> kRowBits) - 1];
    if (!in_.delta(wall_) || !in_.delta(offset_)) return false;
    row.wall_ns = wall_;
    row.mono_ns = wrapping_subtract(wall_, offset_);
    row.has_seq = (code & kHasSeq) != 0;
    if (row.has_seq && !in_.delta(seq)) return false;
    if (row.has_seq) row.seq = static_cast<std::uint64_t>(seq);
    std::span<const std::uint8_t> pairs;
    if (!in_.bounded(row.fields, UINT32_MAX) || !in_.bounded(row.pairs_bytes, in_.left()) ||
        !in_.take(row.pairs_bytes, pairs))
      return false;
    row.pairs = pairs.data();
    return true;
  }

  ByteInput in_;
  std::size_t rows_left_ = kJournalRecordRowsMax;
  std::size_t memory_left_ = kJournalRecordMemoryMax;
  std::vector<std::uint64_t> srcs_;
  std::int64_t key_ = 0;
  std::int64_t wall_ = 0;
  std::int64_t offset_ = 0;
};

}  // namespace

bool JournalRecord::decode_body() {
  SectionReader reader(body_);
  const bool is_sound = reader.read(sections_);
  decoded_bytes_ = reader.decoded_bytes();
  return is_sound;
}

Result<JournalRecord> JournalRecord::decode(std::string_view key, std::string_view value) {
  if (!journal_number(key)) return damaged(key, "its key is none of the journal");
  const std::optional<std::string_view> opened = open_record(kJournalTable, key, value);
  if (!opened) return damaged(key, "wrong checksum");
  ByteInput in({reinterpret_cast<const std::uint8_t*>(opened->data()), opened->size()});
  std::uint8_t compression = 0;
  std::uint64_t size = 0;
  std::span<const std::uint8_t> stored;
  const bool is_sound = in.fixed(compression) && in.bounded(size, kJournalRecordBytesMax) &&
                        in.take(in.left(), stored);
  if (!is_sound) return damaged(key, "its head does not decode");
  JournalRecord record;
  record.body_.resize(size);
  const bool is_plain = Compression{compression} == Compression::kNone;
  if (is_plain && size == stored.size()) {
    std::copy(stored.begin(), stored.end(), record.body_.begin());
  } else if (is_plain || !decompress(Compression{compression}, stored, record.body_)) {
    return damaged(key, "does not decompress");
  }
  if (!record.decode_body()) return damaged(key, "does not decode");
  return record;
}

}  // namespace zbag
