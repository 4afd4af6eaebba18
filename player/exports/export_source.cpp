#include "player/exports/export_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "player/columns/array_columns.hpp"
#include "player/exports/intervals.hpp"
#include "recorder/bag/pages/each_entry.hpp"
#include "recorder/bag/read/column_append.hpp"
#include "recorder/bag/read/track_schema.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Of a chunk that is made of points.
constexpr std::size_t kChunkPointsMax = 4'096;
constexpr std::size_t kChunkBytesMax = 4u << 20;

std::vector<FieldNames> names_of(const std::vector<ExportField>& fields) {
  std::vector<FieldNames> names;
  names.reserve(fields.size());
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

// What is known of `tracks` as one on the clock of `clock`; nothing where they have not that.
std::map<std::string, TrackRecord> as_one(const std::map<std::string, TrackRecord>& tracks,
                                          const std::string& clock) {
  const auto found = tracks.find(clock);
  if (found == tracks.end()) return {};
  TrackRecord one = found->second;
  one.fields.clear();
  for (const auto& [name, track] : tracks) one.fields[name] = {"map"};
  return {{clock, std::move(one)}};
}

}  // namespace

ExportSource::ExportSource(Playlist& playlist, ExportChoice choice, Progress progress,
                           TakeRemark remark)
    : playlist_(playlist),
      choice_(std::move(choice)),
      progress_(std::move(progress)),
      remark_(std::move(remark)) {
  for (const BagSummary& bag : playlist_.summaries()) {
    for (const TrackRecord& track : bag.tracks) {
      const BagReader::Selection& selection = choice_.selection;
      const bool has_points =
          track.first && range_of(track.name).overlaps(*track.first, *track.last);
      if (!has_points || !selection.takes_track(track.name)) continue;
      const auto [known, is_new] = tracks_.try_emplace(track.name, track);
      if (!is_new) join(known->second, track);
    }
  }
  columns_ = choice_.columns;
  if (choice_.align) align(*choice_.align);
}

void ExportSource::align(Alignment alignment) {
  choice_.align = std::move(alignment);
  for (const auto& [name, track] : tracks_) aligned_.push_back(name);
  columns_ = columns_of_rows(choice_.columns, aligned_);
  tracks_ = as_one(tracks_, choice_.align->track);
}

Status ExportSource::check() const {
  if (!choice_.align || track_asked_for().empty()) return {};
  const std::string& clock = choice_.align->track;
  for (const BagSummary& bag : bags()) {
    for (const TrackRecord& track : bag.tracks) {
      if (track.name == clock && choice_.selection.takes_track(clock)) return {};
    }
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("no track {} among those that are chosen, whose clock is to be followed",
                          printable(clock)));
}

Status ExportSource::leave_out_without_points() {
  if (tracks_.size() < 2) return {};
  if (Status found = find_shares(); !found) return found;
  std::vector<std::string> without;
  for (const std::string& track : track_names()) {
    const Result<bool> has_some = has_points(track);
    if (!has_some) return tl::unexpected(has_some.error());
    if (!*has_some) without.push_back(track);
  }
  if (without.size() == tracks_.size()) return {};
  for (const std::string& track : without) {
    notice("tracks without a chosen point are left out", printable(track));
    leave_out(track);
  }
  return {};
}

// Or damage where points may be: who reads it all tells of that.
Result<bool> ExportSource::has_points(const std::string& track) const {
  if (shares_) return shares_->contains(track);
  const TimeRange& range = choice_.selection.range;
  const TrackRecord& known = tracks_.at(track);
  if (!choice_.where && range.contains(*known.first) && range.contains(*known.last)) return true;
  BagReader::Selection selection = choice_.selection;
  selection.track = track;
  if (Status status = playlist_.select(selection); !status) return tl::unexpected(status.error());
  bool is_damaged = false;
  IntactPoints points(playlist_, [&](const std::string&) { is_damaged = true; });
  while (true) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) return is_damaged;
    if (is_wanted(**point)) return true;
    if (progress_ && !progress_(0)) return fail(ErrorCode::kClosed, "stopped");
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

