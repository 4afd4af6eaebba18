// Parquet, read by DuckDB: a track, whose fields are the columns.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "player/imports/file_track.hpp"
#include "player/imports/format_reader.hpp"
#include "player/imports/tables/cell_value.hpp"
#include "player/imports/tables/column_fields.hpp"
#include "player/imports/tables/parquet_table.hpp"
#include "player/imports/tables/table_stamps.hpp"
#include "player/imports/unlike_names.hpp"
#include "player/query/sql_text.hpp"
#include "schemas/item.hpp"
#include "schemas/quantity_text.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kOwnTime = "timestamp";
constexpr const char* kOwnKey = "_ts_ns";

// Whether a column of that type, as DuckDB calls it ("DECIMAL(20,3)", in lists and structs, too),
// may have numbers that neither an int of 64 bits nor a float64 holds.
bool has_long_decimals(std::string_view type) {
  constexpr int kDigitsOfDouble = 15;
  constexpr int kDigitsOfInt = 20;  // as exports of ours write unsigned ones
  constexpr std::string_view kDecimal = "DECIMAL(";
  for (std::size_t at = 0; (at = type.find(kDecimal, at)) != std::string_view::npos;) {
    at += kDecimal.size();
    int digits = 0;
    int behind_point = 0;
    const char* const end = type.data() + type.size();
    const auto [comma, error] = std::from_chars(type.data() + at, end, digits);
    if (error != std::errc() || comma == end || *comma != ',') continue;  // the name of a member
    if (std::from_chars(comma + 1, end, behind_point).ec != std::errc()) continue;
    if (digits > (behind_point > 0 ? kDigitsOfDouble : kDigitsOfInt)) return true;
  }
  return false;
}

class ParquetFile : public FormatReader {
 public:
  ParquetFile(ParquetFiles files, ParquetTable table, std::string track)
      : files_(std::move(files)),
        table_(std::move(table)),
        track_(std::move(track)),
        names_(table_.names()),
        types_(table_.types()) {}

  // The columns, and how many rows there are.
  Status open(const std::string& time_field) {
    Result<TimeColumns> time = find_time_columns(names_, time_field, table_.path());
    const auto stamps = std::ranges::find_if(
        types_, [](const std::string& type) { return type.starts_with("TIMESTAMP"); });
    if (!time && (!time_field.empty() || stamps == types_.end()))
      return tl::unexpected(time.error());
    time_ = time ? *time : TimeColumns{.column = static_cast<std::size_t>(stamps - types_.begin())};
    // Of a moment or of the time of a day, as an item.
    if (types_[time_.column].starts_with("TIME")) time_.unit = TimeUnit::kNanos;
    const auto key = std::ranges::find(names_, kOwnKey);
    if (names_[time_.column] == kOwnTime && key != names_.end() && !time_.nanos)
      key_ = static_cast<std::size_t>(key - names_.begin());
    for (std::size_t n = 0; n < names_.size(); ++n) {
      if (!time_.has(n) && key_ != n) columns_.push_back(n);
    }
    return table_.ask("SELECT count(*) FROM " + table_.sql(), [&](std::span<const ResultCell> row) {
      rows_ = parse_decimal(row[0].value_or("0")).value_or(0);
      return Status();
    });
  }

  Status read(ImportSink& sink) override {
    if (Status found = find_unit(sink); !found) return found;
    if (Status found = find_json(); !found) return found;
    note_decimals(sink);
    std::vector<std::string> fields;
    for (const std::size_t column : columns_) fields.push_back(names_[column]);
    if (names_[time_.column] == kOwnTime) {
      fields = names_before_export(std::move(fields));
    } else if (const std::string renamed = free_reserved(fields); !renamed.empty()) {
      sink.note(fmt::format("{}: {}", track_, renamed));
    }
    ColumnFields maps(fields);
    std::string map;
    std::vector<std::string_view> values(columns_.size());
    return table_.each_row(
        "SELECT * FROM " + table_.sql(), [&](std::span<const std::string_view> row) {
          ++row_;
          const std::optional<Timestamp> stamp = stamp_of_row(row);
          if (!stamp) {
            sink.refuse(
                fmt::format("{}: its {} is no time", place(), printable(names_[time_.column])));
            return Status();
          }
          for (std::size_t n = 0; n < columns_.size(); ++n) values[n] = row[columns_[n]];
          const std::vector<std::string> parsed = put_json(values);
          map.clear();
          maps.append_map(values, map);
          return sink.frame(track_, *stamp, bytes_of(map));
        });
  }

  std::string place() const override { return fmt::format("{}: row {}", table_.path(), row_); }
  std::optional<double> share() const override {
    return rows_ > 0 ? static_cast<double>(row_) / rows_ : 1.0;
  }

