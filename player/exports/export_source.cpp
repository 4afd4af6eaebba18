#include "player/exports/export_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "player/columns/row_columns.hpp"
#include "recorder/bag/pages/each_entry.hpp"
#include "recorder/bag/read/column_append.hpp"
#include "recorder/bag/read/track_fields.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Of a chunk that is made of points.
constexpr std::size_t kChunkPointsMax = 4'096;
constexpr std::size_t kChunkBytesMax = 4u << 20;

std::vector<FieldNames> names_of(const std::vector<ExportField>& fields) {
  std::vector<FieldNames> names;
  for (const ExportField& field : fields) names.push_back(field.names);
  return names;
}

// Makes `known` what two bags know of one track.
void join(TrackRecord& known, const TrackRecord& other) {
  known.main_points += other.main_points;
  known.late_points += other.late_points;
  known.bytes += other.bytes;
  known.first = std::min(*known.first, *other.first);
  known.last = std::max(*known.last, *other.last);
  for (const auto& [field, types] : other.fields)
    known.fields[field].insert(types.begin(), types.end());
}

}  // namespace

ExportSource::ExportSource(Playlist& playlist, ExportChoice choice, Progress progress, Warn warn)
    : playlist_(playlist),
      choice_(std::move(choice)),
      progress_(std::move(progress)),
      warn_(std::move(warn)) {
  for (const BagSummary& bag : playlist_.summaries()) {
    for (const TrackRecord& track : bag.tracks) {
      const BagReader::Selection& selection = choice_.selection;
      const bool has_points = track.first && selection.range.overlaps(*track.first, *track.last);
      if (!has_points || !selection.takes_track(track.name)) continue;
      const auto [known, is_new] = tracks_.try_emplace(track.name, track);
      if (!is_new) join(known->second, track);
    }
  }
}

std::vector<std::string> ExportSource::track_names() const {
  std::vector<std::string> names;
  for (const auto& [name, track] : tracks_) names.push_back(name);
  return names;
}

std::string ExportSource::track_asked_for() const {
  for (const BagSummary& bag : bags()) {
    for (const TrackRecord& track : bag.tracks) {
      if (choice_.selection.takes_track(track.name)) return track.name;
    }
  }
  return {};
}

Status ExportSource::each_point(const Take& take) {
  return read(choice_.selection, choice_.limit, take);
}

Status ExportSource::each_point_of(const std::string& track, const Take& take) {
  tell_of_damaged_tracks();
  if (Status found = find_shares(); !found) return found;
  const std::uint64_t share = choice_.limit > 0 ? (*shares_)[track] : 0;
  if (choice_.limit > 0 && share == 0) return {};
  BagReader::Selection selection = choice_.selection;
  selection.track = track;
  return read(selection, share, take);
}

// `points_max`: 0 is all.
Status ExportSource::read(const BagReader::Selection& selection, std::uint64_t points_max,
                          const Take& take) {
  if (Status status = playlist_.select(selection); !status) return status;
  IntactPoints points(playlist_, warn_);
  for (std::uint64_t taken = 0; points_max == 0 || taken < points_max;) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) break;
    if (is_wanted(**point)) {
      if (Status status = take(**point); !status) return status;
      ++taken;
      ++report_.points;
    }
    if (progress_ && !progress_(report_.points)) return fail(ErrorCode::kClosed, "stopped");
  }
  report_.left_out += points.points_left_out();
  return {};
}

Fields ExportSource::schema_of(const std::string& track) const {
  const std::string name = "_sys/schema/" + track;
  Fields schema;
  for (const BagReader& reader : playlist_.readers()) {
    const Timestamp newest = Timestamp::from_ns(std::numeric_limits<std::int64_t>::max());
    auto point = reader.floor(name, newest);
    if (point && *point) schema = std::move((*point)->fields);
  }
  return schema;
}

Result<std::map<FieldNames, std::set<ColumnType>>> ExportSource::leaves_of(
    const std::string& track) const {
  std::map<FieldNames, std::set<ColumnType>> met;
  for (const BagReader& reader : playlist_.readers()) {
    const auto fields = read_track_fields(reader, track, choice_.selection.range);
    if (!fields) return tl::unexpected(fields.error());
    for (const TrackField& field : *fields)
      met[field.names].insert(field.types.begin(), field.types.end());
  }
  return met;
}

