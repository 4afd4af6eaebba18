#include "player/imports/lerobot/episodes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "player/imports/json_line.hpp"
#include "player/imports/tables/cell_value.hpp"
#include "player/imports/tables/parquet_table.hpp"
#include "player/imports/text_lines.hpp"
#include "player/query/sql_text.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr const char* kLines = "meta/episodes.jsonl";
constexpr const char* kTables = "meta/episodes";
constexpr const char* kTaskLines = "meta/tasks.jsonl";
constexpr const char* kTaskTable = "meta/tasks.parquet";
constexpr std::size_t kTablesMax = 100'000;
constexpr std::size_t kTasksMax = 1u << 20;
constexpr std::size_t kTaskBytesMax = 64u << 20;  // of all
constexpr std::size_t kFaultsMax = 20;
constexpr double kSecondsMax = 1e8;  // of a video

// What a row of a table of episodes says, in this order; for each camera those of its video follow.
constexpr std::array kColumns = {"episode_index", "length", "data/chunk_index", "data/file_index"};
constexpr std::array kVideoColumns = {"chunk_index", "file_index", "from_timestamp"};

std::optional<std::uint64_t> count_of(std::string_view item) {
  const std::optional<std::int64_t> whole = int_of_item(item);
  if (!whole || *whole < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*whole);
}

std::optional<VideoPlace> place_of(std::span<const std::string_view> row) {
  const std::optional<std::uint64_t> chunk = count_of(row[0]);
  const std::optional<std::uint64_t> file = count_of(row[1]);
  const std::optional<CellNumber> from = number_of_item(row[2]);
  const double seconds = from ? as_double(*from) : -1.0;
  if (!chunk || !file || !(seconds >= 0.0 && seconds <= kSecondsMax)) return std::nullopt;
  return VideoPlace{*chunk, *file, seconds};
}

// A column as whole numbers, or as seconds; one that is not there is NULL.
std::string column_sql(const ParquetTable& table, const std::string& name, const char* type) {
  if (!table.column(name)) return fmt::format("CAST(NULL AS {})", type);
  return fmt::format("TRY_CAST({} AS {})", sql_name(name), type);
}

std::string text_of_item(std::string_view item) {
  item::Cursor in(bytes_of(item));
  std::span<const std::uint8_t> text;
  return item::take_text(in, text) ? std::string(text_of(text)) : std::string();
}

}  // namespace

std::vector<std::string> camera_keys(const SetInfo& info) {
  std::vector<std::string> keys;
  for (const SetFeature& feature : info.features) {
    if (feature.dtype == "video") keys.push_back(feature.key);
  }
  return keys;
}

Result<EpisodeList> EpisodeList::read(const SetFolder& folder, const SetInfo& info,
                                      const std::function<bool()>& goes_on) {
  EpisodeList list;
  list.cameras_ = camera_keys(info).size();
  Status read = info.has_file_per_episode ? list.read_lines(folder, info)
                                          : list.read_tables(folder, info, goes_on);
  if (read) read = list.read_tasks(folder, info.has_file_per_episode);
  if (!read) return tl::unexpected(read.error());
  if (list.episodes_.empty()) {
    if (!list.faults_.empty()) return tl::unexpected(list.faults_.front());
    return fail(ErrorCode::kDamaged, folder.name_of(info.has_file_per_episode ? kLines : kTables) +
                                         ": it names no episodes");
  }
  list.sort();
  return list;
}

const Episode* EpisodeList::find(std::int64_t number) const {
  const auto found = std::ranges::lower_bound(episodes_, number, {}, &Episode::number);
  return found != episodes_.end() && found->number == number ? &*found : nullptr;
}

std::optional<VideoPlace> EpisodeList::video(const Episode& episode, std::size_t camera) const {
  return places_[static_cast<std::size_t>(&episode - episodes_.data()) * cameras_ + camera];
}

const std::string* EpisodeList::task(std::int64_t number) const {
  const auto found = tasks_.find(number);
  return found != tasks_.end() ? &found->second : nullptr;
}

Result<std::string> EpisodeList::data_path(const SetInfo& info, const Episode& episode) const {
  const auto number = static_cast<std::uint64_t>(episode.number);
  return info.data_path->path({.episode_chunk = number / info.chunk_episodes,
                               .episode_index = number,
                               .chunk_index = episode.data_chunk,
                               .file_index = episode.data_file});
}

Result<std::string> EpisodeList::video_path(const SetInfo& info, const Episode& episode,
                                            const VideoPlace& place, const std::string& key) const {
  if (!info.video_path) return fail(ErrorCode::kDamaged, "meta/info.json has no video_path");
  const auto number = static_cast<std::uint64_t>(episode.number);
  return info.video_path->path({.episode_chunk = number / info.chunk_episodes,
                                .episode_index = number,
                                .chunk_index = place.chunk,
                                .file_index = place.file,
                                .video_key = key});
}