Result<std::optional<Kind>> ExportSource::kind_of(const std::string& track) const {
  for (const BagReader& reader : playlist_.readers()) {
    Result<std::optional<Kind>> kind = zbag::kind_of(reader, track);
    if (!kind || *kind) return kind;
  }
  return std::optional<Kind>();
}

Result<std::optional<OriginalSchema>> ExportSource::original_of(const std::string& track) const {
  for (const BagReader& reader : playlist_.readers()) {
    Result<std::optional<OriginalSchema>> original = zbag::original_of(reader, track);
    if (!original || *original) return original;
  }
  return std::optional<OriginalSchema>();
}

Result<std::optional<TrackSchema>> ExportSource::meaning_of(const std::string& track) const {
  for (const BagReader& reader : playlist_.readers()) {
    Result<std::optional<TrackSchema>> schema = zbag::schema_of(reader, track);
    if (!schema || *schema) return schema;
  }
  return std::nullopt;
}

void ExportSource::notice_of_name(const std::string& track, const std::string& field,
                                  const std::string& name) const {
  notice("fields under other names",
         fmt::format("{} of track {} is {}", printable(field), printable(track), printable(name)));
}

Status ExportSource::each_point(const Take& take) {
  if (choice_.align) return read_aligned(take);
  return read(choice_.selection, choice_.limit, take);
}

Status ExportSource::each_point_of(const std::string& track, const Take& take) {
  if (choice_.align) return read_aligned(take);
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
  const auto reading = phase_of(timer_, "read");
  if (Status status = playlist_.select(selection); !status) return status;
  std::uint64_t known = 0;
  IntactPoints points(playlist_,
                      [&](const std::string& text) { known += tell_once(text) ? 0 : 1; });
  for (std::uint64_t taken = 0; points_max == 0 || taken < points_max;) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) break;
    if (is_wanted(**point)) {
      const auto encoding = phase_of(timer_, "encode");
      if (Status status = take(**point); !status) return status;
      ++taken;
      ++report_.points;
    }
    if (progress_ && !progress_(report_.points)) return fail(ErrorCode::kClosed, "stopped");
  }
  report_.left_out += points.points_left_out() - known;
  return {};
}

Status ExportSource::read_aligned(const Take& take) {
  tell_of_damaged_tracks();
  if (tracks_.empty()) return {};
  const auto reading = phase_of(timer_, "read");
  std::uint64_t known = 0;
  Result<AlignedPoints> rows =
      AlignedPoints::open(playlist_.readers(),
                          {.tracks = aligned_,
                           .range = choice_.selection.range,
                           .is_wanted = [this](const PointView& point) { return is_wanted(point); },
                           .alignment = *choice_.align},
                          [&](const std::string& text) { known += tell_once(text) ? 0 : 1; });
  if (!rows) return tl::unexpected(rows.error());
  for (std::uint64_t taken = 0; choice_.limit == 0 || taken < choice_.limit; ++taken) {
    const Result<std::optional<PointView>> row = rows->next();
    if (!row) return tl::unexpected(row.error());
    if (!*row) break;
    const auto encoding = phase_of(timer_, "encode");
    if (Status status = take(**row); !status) return status;
    ++report_.points;
    if (progress_ && !progress_(report_.points)) return fail(ErrorCode::kClosed, "stopped");
  }
  report_.left_out += rows->points_left_out() - known;
  return {};
}

Status ExportSource::each_first_point_of(const std::string& track, const Take& take) const {
  for (const BagReader& reader : playlist_.readers()) {
    BagReader::Selection selection = choice_.selection;
    selection.track = track;
    Result<BagCursor> cursor = reader.cursor(selection);
    if (!cursor) return tl::unexpected(cursor.error());
    const Result<std::optional<PointView>> point = cursor->next();
    if (!point || !*point || !check_map((*point)->map)) continue;
    if (Status taken = take(**point); !taken) return taken;
  }
  return {};
}

Result<std::uint64_t> ExportSource::interval_of(const std::string& track) const {
  Intervals intervals;
  Status read = ahead().each_whole_chunk_of(track, {}, [&](const ColumnChunk& chunk) {
    for (const std::int64_t key : chunk.keys) intervals.add(key);
    return Status();
  });
  if (!read) return tl::unexpected(read.error());
  return intervals.median();
}

