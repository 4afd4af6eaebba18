#include "player/columns/table_metadata.hpp"

#include <algorithm>
#include <utility>

#include "schemas/track_name.hpp"

namespace zbag {

Result<TableMetadata> TableMetadata::discover(const BagReader& reader) {
  TableMetadata metadata(reader);
  if (Status found = metadata.refresh(); !found) return tl::unexpected(found.error());
  return metadata;
}

const TableMetadata::Table* TableMetadata::find(const std::string& track) {
  const auto found = tables_.find(track);
  ++(found == tables_.end() ? misses_ : hits_);
  return found == tables_.end() ? nullptr : &found->second;
}

const std::vector<TrackField>* TableMetadata::columns(const std::string& track) {
  const Table* const table = find(track);
  return table == nullptr ? nullptr : &table->columns;
}

std::optional<TableStats> TableMetadata::stats(const std::string& track) {
  const Table* const table = find(track);
  return table == nullptr ? std::nullopt : std::optional(table->stats);
}

std::vector<std::string> TableMetadata::tables() const {
  std::vector<std::string> names;
  for (const auto& [name, table] : tables_) names.push_back(name);
  return names;
}

Result<TableMetadata::Table> TableMetadata::read(const TrackRecord& record) const {
  Result<std::vector<TrackField>> columns = read_track_fields(*reader_, record.name);
  if (!columns) return tl::unexpected(columns.error());
  return Table{std::move(*columns), {record.total(), record.bytes}};
}

Status TableMetadata::refresh(const std::string& track) {
  const Result<BagSummary> summary = reader_->summary();
  if (!summary) return tl::unexpected(summary.error());
  const auto record = std::ranges::find(summary->tracks, track, &TrackRecord::name);
  if (record == summary->tracks.end()) {
    tables_.erase(track);
    return fail(ErrorCode::kNotFound, "there is no track " + printable(track));
  }
  Result<Table> table = read(*record);
  if (!table) return tl::unexpected(table.error());
  tables_.insert_or_assign(track, std::move(*table));
  return {};
}

Status TableMetadata::refresh() {
  const Result<BagSummary> summary = reader_->summary();
  if (!summary) return tl::unexpected(summary.error());
  if (!summary->damaged_tracks.empty())
    return fail(ErrorCode::kDamaged, summary->path + ": " + summary->damaged_tracks.front());
  std::map<std::string, Table> tables;
  for (const TrackRecord& record : summary->tracks) {
    Result<Table> table = read(record);
    if (!table) return tl::unexpected(table.error());
    tables.emplace(record.name, std::move(*table));
  }
  tables_ = std::move(tables);
  return {};
}

void TableMetadata::update(const std::string& track, Table table) {
  tables_.insert_or_assign(track, std::move(table));
}

std::size_t TableMetadata::clear() {
  const std::size_t known = tables_.size();
  tables_.clear();
  return known;
}

}  // namespace zbag
