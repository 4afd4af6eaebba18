#include "recorder/bag/read/track_fields.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "recorder/bag/block/columns/value_taker.hpp"
#include "recorder/bag/read/group_walk.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/map_bytes.hpp"

namespace zbag {
namespace {

class FieldsMet {
 public:
  void take(Block& block) {
    if (const ColumnsBody* const body = block.columns()) return take_columns(*body);
    for (const StoredPoint& point : block.points()) take_row(point.map);
  }
  void take(const FieldNames& names, ColumnType type) {
    if (fields_.size() <= kLeafFieldsMax) fields_[names].insert(type);
  }

  Result<std::vector<TrackField>> all() && {
    if (fields_.size() > kLeafFieldsMax)
      return fail(ErrorCode::kUnsupported, fmt::format("more than {} fields", kLeafFieldsMax));
    std::vector<TrackField> all;
    for (auto& [names, types] : fields_) all.push_back({names, std::move(types)});
    return all;
  }

 private:
  void take_columns(const ColumnsBody& body) {
    if (body.columns() == columns_ && body.paths() == paths_) return;
    columns_ = body.columns();
    paths_ = body.paths();
    for (std::size_t i = 0; i < columns_.size(); ++i) take(body.names_of(i), columns_[i].type);
  }

  // A map that is malformed has no fields.
  void take_row(std::span<const std::uint8_t> bytes) {
    const ScanOutcome scan = scan_frame(bytes);
    const bool is_whole = !scan.refusal || *scan.refusal == Refusal::kBadTimestamp;
    if (is_whole) take_map(*open_map(bytes));
  }

  void take_map(const MapBytes& map) {
    PairWalk walk(map.pairs, map.count);
    while (const std::optional<PairBytes> pair = walk.next()) {
      around_.emplace_back(pair->name);
      if (const std::optional<MapBytes> inner = open_map(pair->value)) {
        take_map(*inner);
      } else {
        take(around_, type_of_value(item::Cursor(pair->value)));
      }
      around_.pop_back();
    }
  }

  std::map<FieldNames, std::set<ColumnType>> fields_;
  // Of the last block: the next one mostly has the same.
  std::vector<Column> columns_;
  std::vector<FieldPath> paths_;
  FieldNames around_;  // the map that is walked
};

// What the track's record calls a type; nullopt: only the points tell.
std::optional<ColumnType> type_named(std::string_view name) {
  static const std::map<std::string_view, ColumnType> kTypes = {
      {"nil", ColumnType::kNil},         {"bool", ColumnType::kBool},
      {"int", ColumnType::kInt},         {"float32", ColumnType::kFloat32},
      {"float64", ColumnType::kFloat64}, {"str", ColumnType::kText},
      {"bin", ColumnType::kBinary},      {"ext", ColumnType::kOther},
  };
  const auto found = kTypes.find(name);
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

// False: the record does not say all, as it knows maps and lists by their first element alone: what
// was empty first may be a list of anything later.
bool take_record(const TrackRecord& record, FieldsMet& met) {
  if (record.fields.size() >= kTrackFieldsMax) return false;
  for (const auto& [name, types] : record.fields) {
    for (const std::string& type : types) {
      const std::optional<ColumnType> known = type_named(type);
      if (!known) return false;
      met.take({name}, *known);
    }
  }
  return true;
}

Result<bool> read_record(BagFile& file, const std::string& track, FieldsMet& met) {
  const Result<std::unique_ptr<ReadTxn>> txn = file.read();
  if (!txn) return tl::unexpected(txn.error());
  const auto stored = (*txn)->get(file.tables().tracks, track);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return true;
  const Result<TrackRecord> record = TrackRecord::decode(track, **stored);
  if (!record) return tl::unexpected(record.error());
  return take_record(*record, met);
}

Status walk_blocks(const BagReader& reader, const std::string& track, TimeRange range,
                   FieldsMet& met) {
  Result<GroupWalk> walk = GroupWalk::open(reader.file(), track, range);
  if (!walk) return tl::unexpected(walk.error());
  while (!walk->is_done()) {
    const Result<BlockGroup> group = walk->load();
    if (!group && walk->skip_damage()) continue;
    if (!group) return tl::unexpected(group.error());
    for (const BlockGroup::Member& member : group->members) met.take(*member.block);
    walk->move_on(*group);
  }
  return {};
}

}  // namespace

Result<std::vector<TrackField>> read_track_fields(const BagReader& reader, const std::string& track,
                                                  TimeRange range) {
  const auto with_track = [&](const Error& error) {
    return fail(error.code,
                fmt::format("{}: track {}: {}", reader.file()->path(), track, error.message));
  };
  FieldsMet met;
  const bool is_all = range.first == TimeRange::all().first && range.last == TimeRange::all().last;
  if (is_all) {
    const Result<bool> is_known = read_record(*reader.file(), track, met);
    if (!is_known) return with_track(is_known.error());
    if (!*is_known) met = {};
    if (*is_known) return std::move(met).all();
  }
  if (Status status = walk_blocks(reader, track, range, met); !status)
    return tl::unexpected(status.error());
  Result<std::vector<TrackField>> all = std::move(met).all();
  if (!all) return with_track(all.error());
  return all;
}

}  // namespace zbag