Status EpisodeList::unless_of_file(Status read) {
  if (read) return read;
  const ErrorCode code = read.error().code;
  const bool is_its_own = code == ErrorCode::kDamaged || code == ErrorCode::kNotFound ||
                          code == ErrorCode::kUnsupported;
  if (!is_its_own) return read;
  if (faults_.size() < kFaultsMax) faults_.push_back(std::move(read.error()));
  return {};
}

Status EpisodeList::add(const Episode& episode, const std::string& place) {
  if ((episodes_.size() + 1) * (cameras_ + 1) > kPlacesMax) {
    return fail(ErrorCode::kDamaged,
                fmt::format("{}: more episodes than are read ({} with {} cameras)", place,
                            episodes_.size(), cameras_));
  }
  episodes_.push_back(episode);
  return {};
}

// {"episode_index": 1, "tasks": ["..."], "length": 266}
Status EpisodeList::read_lines(const SetFolder& folder, const SetInfo& info) {
  const Result<std::string> path = folder.find(kLines);
  if (!path) return unless_of_file(tl::unexpected(path.error()));
  Result<TextLines> lines = TextLines::open(*path);
  if (!lines) return tl::unexpected(lines.error());
  while (true) {
    const Result<std::optional<std::string_view>> line = lines->next();
    if (!line) return unless_of_file(tl::unexpected(line.error()));
    if (!*line) return {};
    if ((*line)->find_first_not_of(" \t") == std::string_view::npos) continue;
    Status taken = unless_of_file(take_line(**line, lines->place(), info));
    if (!taken) return taken;
  }
}

Status EpisodeList::take_line(std::string_view line, const std::string& place,
                              const SetInfo& info) {
  const Result<Value> value = parse_json_line(line);
  if (!value) return fail(ErrorCode::kDamaged, fmt::format("{}: {}", place, value.error().message));
  const auto* const fields = value->get_if<Fields>();
  const auto* const number =
      fields != nullptr ? field_as<std::uint64_t>(*fields, "episode_index") : nullptr;
  if (number == nullptr || *number > static_cast<std::uint64_t>(INT64_MAX))
    return fail(ErrorCode::kDamaged, place + ": it has no episode_index");
  const Episode episode{.number = static_cast<std::int64_t>(*number),
                        .frames = uint_field(*fields, "length")};
  if (Status added = add(episode, place); !added) return added;
  for (std::size_t n = 0; n < cameras_; ++n)
    places_.push_back(VideoPlace{.chunk = *number / info.chunk_episodes, .file = *number});
  return {};
}

Status EpisodeList::read_tables(const SetFolder& folder, const SetInfo& info,
                                const std::function<bool()>& goes_on) {
  const std::vector<std::string> cameras = camera_keys(info);
  const Result<std::vector<std::string>> names = folder.parquet_files(kTables, kTablesMax);
  if (!names) return tl::unexpected(names.error());
  if (names->empty())
    return fail(ErrorCode::kDamaged, folder.name_of(kTables) + ": no file there says its episodes");
  ParquetFiles files;
  for (const std::string& name : *names) {
    if (goes_on && !goes_on()) return fail(ErrorCode::kClosed, folder.path() + ": stopped");
    if (Status read = unless_of_file(read_table(folder, files, name, cameras)); !read) return read;
  }
  return {};
}

Status EpisodeList::read_table(const SetFolder& folder, ParquetFiles& files,
                               const std::string& file, const std::vector<std::string>& cameras) {
  const Result<std::string> path = folder.find(file);
  if (!path) return tl::unexpected(path.error());
  Result<ParquetTable> table = files.open(*path);
  if (!table) return tl::unexpected(table.error());
  std::string columns;
  for (const char* const name : kColumns) {
    if (!table->column(name))
      return fail(ErrorCode::kDamaged, fmt::format("{}: it has no column {}", *path, name));
    columns += (columns.empty() ? "" : ", ") + column_sql(*table, name, "BIGINT");
  }
  for (const std::string& key : cameras) {
    for (const char* const name : kVideoColumns) {
      columns += ", " + column_sql(*table, fmt::format("videos/{}/{}", key, name),
                                   name == kVideoColumns.back() ? "DOUBLE" : "BIGINT");
    }
  }
  std::uint64_t rows = 0;
  return table->each_row(fmt::format("SELECT {} FROM {}", columns, table->sql()),
                         [&](std::span<const std::string_view> row) {
                           return take_row(row, fmt::format("{}: row {}", *path, ++rows));
                         });
}

