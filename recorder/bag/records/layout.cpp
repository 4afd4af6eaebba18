#include "recorder/bag/records/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "recorder/bag/records/record_checksum.hpp"
#include "schemas/apart.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/item.hpp"
#include "schemas/points/point.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

template <class T>
void put_be(std::string& out, T value) {
  for (int shift = (static_cast<int>(sizeof(T)) - 1) * 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<unsigned char>(value >> shift));
  }
}

std::uint64_t get_be(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Flipping the sign bit makes the bytes of negative numbers sort first.
constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
constexpr std::size_t kOrderKeyBytes = 12;

std::uint64_t ordered(std::int64_t key) { return static_cast<std::uint64_t>(key) ^ kSignBit; }
std::int64_t unordered(std::uint64_t bits) { return static_cast<std::int64_t>(bits ^ kSignBit); }

tl::unexpected<Error> damaged(std::string_view table, std::string_view key,
                              const std::string& why = "wrong checksum") {
  return fail(ErrorCode::kDamaged, fmt::format("{}: {}", record_place(table, key), why));
}

std::string packed(std::string_view table, std::string_view key, const Fields& fields) {
  std::string out;
  encode_fields(fields, out);
  seal_record(table, key, out);
  return out;
}

Result<Fields> unpacked(std::string_view table, std::string_view key, std::string_view value) {
  const std::optional<std::string_view> record = open_record(table, key, value);
  if (!record) return damaged(table, key);
  Result<Fields> fields =
      decode_fields({reinterpret_cast<const std::uint8_t*>(record->data()), record->size()});
  if (!fields) return damaged(table, key, fields.error().message);
  return fields;
}

// What stands under a name that no track may have was put there by no writer of ours. Paths are
// made of names: those of strangers must not lead anywhere else.
Status check_name(std::string_view table, std::string_view key, std::string_view name) {
  const char* const fault = track_name_fault(name);
  if (fault == nullptr) return {};
  return damaged(table, key, fmt::format("the name {}", fault));
}

// What keeps a track with such a record from being read; null: nothing. `has_points`: it counts
// some.
const char* extent_fault(std::uint64_t id, bool has_points, bool has_extent) {
  if (id == 0 || id > UINT32_MAX) return "its number is none that a track has";
  if (has_points && !has_extent) return "it does not say from when to when its points lie";
  return nullptr;
}

// One that is too large stays so.
std::uint32_t serial_field(const Fields& fields, const char* name) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(uint_field(fields, name), UINT32_MAX));
}

void put_key(Fields& fields, const char* name, const std::optional<std::int64_t>& key) {
  if (key) fields.emplace_back(name, *key);
}

}  // namespace

std::string BlockKey::encode() const {
  std::string out;
  put_be(out, track);
  put_be(out, ordered(first));
  put_be(out, serial);
  return out;
}

std::optional<BlockKey> BlockKey::decode(std::string_view bytes) {
  if (bytes.size() != 16) return std::nullopt;
  return BlockKey{static_cast<std::uint32_t>(get_be(bytes.substr(0, 4))),
                  unordered(get_be(bytes.substr(4, 8))),
                  static_cast<std::uint32_t>(get_be(bytes.substr(12)))};
}

std::string OrderEntry::encode_key() const {
  std::string out;
  put_be(out, track);
  put_be(out, index);
  return out;
}

std::string OrderEntry::encode_value() const {
  std::string out;
  put_be(out, ordered(key));
  put_be(out, rank);
  seal_record(kOrderTable, encode_key(), out);
  return out;
}

Result<OrderEntry> OrderEntry::decode(std::string_view key, std::string_view value) {
  const std::optional<std::string_view> record = open_record(kOrderTable, key, value);
  if (key.size() != kOrderKeyBytes) return damaged(kOrderTable, key);
  OrderEntry entry{track_of(key), get_be(key.substr(4))};
  if (!record || record->size() != 16) {
    return damaged(kOrderTable, key);
  }
  entry.key = unordered(get_be(record->substr(0, 8)));
  entry.rank = get_be(record->substr(8));
  return entry;
}

