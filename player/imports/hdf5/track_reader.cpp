#include "player/imports/hdf5/track_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "player/imports/tables/cell_value.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag::hdf5::reading {
namespace {

std::vector<std::vector<std::string>> paths_of(const TrackPlan& plan) {
  std::vector<std::vector<std::string>> paths;
  for (const FieldPlan& field : plan.fields) paths.push_back(field.path);
  return paths;
}

std::size_t columns_of(const TrackPlan& plan) {
  std::size_t columns = plan.time.rest_set ? 2 : 1;
  for (const FieldPlan& field : plan.fields) {
    for (const ColumnPlan& column : field.columns) columns += column.valid ? 2 : 1;
  }
  return columns;
}

// The bytes of the text, or bin, that an item is.
std::string_view bytes_in(std::string_view item) {
  item::Cursor in(bytes_of(item));
  std::span<const std::uint8_t> bytes;
  const bool is_one = item::take_text(in, bytes) || item::take_binary(in, bytes);
  return is_one ? text_of(bytes) : std::string_view();
}

// The row at hand, which is a value.
Result<std::string> item_of(ColumnRows& rows, std::size_t row) {
  if (Status loaded = rows.load(row); !loaded) return tl::unexpected(loaded.error());
  std::string item;
  std::size_t left = 1;
  static_cast<void>(rows.append(left, item));
  return item;
}

}  // namespace

TrackReader::TrackReader(const SourceFile& file, const TrackPlan& plan, std::size_t values_max)
    : file_(&file),
      plan_(&plan),
      values_max_(values_max),
      unit_(plan.time.unit),
      maps_(paths_of(plan)) {}

Result<TrackReader> TrackReader::open(const SourceFile& file, const TrackPlan& plan,
                                      std::size_t values_max) {
  TrackReader reader(file, plan, values_max);
  const std::size_t bytes = kSlabBytes / columns_of(plan);
  if (Status opened = reader.open_times(bytes); !opened) return tl::unexpected(opened.error());
  if (Status opened = reader.open_fields(bytes); !opened) return tl::unexpected(opened.error());
  return reader;
}

Status TrackReader::open_times(std::size_t bytes) {
  const TimePlan& time = plan_->time;
  Result<ColumnRows> times = ColumnRows::open(*file_, time.set, time.shape, bytes);
  if (!times) return tl::unexpected(times.error());
  times_.emplace(std::move(*times));
  if (!time.rest_set) return {};
  Result<ColumnRows> rest = ColumnRows::open(*file_, *time.rest_set, time.rest_shape, bytes);
  if (!rest) return tl::unexpected(rest.error());
  rest_.emplace(std::move(*rest));
  return {};
}

Status TrackReader::open_fields(std::size_t bytes) {
  for (const FieldPlan& plan : plan_->fields) {
    Field field{.columns = {}, .is_apart = plan.is_apart, .constant = plan.constant};
    for (const ColumnPlan& column : plan.columns) {
      Result<ColumnRows> rows = ColumnRows::open(*file_, column.set, column.shape, bytes);
      if (!rows) return tl::unexpected(rows.error());
      std::optional<ColumnRows> valid;
      if (column.valid) {
        Result<ColumnRows> flags = ColumnRows::open(*file_, *column.valid, {}, bytes);
        if (!flags) return tl::unexpected(flags.error());
        valid.emplace(std::move(*flags));
      }
      field.columns.push_back({std::move(*rows), std::move(valid), column.as});
    }
    fields_.push_back(std::move(field));
  }
  return {};
}

std::string TrackReader::place() const {
  return fmt::format("{}, row {}", file_->place(plan_->object), row_ + 1);
}

Status TrackReader::read(ImportSink& sink) {
  if (!plan_->kind.empty()) sink.kind(plan_->track, plan_->kind, {});
  if (Status found = find_unit(sink); !found) return found;
  std::string map;
  for (row_ = 0; row_ < plan_->rows; ++row_) {
    const Result<std::optional<Timestamp>> at = stamp();
    if (!at) return tl::unexpected(at.error());
    if (!*at) {
      sink.refuse(fmt::format("{}: its {} is no time", place(), printable(plan_->time.set.name)));
      continue;
    }
    const Result<bool> are_whole = put_values();
    if (!are_whole) return tl::unexpected(are_whole.error());
    if (!*are_whole) {
      sink.refuse(fmt::format("{}: a value is not what it should be, or there are more than {}",
                              place(), values_max_));
      continue;
    }
    if (Status said = say_schema(**at, sink); !said) return said;
    map.clear();
    maps_.append_map(values_, map);
    if (Status taken = sink.frame(plan_->track, **at, bytes_of(map)); !taken) return taken;
  }
  return {};
}