Status EpisodeList::take_row(std::span<const std::string_view> row, const std::string& place) {
  const std::optional<std::uint64_t> number = count_of(row[0]);
  const std::optional<std::uint64_t> chunk = count_of(row[2]);
  const std::optional<std::uint64_t> file = count_of(row[3]);
  if (!number || !chunk || !file) {
    return unless_of_file(
        fail(ErrorCode::kDamaged, place + ": it does not say which episode, and where it lies"));
  }
  const Episode episode{.number = static_cast<std::int64_t>(*number),
                        .frames = count_of(row[1]).value_or(0),
                        .data_chunk = *chunk,
                        .data_file = *file};
  if (Status added = add(episode, place); !added) return added;
  for (std::size_t n = 0; n < cameras_; ++n)
    places_.push_back(place_of(row.subspan(kColumns.size() + n * kVideoColumns.size())));
  return {};
}

Status EpisodeList::read_tasks(const SetFolder& folder, bool are_lines) {
  return unless_of_file(are_lines ? read_task_lines(folder) : read_task_table(folder));
}

Status EpisodeList::add_task(std::optional<std::int64_t> number, const std::string& text,
                             const std::string& place) {
  if (!number) return fail(ErrorCode::kDamaged, place + ": it has no task_index");
  task_bytes_ += text.size();
  if (tasks_.size() == kTasksMax || task_bytes_ > kTaskBytesMax)
    return fail(ErrorCode::kDamaged, place + ": more tasks than are read, 64 MiB at most");
  tasks_.try_emplace(*number, text);
  return {};
}

// {"task_index": 0, "task": "..."}
Status EpisodeList::read_task_lines(const SetFolder& folder) {
  const Result<std::string> path = folder.find(kTaskLines);
  if (!path) return tl::unexpected(path.error());
  Result<TextLines> lines = TextLines::open(*path);
  if (!lines) return tl::unexpected(lines.error());
  while (true) {
    const Result<std::optional<std::string_view>> line = lines->next();
    if (!line) return tl::unexpected(line.error());
    if (!*line) return {};
    if ((*line)->find_first_not_of(" \t") == std::string_view::npos) continue;
    const Result<Value> value = parse_json_line(**line);
    if (!value) return lines->fault(ErrorCode::kDamaged, value.error().message);
    const auto* const fields = value->get_if<Fields>();
    if (fields == nullptr) return lines->fault(ErrorCode::kDamaged, "it is no task");
    Status added =
        add_task(int_field(*fields, "task_index"), text_field(*fields, "task"), lines->place());
    if (!added) return added;
  }
}

// The text is what pandas has for an index: a column `task`, or without a name.
Status EpisodeList::read_task_table(const SetFolder& folder) {
  const Result<std::string> path = folder.find(kTaskTable);
  if (!path) return tl::unexpected(path.error());
  ParquetFiles files;
  Result<ParquetTable> table = files.open(*path);
  if (!table) return tl::unexpected(table.error());
  const char* const text = table->column("task") ? "task" : "__index_level_0__";
  if (!table->column(text) || !table->column("task_index"))
    return fail(ErrorCode::kDamaged, *path + ": it has no columns task and task_index");
  std::uint64_t rows = 0;
  return table->each_row(
      fmt::format("SELECT {}, TRY_CAST({} AS VARCHAR) FROM {}",
                  column_sql(*table, "task_index", "BIGINT"), sql_name(text), table->sql()),
      [&](std::span<const std::string_view> row) {
        return add_task(int_of_item(row[0]), text_of_item(row[1]),
                        fmt::format("{}: row {}", *path, ++rows));
      });
}

// Of an episode that is there twice, the first counts.
void EpisodeList::sort() {
  std::vector<std::size_t> order(episodes_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t n) { return episodes_[n].number; });
  const auto end = std::unique(order.begin(), order.end(), [&](std::size_t one, std::size_t other) {
    return episodes_[one].number == episodes_[other].number;
  });
  if (end != order.end()) {
    faults_.push_back(
        {ErrorCode::kDamaged,
         fmt::format("meta/episodes: {} episodes are there twice", order.end() - end)});
  }
  order.erase(end, order.end());
  EpisodeList sorted;
  for (const std::size_t n : order) {
    sorted.episodes_.push_back(episodes_[n]);
    for (std::size_t camera = 0; camera < cameras_; ++camera)
      sorted.places_.push_back(places_[n * cameras_ + camera]);
  }
  episodes_ = std::move(sorted.episodes_);
  places_ = std::move(sorted.places_);
}

}  // namespace zbag
