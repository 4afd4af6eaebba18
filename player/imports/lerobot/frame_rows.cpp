#include "player/imports/lerobot/frame_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "player/imports/tables/cell_value.hpp"
#include "player/query/sql_text.hpp"

namespace zbag {
namespace {

// Of every set, in the order of the query.
constexpr std::array kPlaces = {"timestamp", "frame_index", "episode_index", "index", "task_index"};

std::optional<FrameRows::Row> row_of(std::span<const std::string_view> items) {
  const std::optional<CellNumber> timestamp = number_of_item(items[0]);
  const std::optional<std::int64_t> frame = int_of_item(items[1]);
  const std::optional<std::int64_t> episode = int_of_item(items[2]);
  const std::optional<std::int64_t> index = int_of_item(items[3]);
  if (!frame || !episode || !index || *episode < 0) return std::nullopt;
  return FrameRows::Row{
      .timestamp = timestamp ? as_double(*timestamp) : std::numeric_limits<double>::quiet_NaN(),
      .frame_index = *frame,
      .episode_index = *episode,
      .index = *index,
      .task_index = int_of_item(items[4]).value_or(-1),
      .values = items.subspan(kPlaces.size())};
}

}  // namespace

Result<FrameRows> FrameRows::open(ParquetFiles& files, const std::string& path) {
  Result<ParquetTable> table = files.open(path);
  if (!table) return tl::unexpected(table.error());
  FrameRows rows(std::move(*table));
  std::string columns;
  for (const char* const name : kPlaces) {
    if (!rows.table_.column(name))
      return fail(ErrorCode::kDamaged, fmt::format("{}: it has no column {}", path, name));
    columns += (columns.empty() ? "" : ", ") + sql_name(name);
  }
  for (const std::string& name : rows.table_.names()) {
    if (std::ranges::find(kPlaces, name) != kPlaces.end()) continue;
    rows.features_.push_back(name);
    columns += ", " + sql_name(name);
  }
  rows.query_ = fmt::format("SELECT {} FROM {}", columns, rows.table_.sql());
  return rows;
}

Status FrameRows::each(const std::function<Status(std::uint64_t number, const Row& row)>& take,
                       const std::function<void(std::uint64_t number)>& refuse) {
  std::uint64_t number = 0;
  return table_.each_row(query_, [&](std::span<const std::string_view> items) {
    ++number;
    const std::optional<Row> row = row_of(items);
    if (row) return take(number, *row);
    refuse(number);
    return Status();
  });
}

}  // namespace zbag