// Once, where the track begins.
Status TrackReader::say_schema(Timestamp stamp, ImportSink& sink) {
  if (plan_->schema.empty() || std::exchange(has_said_, true)) return {};
  return sink.frame(schema_track(plan_->track), stamp, bytes_of(plan_->schema));
}

// Of numbers whose unit nothing says: by all of them.
Status TrackReader::find_unit(ImportSink& sink) {
  if (unit_ || plan_->time.rest_set || !plan_->time.set.type.is_number()) return {};
  UnitGuess guess;
  for (row_ = 0; row_ < plan_->rows; ++row_) {
    constexpr std::size_t kBetween = 1u << 12;
    if (row_ % kBetween == 0 && !sink.goes_on())
      return fail(ErrorCode::kClosed, file_->path() + ": stopped");
    const Result<std::string> item = item_of(*times_, row_);
    if (!item) return tl::unexpected(item.error());
    if (const auto number = number_of_item(*item)) guess.see(*number);
  }
  unit_ = guess.unit();
  if (unit_ != TimeUnit::kSeconds)
    sink.note(fmt::format("{}: the times are taken for {}, by their size",
                          file_->place(plan_->time.set.path), name_of(*unit_)));
  return {};
}

Result<std::optional<Timestamp>> TrackReader::stamp() {
  const Result<std::string> item = item_of(*times_, row_);
  if (!item) return tl::unexpected(item.error());
  const std::optional<CellNumber> number = number_of_item(*item);
  if (!rest_)
    return number ? stamp_of(*number, unit_.value_or(TimeUnit::kSeconds))
                  : stamp_of_text_item(*item);
  const Result<std::string> rest = item_of(*rest_, row_);
  if (!rest) return tl::unexpected(rest.error());
  const std::optional<CellNumber> behind = number_of_item(*rest);
  if (!number || !behind) return std::optional<Timestamp>();
  if (plan_->time.rest == TimePlan::Rest::kNanos) return stamp_of(*number, *behind);
  const auto* const ns = std::get_if<std::int64_t>(&*behind);
  return ns != nullptr ? stamp_beside_key(as_double(*number), *ns) : std::nullopt;
}

// False: one of them is none that a frame takes.
Result<bool> TrackReader::put_values() {
  items_.clear();
  ends_.clear();
  left_ = values_max_;
  for (Field& field : fields_) {
    Result<bool> is_whole = put_field(field);
    if (!is_whole || !*is_whole) return is_whole;
    ends_.push_back(items_.size());
  }
  put_views(items_, ends_, values_);
  return true;
}

Result<bool> TrackReader::put_field(Field& field) {
  if (field.columns.empty()) items_ += field.constant;
  if (!field.is_apart)
    return field.columns.empty() ? Result<bool>(true) : put(field.columns.front());
  // As many elements as there are.
  std::string around;
  std::swap(around, items_);
  std::size_t count = 0;
  for (Column& column : field.columns) {
    const std::size_t before = items_.size();
    Result<bool> is_whole = put(column);
    if (!is_whole || !*is_whole) return is_whole;
    count += items_.size() > before ? 1 : 0;
  }
  std::swap(around, items_);
  if (count == 0) return true;
  item::append_item(items_, [&](std::uint8_t*& at) { item::put_array(at, count); });
  items_ += around;
  return true;
}

// Nothing where the row has no value.
Result<bool> TrackReader::put(Column& column) {
  if (column.valid) {
    const Result<std::string> flag = item_of(*column.valid, row_);
    if (!flag) return tl::unexpected(flag.error());
    item::Cursor in(bytes_of(*flag));
    std::uint64_t is_there = 0;
    if (!item::take_bool(in, is_there) || is_there == 0) return true;
  }
  if (Status loaded = column.rows.load(row_); !loaded) return tl::unexpected(loaded.error());
  if (column.as == ColumnPlan::As::kBytes) {
    column.rows.append_bytes(items_);
    return true;
  }
  if (column.as == ColumnPlan::As::kValue) return column.rows.append(left_, items_);
  std::string item;
  if (!column.rows.append(left_, item)) return false;
  if (column.as == ColumnPlan::As::kJson) return append_json(bytes_in(item), items_);
  item::append_text(items_, bytes_in(item));
  return true;
}

}  // namespace zbag::hdf5::reading