std::uint32_t OrderEntry::track_of(std::string_view key) {
  return static_cast<std::uint32_t>(get_be(key.substr(0, 4)));
}

Fields fate_fields(const Fate& fate) {
  Fields refused;
  for (std::size_t i = 0; i < kRefusalCount; ++i) {
    if (fate.refused[i] > 0)
      refused.emplace_back(refusal_name(static_cast<Refusal>(i)), fate.refused[i]);
  }
  Fields skipped;
  for (std::size_t i = 0; i < kSkipCount; ++i) {
    if (fate.skipped[i] > 0) skipped.emplace_back(skip_name(static_cast<Skip>(i)), fate.skipped[i]);
  }
  return {{"received", fate.received},       {"points", fate.points},
          {"merged", fate.merged},           {"dropped", fate.dropped},
          {"refused", std::move(refused)},   {"skipped", std::move(skipped)},
          {"overwritten", fate.overwritten}, {"kept_apart", fate.kept_apart}};
}

Fate fate_of(const Fields& fields) {
  Fate fate;
  fate.received = uint_field(fields, "received");
  fate.points = uint_field(fields, "points");
  fate.merged = uint_field(fields, "merged");
  fate.dropped = uint_field(fields, "dropped");
  fate.overwritten = uint_field(fields, "overwritten");
  fate.kept_apart = uint_field(fields, "kept_apart");
  const Fields& refused = map_field(fields, "refused");
  const Fields& skipped = map_field(fields, "skipped");
  for (std::size_t i = 0; i < kRefusalCount; ++i) {
    fate.refused[i] = uint_field(refused, refusal_name(static_cast<Refusal>(i)));
  }
  for (std::size_t i = 0; i < kSkipCount; ++i) {
    fate.skipped[i] = uint_field(skipped, skip_name(static_cast<Skip>(i)));
  }
  return fate;
}

std::optional<double> TrackRecord::rate() const {
  if (!first || total() < 2 || *last <= *first) return std::nullopt;
  return static_cast<double>(total() - 1) / (static_cast<double>(apart(*first, *last)) / 1e9);
}

std::string TrackRecord::encode() const {
  Fields types;
  for (const auto& [field, seen] : fields)
    types.emplace_back(field, Value(Array(seen.begin(), seen.end())));
  Fields record{{"id", id},
                {"created", created},
                {"main_points", main_points},
                {"late_points", late_points},
                {"bytes", bytes},
                {"next_serial", next_serial},
                {"next_late_serial", next_late_serial},
                {"fields", std::move(types)},
                {"fate", fate_fields(fate)},
                {"missed_before", missed_before}};
  put_key(record, "first", first);
  put_key(record, "last", last);
  put_key(record, "main_end", main_end);
  if (lost) record.emplace_back("lost", *lost);
  if (in_blocks) record.emplace_back("in_blocks", *in_blocks);
  if (journal > 0) record.emplace_back("journal", journal);
  return packed(kTracksTable, name, record);
}

Result<TrackRecord> TrackRecord::decode(std::string_view name, std::string_view bytes) {
  const Result<Fields> fields = unpacked(kTracksTable, name, bytes);
  if (!fields) return tl::unexpected(fields.error());
  if (Status named = check_name(kTracksTable, name, name); !named)
    return tl::unexpected(named.error());
  TrackRecord record;
  record.name = name;
  const std::uint64_t id = uint_field(*fields, "id");
  record.id = static_cast<std::uint32_t>(id);
  record.created = float_field(*fields, "created");
  record.main_points = uint_field(*fields, "main_points");
  record.late_points = uint_field(*fields, "late_points");
  record.bytes = uint_field(*fields, "bytes");
  record.next_serial = serial_field(*fields, "next_serial");
  record.next_late_serial = serial_field(*fields, "next_late_serial");
  record.fate = fate_of(map_field(*fields, "fate"));
  record.missed_before = uint_field(*fields, "missed_before");
  record.first = int_field(*fields, "first");
  record.last = int_field(*fields, "last");
  record.main_end = int_field(*fields, "main_end");
  const bool has_points = record.main_points > 0 || record.late_points > 0;
  const char* const fault = extent_fault(id, has_points, record.first && record.last);
  if (fault != nullptr) return damaged(kTracksTable, name, fault);
  if (find_field(*fields, "lost") != nullptr) record.lost = uint_field(*fields, "lost");
  if (find_field(*fields, "in_blocks") != nullptr)
    record.in_blocks = uint_field(*fields, "in_blocks");
  record.journal = uint_field(*fields, "journal");
  for (const auto& [field, types] : map_field(*fields, "fields")) {
    std::set<std::string>& seen = record.fields[field];
    const Array* names = types.get_if<Array>();
    for (const Value& type : names == nullptr ? Array() : *names) {
      if (const auto* text = type.get_if<std::string>()) seen.insert(*text);
    }
  }
  return record;
}