 private:
  void note_decimals(ImportSink& sink) const {
    for (std::size_t n = 0; n < names_.size(); ++n) {
      if (!has_long_decimals(types_[n])) continue;
      sink.note(fmt::format("{}: of {}, {}, what float64 holds is kept: 15 digits", track_,
                            printable(names_[n]), types_[n]));
    }
  }

  // Of numbers whose unit no name says.
  Status find_unit(ImportSink& sink) {
    if (time_.unit || types_[time_.column] == "VARCHAR") return {};
    const std::string sql = fmt::format("SELECT max(abs(TRY_CAST({} AS DOUBLE))) FROM {}",
                                        sql_name(names_[time_.column]), table_.sql());
    UnitGuess guess;
    Status asked = table_.ask(sql, [&](std::span<const ResultCell> row) {
      if (const auto largest = row[0] ? parse_decimal(*row[0]) : std::nullopt) guess.see(*largest);
      return Status();
    });
    time_.unit = guess.unit();
    // Whole numbers may be of anything.
    if (asked && (guess.unit() != TimeUnit::kSeconds || types_[time_.column].ends_with("INT") ||
                  types_[time_.column] == "INTEGER"))
      sink.note(fmt::format("{}: the times in {} are taken for {}, by their size", track_,
                            printable(names_[time_.column]), name_of(guess.unit())));
    return asked;
  }

  // `export` writes what is mixed, and lists of what is no number, as JSON.
  Status find_json() {
    bool is_ours = false;
    const std::string mark = fmt::format("SELECT count(*) FROM {} WHERE key = 'zbag.version'::BLOB",
                                         table_.metadata_sql());
    Status asked = table_.ask(mark, [&](std::span<const ResultCell> row) {
      is_ours = row[0] != "0";
      return Status();
    });
    if (!asked || !is_ours) return asked;
    for (std::size_t n = 0; n < columns_.size(); ++n) {
      if (types_[columns_[n]] != "VARCHAR") continue;
      const std::string name = sql_name(names_[columns_[n]]);
      asked =
          table_.ask(fmt::format("SELECT bool_and(starts_with({0}, '[') OR starts_with({0}, '{{')) "
                                 "FROM {1}",
                                 name, table_.sql()),
                     [&](std::span<const ResultCell> row) {
                       if (row[0] == "true") json_.push_back(n);
                       return Status();
                     });
      if (!asked) return asked;
    }
    return {};
  }

  // What the values that are JSON stand for now lies in what is returned.
  std::vector<std::string> put_json(std::vector<std::string_view>& values) const {
    std::vector<std::string> parsed(json_.size());
    for (std::size_t i = 0; i < json_.size(); ++i) {
      std::string_view& value = values[json_[i]];
      item::Cursor in(bytes_of(value));
      std::span<const std::uint8_t> text;
      if (!item::take_text(in, text) || !append_json_cell(text_of(text), parsed[i])) continue;
      value = parsed[i];
    }
    return parsed;
  }

  std::optional<Timestamp> stamp_of_row(std::span<const std::string_view> row) const {
    const std::string_view item = row[time_.column];
    const std::optional<CellNumber> number = number_of_item(item);
    if (time_.nanos) {
      const std::optional<CellNumber> nanos = number_of_item(row[*time_.nanos]);
      return number && nanos ? stamp_of(*number, *nanos) : std::nullopt;
    }
    if (!number) return stamp_of_text_item(item);
    const std::optional<CellNumber> key = key_ ? number_of_item(row[*key_]) : std::nullopt;
    const auto* const ns = key ? std::get_if<std::int64_t>(&*key) : nullptr;
    if (ns != nullptr) return stamp_beside_key(as_double(*number), *ns);
    return stamp_of(*number, time_.unit.value_or(TimeUnit::kSeconds));
  }

  const ParquetFiles files_;  // where the table lies
  ParquetTable table_;
  const std::string track_;
  const std::vector<std::string> names_;
  const std::vector<std::string> types_;  // as DuckDB calls them
  TimeColumns time_;
  std::optional<std::size_t> key_;    // of the exact time beside it, in our own
  std::vector<std::size_t> columns_;  // all others
  std::vector<std::size_t> json_;     // of these, in our own
  double rows_ = 0.0;
  std::uint64_t row_ = 0;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_parquet(const FoundRecording& recording,
                                                   const ImportOptions& options) {
  ParquetFiles files;
  Result<ParquetTable> table = files.open(recording.path);
  if (!table) return tl::unexpected(table.error());
  auto reader =
      std::make_unique<ParquetFile>(std::move(files), std::move(*table), file_track(recording));
  if (Status opened = reader->open(options.time_field); !opened)
    return tl::unexpected(opened.error());
  return reader;
}

}  // namespace zbag
