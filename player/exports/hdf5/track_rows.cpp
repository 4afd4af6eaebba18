#include "player/exports/hdf5/track_rows.hpp"

#include <algorithm>

#include "player/exports/export_records.hpp"

namespace zbag::hdf5 {
namespace {

// Of a chunk before compression: readers take whole chunks, and of each column one is in memory.
constexpr std::uint64_t kChunkBytes = 256u << 10;
constexpr std::uint64_t kChunkBytesMin = 16u << 10;
constexpr std::uint64_t kTrackBytes = 64u << 20;

std::uint64_t chunk_rows_of(const TrackPlan& plan, const RowType& row) {
  const std::uint64_t share = kTrackBytes / (plan.columns.size() + 1);
  const std::uint64_t bytes = std::clamp(share, kChunkBytesMin, kChunkBytes);
  const std::uint64_t rows_max = std::max<std::uint64_t>(1, plan.points_max);
  return std::clamp<std::uint64_t>(bytes / row.bytes(), 1, rows_max);
}

}  // namespace

std::vector<ExportField> TrackPlan::fields() const {
  std::vector<ExportField> fields;
  fields.reserve(columns.size());
  for (const TrackColumn& column : columns) fields.push_back(column.field);
  return fields;
}

Result<TrackRows> TrackRows::create(Group& run, const TrackPlan& plan) {
  Result<Group> group = run.child(plan.groups.front());
  for (std::size_t i = 1; group && i < plan.groups.size(); ++i)
    group = group->child(plan.groups[i]);
  if (!group) return tl::unexpected(group.error());
  constexpr RowType kSeconds{.element = Element::kFloat64};
  constexpr RowType kKeys{.element = Element::kInt64};
  Result<Dataset> seconds =
      group->dataset(kSecondsColumn, kSeconds, {.chunk_rows = chunk_rows_of(plan, kSeconds)});
  if (!seconds) return tl::unexpected(seconds.error());
  Result<Dataset> keys =
      group->dataset(kKeyColumn, kKeys, {.chunk_rows = chunk_rows_of(plan, kKeys)});
  if (!keys) return tl::unexpected(keys.error());
  TrackRows rows(plan, std::move(*group), std::move(*seconds), std::move(*keys));
  for (const auto& [data, unit] : {std::pair(&rows.seconds_, "s"), {&rows.keys_, "ns"}}) {
    if (Status said = data->set("unit", unit); !said) return tl::unexpected(said.error());
  }
  for (const TrackColumn& column : plan.columns) {
    Result<ColumnDataset> made = ColumnDataset::create(*rows.group_, column.name, column.form,
                                                       chunk_rows_of(plan, column.form.row));
    if (!made) return tl::unexpected(made.error());
    if (Status described = rows.describe(column, made->data()); !described)
      return tl::unexpected(described.error());
    rows.columns_.push_back(std::move(*made));
  }
  return rows;
}

// What one must know of a column who has nothing but the file.
Status TrackRows::describe(const TrackColumn& column, Dataset& data) const {
  std::vector<std::pair<const char*, std::string>> about;
  const bool is_own_name =
      column.field.names.size() == 1 && column.field.names.front() == column.name.name;
  if (!is_own_name) about.emplace_back("names", json_of(column.field.names));
  if (column.form.text == ColumnForm::Text::kJson) about.emplace_back("encoding", "json");
  if (column.form.text == ColumnForm::Text::kAsBytes) about.emplace_back("encoding", "text");
  if (column.meaning) {
    about.emplace_back("unit", column.meaning->unit);
    about.emplace_back("frame", column.meaning->frame);
    about.emplace_back("means", column.meaning->means);
    about.emplace_back("role", column.meaning->role);
  }
  for (const auto& [name, text] : about) {
    if (text.empty()) continue;
    if (Status said = data.set(name, text); !said) return said;
  }
  if (!column.field.element) return {};
  return data.set("element", static_cast<std::int64_t>(*column.field.element));
}

Status TrackRows::append(const ColumnChunk& chunk, std::vector<Cells>& cells, std::size_t first,
                         std::size_t count) {
  if (Status added = seconds_.append(chunk.seconds.data() + first, count); !added) return added;
  if (Status added = keys_.append(chunk.keys.data() + first, count); !added) return added;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (Status added = columns_[i].append(chunk.fields[i], cells[i], first, count); !added)
      return added;
  }
  if (count == 0) return {};
  if (!stamps_) stamps_.emplace(chunk.seconds[first], 0.0);
  stamps_->second = chunk.seconds[first + count - 1];
  return {};
}

Status TrackRows::finish() {
  if (Status said = group_->set("track", plan_.track); !said) return said;
  if (Status said = group_->set("points", static_cast<std::int64_t>(keys_.rows())); !said)
    return said;
  if (stamps_) {
    if (Status said = group_->set("first", stamps_->first); !said) return said;
    if (Status said = group_->set("last", stamps_->second); !said) return said;
  }
  for (const auto& [name, text] : plan_.about) {
    if (Status said = group_->set(name, text); !said) return said;
  }
  return {};
}

}  // namespace zbag::hdf5