std::optional<std::string> TrackRecord::fate_fault() const {
  if (!fate.balances()) return "the fate of its frames does not add up";
  if (fate.points == total()) return std::nullopt;
  return fmt::format("the fate of its frames counts {} points where {} are stored", fate.points,
                     total());
}

Result<TrackExtent> TrackExtent::decode(std::string_view name, std::string_view bytes) {
  const std::optional<std::string_view> record = open_record(kTracksTable, name, bytes);
  if (!record) return damaged(kTracksTable, name);
  if (Status named = check_name(kTracksTable, name, name); !named)
    return tl::unexpected(named.error());
  const std::optional<CheckedMap> checked =
      check_map({reinterpret_cast<const std::uint8_t*>(record->data()), record->size()});
  if (!checked) return damaged(kTracksTable, name, "malformed");
  TrackExtent extent;
  std::uint64_t id = 0;
  bool has_points = false;
  PairWalk walk(checked->map.pairs, checked->map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    item::Cursor in(pair->value);
    std::uint64_t bits = 0;
    bool above_signed = false;
    if (!item::take_int(in, bits, above_signed)) continue;
    const bool is_count = pair->name == "main_points" || pair->name == "late_points";
    if (pair->name == "id") id = bits;
    has_points = has_points || (is_count && bits > 0);
    if (pair->name == "first") extent.first = static_cast<std::int64_t>(bits);
    if (pair->name == "last") extent.last = static_cast<std::int64_t>(bits);
  }
  const char* const fault = extent_fault(id, has_points, extent.first && extent.last);
  if (fault != nullptr) return damaged(kTracksTable, name, fault);
  extent.id = static_cast<std::uint32_t>(id);
  return extent;
}

std::string RunRecord::encode() const {
  Fields record{{"id", id},           {"start", start},   {"closed", closed},    {"host", host},
                {"version", version}, {"config", config}, {"metadata", metadata}};
  if (end) record.emplace_back("end", *end);
  return packed(kMetaTable, run_key(id), record);
}

Result<RunRecord> RunRecord::decode(std::string_view key, std::string_view bytes) {
  const Result<Fields> fields = unpacked(kMetaTable, key, bytes);
  if (!fields) return tl::unexpected(fields.error());
  RunRecord record;
  record.id = static_cast<std::uint32_t>(uint_field(*fields, "id"));
  record.start = float_field(*fields, "start");
  if (find_field(*fields, "end") != nullptr) record.end = float_field(*fields, "end");
  record.closed = bool_field(*fields, "closed");
  record.host = text_field(*fields, "host");
  record.version = text_field(*fields, "version");
  record.config = map_field(*fields, "config");
  record.metadata = map_field(*fields, "metadata");
  return record;
}

std::string encode_loss_key(const LossRecord& loss) {
  std::string out;
  put_be(out, loss.src);
  out += loss.track;
  out += '\0';
  put_be(out, ordered(loss.run_start_ns));
  return out;
}

std::string encode_loss(const LossRecord& loss) {
  return packed(kLossesTable, encode_loss_key(loss),
                {{"publisher", loss.publisher},
                 {"lost", loss.lost},
                 {"missed_before", loss.missed_before},
                 {"received", loss.received}});
}