Result<std::vector<ExportField>> ExportSource::fields_of(const std::string& track) const {
  const auto met = leaves_of(track);
  if (!met) return tl::unexpected(met.error());
  std::set<std::string> own;
  for (const auto& [names, types] : *met) own.insert(names.front());
  RowColumns columns(track, own, choice_.columns, [this](const std::string& text) { note(text); });
  std::vector<ExportField> fields;
  for (const auto& [names, types] : *met) {
    if (std::optional<std::string> column = columns.column_of(names))
      fields.push_back({std::move(*column), names, kind_of(types)});
  }
  std::sort(fields.begin(), fields.end(),
            [](const ExportField& a, const ExportField& b) { return a.column < b.column; });
  return fields;
}

Status ExportSource::each_chunk_of(const std::string& track, const std::vector<ExportField>& fields,
                                   const TakeChunk& take) {
  if (const BagReader* const reader = only_reader_of(track)) {
    tell_of_damaged_tracks();
    return read_columns_of(
        *reader, {.track = track, .range = choice_.selection.range, .fields = names_of(fields)},
        take);
  }
  PointColumns columns(names_of(fields));
  const Status read = each_point_of(track, [&](const PointView& point) -> Status {
    columns.add(point);
    const bool is_full = columns.size() >= kChunkPointsMax || columns.bytes() >= kChunkBytesMax;
    return is_full ? take(columns.take()) : Status();
  });
  if (!read || columns.size() == 0) return read;
  return take(columns.take());
}

Status ExportSource::read_columns_of(const BagReader& reader, ColumnCursor::Selection selection,
                                     const TakeChunk& take) {
  Result<ColumnCursor> cursor = ColumnCursor::open(reader, std::move(selection));
  if (!cursor) return tl::unexpected(cursor.error());
  ColumnChunk chunk;
  while (true) {
    const Result<bool> is_more = cursor->next(chunk);
    if (!is_more) {
      const std::optional<BagCursor::Damage> damage = cursor->skip_damage();
      if (is_more.error().code != ErrorCode::kDamaged || !damage)
        return tl::unexpected(is_more.error());
      report_.left_out += std::max<std::uint64_t>(1, damage->points);
      note(is_more.error().message + "; " + damage->text());
      continue;
    }
    if (!*is_more) return {};
    if (Status status = take(chunk); !status) return status;
    report_.points += chunk.keys.size();
    if (progress_ && !progress_(report_.points)) return fail(ErrorCode::kClosed, "stopped");
  }
}

Status ExportSource::each_attachment(const TakeFile& take) const {
  for (const BagReader& reader : playlist_.readers()) {
    BagFile& bag = *reader.file();
    const Result<std::unique_ptr<ReadTxn>> txn = bag.read();
    if (!txn) return tl::unexpected(txn.error());
    Status taken =
        each_entry(**txn, bag.tables().attachments, {}, [&](const TableCursor::Item& item) {
          const auto content = open_record(kAttachmentsTable, item.key, item.value);
          if (content) return take(item.key, *content);
          note(fmt::format("{}: attachment {} is damaged and left out", bag.path(),
                           printable(item.key)));
          return Status();
        });
    if (!taken) return taken;
  }
  return {};
}

void ExportSource::leave_out(const std::string& track) {
  tracks_.erase(track);
  left_out_.insert(track);
}

const BagReader* ExportSource::only_reader_of(const std::string& track) const {
  if (choice_.where || choice_.limit > 0) return nullptr;
  const BagReader* only = nullptr;
  for (std::size_t i = 0; i < bags().size(); ++i) {
    for (const TrackRecord& known : bags()[i].tracks) {
      if (known.name != track) continue;
      if (only != nullptr) return nullptr;
      only = &playlist_.readers()[i];
    }
  }
  return only;
}

// REQUIRES: its map was validated.
bool ExportSource::is_wanted(const PointView& point) const {
  if (!left_out_.empty() && left_out_.contains(point.track)) return false;
  return !choice_.where || choice_.where->matches(*open_map(point.map), point.stamp());
}

Status ExportSource::find_shares() {
  if (choice_.limit == 0 || shares_) return {};
  shares_.emplace();
  if (Status status = playlist_.select(choice_.selection); !status) return status;
  IntactPoints points(playlist_, nullptr);  // what is damaged is told of when it is written
  for (std::uint64_t found = 0; found < choice_.limit;) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) break;
    if (!is_wanted(**point)) continue;
    ++(*shares_)[std::string((*point)->track)];
    ++found;
  }
  return {};
}

// Who reads track by track does not meet those that cannot be read.
void ExportSource::tell_of_damaged_tracks() {
  if (std::exchange(has_told_of_tracks_, true)) return;
  for (const BagSummary& bag : playlist_.summaries()) {
    for (const std::string& damage : bag.damaged_tracks) {
      ++report_.left_out;
      note(bag.path + ": " + damage + "; all its points are left out");
    }
  }
}

}  // namespace zbag