Status ExportSource::each_chunk_of(const std::string& track, const std::vector<ExportField>& fields,
                                   const TakeChunk& take) {
  if (!choice_.expands_arrays) return each_whole_chunk_of(track, names_of(fields), take);
  std::vector<FieldNames> names = names_of(fields);  // those of one list lie side by side
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return each_whole_chunk_of(track, names, [&](const ColumnChunk& whole) {
    ColumnChunk chunk{whole.keys, whole.seconds, {}};
    auto from = whole.fields.begin();
    for (const ExportField& field : fields) {
      if (from->names != field.names) ++from;
      chunk.fields.push_back(field.element ? element_of(*from, *field.element) : *from);
    }
    return take(chunk);
  });
}

Status ExportSource::each_whole_chunk_of(const std::string& track, std::vector<FieldNames> fields,
                                         const TakeChunk& take) {
  if (const BagReader* const reader = only_reader_of(track)) {
    tell_of_damaged_tracks();
    return read_columns_of(
        *reader, {.track = track, .range = choice_.selection.range, .fields = std::move(fields)},
        take);
  }
  PointColumns columns(std::move(fields));
  Status read = each_point_of(track, [&](const PointView& point) -> Status {
    columns.add(point);
    const bool is_full = columns.size() >= kChunkPointsMax || columns.bytes() >= kChunkBytesMax;
    return is_full ? take(columns.take()) : Status();
  });
  if (!read || columns.size() == 0) return read;
  return take(columns.take());
}

Status ExportSource::read_columns_of(const BagReader& reader, ColumnCursor::Selection selection,
                                     const TakeChunk& take) {
  const auto reading = phase_of(timer_, "read");
  Result<ColumnCursor> cursor = ColumnCursor::open(reader, std::move(selection));
  if (!cursor) return tl::unexpected(cursor.error());
  ColumnChunk chunk;
  while (true) {
    const Result<bool> is_more = cursor->next(chunk);
    if (!is_more) {
      const std::optional<BagCursor::Damage> damage = cursor->skip_damage();
      if (is_more.error().code != ErrorCode::kDamaged || !damage)
        return tl::unexpected(is_more.error());
      const bool is_new = tell_once(is_more.error().message + "; " + damage->text());
      if (is_new) report_.left_out += std::max<std::uint64_t>(1, damage->points);
      continue;
    }
    if (!*is_more) return {};
    const auto encoding = phase_of(timer_, "encode");
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
          warn(fmt::format("{}: attachment {} is damaged and left out", bag.path(),
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

void ExportSource::give_up(const std::string& track) {
  leave_out(track);
  ++report_.tracks_given_up;
}

const BagReader* ExportSource::only_reader_of(const std::string& track) const {
  if (choice_.align || choice_.where || choice_.limit > 0) return nullptr;
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

// Where the track's points lie that may be asked for.
TimeRange ExportSource::range_of(const std::string& track) const {
  const TimeRange& range = choice_.selection.range;
  const bool is_followed = choice_.align && track != choice_.align->track;
  return is_followed ? choice_.align->reach_of(range) : range;
}

// REQUIRES: its map was validated.
bool ExportSource::is_wanted(const PointView& point) const {
  if (!left_out_.empty() && left_out_.contains(point.track)) return false;
  return !choice_.where || choice_.where->matches(point.track, *open_map(point.map), point.stamp());
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

// Who reads track by track meets what is damaged of all tracks together at each of them.
bool ExportSource::tell_once(const std::string& damage) {
  const bool is_new = told_.insert(damage).second;
  if (is_new) warn(damage);
  return is_new;
}

// Who reads track by track does not meet those that cannot be read.
void ExportSource::tell_of_damaged_tracks() {
  if (std::exchange(has_told_of_tracks_, true)) return;
  for (const BagSummary& bag : playlist_.summaries()) {
    for (const std::string& damage : bag.damaged_tracks) {
      ++report_.left_out;
      warn(bag.path + ": " + damage + "; all its points are left out");
    }
  }
}

}  // namespace zbag