Result<LossRecord> decode_loss(std::string_view key, std::string_view value) {
  if (key.size() < 8 + 1 + 8) return damaged(kLossesTable, key);
  const Result<Fields> fields = unpacked(kLossesTable, key, value);
  if (!fields) return tl::unexpected(fields.error());
  LossRecord record;
  record.src = get_be(key.substr(0, 8));
  record.track = key.substr(8, key.size() - 17);
  if (Status named = check_name(kLossesTable, key, record.track); !named)
    return tl::unexpected(named.error());
  record.run_start_ns = unordered(get_be(key.substr(key.size() - 8)));
  record.publisher = text_field(*fields, "publisher");
  record.lost = uint_field(*fields, "lost");
  record.missed_before = uint_field(*fields, "missed_before");
  record.received = uint_field(*fields, "received");
  return record;
}

std::string WriterRecord::encode() const {
  return packed(kMetaTable, kWriterKey,
                {{"pid", pid}, {"host", host}, {"node", node}, {"since", since}});
}

Result<WriterRecord> WriterRecord::decode(std::string_view bytes) {
  const Result<Fields> fields = unpacked(kMetaTable, kWriterKey, bytes);
  if (!fields) return tl::unexpected(fields.error());
  return WriterRecord{uint_field(*fields, "pid"), text_field(*fields, "host"),
                      text_field(*fields, "node"), float_field(*fields, "since")};
}

std::string BagRecord::encode() const {
  return packed(kMetaTable, kBagKey,
                {{"format", format}, {"creator", creator}, {"created", created}});
}

Result<BagRecord> BagRecord::decode(std::string_view bytes) {
  const Result<Fields> fields = unpacked(kMetaTable, kBagKey, bytes);
  if (!fields) return tl::unexpected(fields.error());
  const std::uint64_t format = uint_field(*fields, "format");
  if (format == 0) return damaged(kMetaTable, kBagKey, "the format is no whole number from 1 on");
  return BagRecord{format, text_field(*fields, "creator"), float_field(*fields, "created")};
}

std::string encode_unnamed_fate(const Fate& fate) {
  return packed(kMetaTable, kUnnamedFateKey, fate_fields(fate));
}

Result<Fate> decode_unnamed_fate(std::string_view bytes) {
  const Result<Fields> fields = unpacked(kMetaTable, kUnnamedFateKey, bytes);
  if (!fields) return tl::unexpected(fields.error());
  return fate_of(*fields);
}

Status verify_record(std::string_view table, std::string_view key, std::string_view value) {
  const auto status_of = [](const auto& record) -> Status {
    if (record) return {};
    return tl::unexpected(record.error());
  };
  if (table == kOrderTable) return status_of(OrderEntry::decode(key, value));
  if (table == kTracksTable) return status_of(TrackRecord::decode(key, value));
  if (table == kLossesTable) return status_of(decode_loss(key, value));
  if (table == kMetaTable) {
    if (key == kBagKey) return status_of(BagRecord::decode(value));
    if (key == kWriterKey) return status_of(WriterRecord::decode(value));
    if (key == kUnnamedFateKey) return status_of(decode_unnamed_fate(value));
    if (key.starts_with(kRunPrefix)) return status_of(RunRecord::decode(key, value));
  }
  return open_record(table, key, value) ? Status() : damaged(table, key);
}

std::string record_place(std::string_view table, std::string_view key) {
  std::string text = fmt::format("table {}, ", table);
  if (table == kOrderTable && key.size() == kOrderKeyBytes)
    return text +
           fmt::format("track {}, index {}", OrderEntry::track_of(key), get_be(key.substr(4)));
  if (const auto number = journal_number(key); number && table == kJournalTable)
    return text + fmt::format("{}", *number);
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", byte);
    }
  }
  return text;
}

std::string journal_key(std::uint64_t number) {
  std::string key;
  put_be(key, number);
  return key;
}

std::optional<std::uint64_t> journal_number(std::string_view key) {
  if (key.size() != sizeof(std::uint64_t)) return std::nullopt;
  return get_be(key);
}

std::string run_key(std::uint32_t id) { return fmt::format("{}{:06}", kRunPrefix, id); }

}  // namespace zbag
