// CSV, as table programs and libraries write it: a track, whose fields are the columns. It is read
// twice: what a column is of is known when all of it was seen.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "player/imports/file_track.hpp"
#include "player/imports/format_reader.hpp"
#include "player/imports/tables/cell_value.hpp"
#include "player/imports/tables/column_fields.hpp"
#include "player/imports/tables/csv_rows.hpp"
#include "player/imports/tables/table_stamps.hpp"
#include "player/imports/unlike_names.hpp"
#include "schemas/file_kind.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kOwnTime = "timestamp";

using Cells = std::span<const CsvRows::Cell>;

class CsvFile : public FormatReader {
 public:
  CsvFile(CsvRows rows, std::string track) : rows_(std::move(rows)), track_(std::move(track)) {}

  // The head.
  Status open(const std::string& path, const std::string& time_field) {
    const Result<std::optional<Cells>> head = rows_.next();
    if (!head) return tl::unexpected(head.error());
    if (!*head)
      return fail(ErrorCode::kDamaged,
                  path + ": an empty file: a row with the names of its columns is missing");
    if (rows_.breach() != nullptr) return rows_.fault(ErrorCode::kDamaged, rows_.breach());
    for (const CsvRows::Cell& cell : **head) names_.push_back(without_blanks(cell));
    renamed_ = make_unlike(names_, "column");
    Result<TimeColumns> time = find_time_columns(names_, time_field, rows_.place());
    if (!time) return tl::unexpected(time.error());
    time_ = *time;
    for (std::size_t n = 0; n < names_.size(); ++n) {
      if (!time_.has(n)) columns_.push_back(n);
    }
    guesses_.resize(columns_.size());
    return {};
  }

  Status read(ImportSink& sink) override {
    if (Status learnt = learn(); !learnt) return learnt;
    tell_of_time(sink);
    tell_of_texts(sink);
    ColumnFields maps(field_names(sink));
    std::string map;
    if (Status begun = begin(); !begun) return begun;
    while (true) {
      const Result<std::optional<Cells>> row = rows_.next();
      if (!row) return tl::unexpected(row.error());
      if (!*row) return {};
      const std::optional<Timestamp> stamp = check(**row, sink);
      if (!stamp) continue;
      put_values(**row);
      map.clear();
      maps.append_map(values_, map);
      if (Status taken = sink.frame(track_, *stamp, bytes_of(map)); !taken) return taken;
    }
  }

  std::string place() const override { return rows_.place(); }
  // It is read twice.
  std::optional<double> share() const override {
    return (rows_.share() + (has_learnt_ ? 1.0 : 0.0)) / 2.0;
  }

 private:
  static std::string without_blanks(const CsvRows::Cell& cell) {
    if (cell.is_quoted) return std::string(cell.text);
    const std::string_view text = cell.text;
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    return std::string(text.substr(begin, text.find_last_not_of(" \t") + 1 - begin));
  }

  std::vector<std::string> field_names(ImportSink& sink) const {
    std::vector<std::string> fields;
    for (const std::size_t column : columns_) fields.push_back(names_[column]);
    if (names_[time_.column] == kOwnTime) return names_before_export(std::move(fields));
    for (const std::string& renamed : {renamed_, free_reserved(fields)}) {
      if (!renamed.empty()) sink.note(fmt::format("{}: {}", track_, renamed));
    }
    return fields;
  }

  // In front of the first row.
  Status begin() {
    if (Status begun = rows_.rewind(); !begun) return begun;
    const Result<std::optional<Cells>> head = rows_.next();
    return head ? Status() : tl::unexpected(head.error());
  }

  // What the columns are of. Damage is left to who reads the second time.
  Status learn() {
    if (Status begun = begin(); !begun) return begun;
    while (true) {
      const Result<std::optional<Cells>> row = rows_.next();
      if (!row && row.error().code != ErrorCode::kDamaged) return tl::unexpected(row.error());
      if (!row || !*row) break;
      if (!is_whole(**row)) continue;
      for (std::size_t n = 0; n < columns_.size(); ++n) guesses_[n].see((**row)[columns_[n]].text);
      const std::string_view time = (**row)[time_.column].text;
      if (const std::optional<CellNumber> number = number_of_cell(time)) unit_.see(*number);
    }
    has_learnt_ = true;
    return {};
  }

  void tell_of_time(ImportSink& sink) {
    if (time_.unit || time_.nanos || unit_.unit() == TimeUnit::kSeconds) return;
    sink.note(fmt::format("{}: the times in {} are taken for {}, by their size", track_,
                          printable(names_[time_.column]), name_of(unit_.unit())));
  }

  // Of a column of numbers but for some cell.
  void tell_of_texts(ImportSink& sink) const {
    for (std::size_t n = 0; n < columns_.size(); ++n) {
      const ColumnGuess& guess = guesses_[n];
      if (guess.numbers() == 0 || !guess.is_text()) continue;
      sink.note(fmt::format("{}: {} is kept as texts, as {} in it is no number", track_,
                            printable(names_[columns_[n]]), printable(guess.odd_one())));
    }
  }

  // Programs write a separator behind the last cell, too.
  bool is_whole(Cells row) const {
    return rows_.breach() == nullptr && row.size() >= names_.size() &&
           std::ranges::all_of(row.subspan(names_.size()), &CsvRows::Cell::is_absent);
  }

  // When the row was; nullopt: it is refused.
  std::optional<Timestamp> check(Cells row, ImportSink& sink) {
    if (!is_whole(row)) {
      const std::string what =
          rows_.breach() != nullptr
              ? rows_.breach()
              : fmt::format("a row of {} cells, where the first row names {}{}", row.size(),
                            names_.size(), rows_.has_no_end() ? ": the file is cut off" : "");
      sink.refuse(fmt::format("{}: {}", place(), what));
      return std::nullopt;
    }
    const std::optional<Timestamp> stamp = stamp_of_row(row);
    if (!stamp) {
      sink.refuse(fmt::format("{}: {} in {} is no time; --time-field names another column", place(),
                              printable(row[time_.column].text), printable(names_[time_.column])));
    }
    return stamp;
  }

  std::optional<Timestamp> stamp_of_row(Cells row) const {
    const std::string_view text = row[time_.column].text;
    const std::optional<CellNumber> number = number_of_cell(text);
    if (time_.nanos) {
      const std::optional<CellNumber> nanos = number_of_cell(row[*time_.nanos].text);
      return number && nanos ? stamp_of(*number, *nanos) : std::nullopt;
    }
    if (number) return stamp_of(*number, time_.unit.value_or(unit_.unit()));
    const std::optional<double> seconds = iso_seconds(text);
    return seconds ? Timestamp::from_seconds(*seconds) : std::nullopt;
  }

  // REQUIRES: the row is whole.
  void put_values(Cells row) {
    items_.clear();
    ends_.clear();
    for (std::size_t n = 0; n < columns_.size(); ++n) {
      const CsvRows::Cell& cell = row[columns_[n]];
      const bool is_empty_text = cell.is_quoted && guesses_[n].is_text();
      if (!cell.text.empty() || is_empty_text)
        static_cast<void>(guesses_[n].append(cell.text, items_));
      ends_.push_back(items_.size());
    }
    put_views(items_, ends_, values_);
  }

  CsvRows rows_;
  const std::string track_;
  std::vector<std::string> names_;
  std::string renamed_;  // which of them are not as in the file
  TimeColumns time_;
  std::vector<std::size_t> columns_;  // all others
  std::vector<ColumnGuess> guesses_;  // of these
  UnitGuess unit_;
  bool has_learnt_ = false;
  // Of the row at hand, as MessagePack.
  std::string items_;
  std::vector<std::size_t> ends_;
  std::vector<std::string_view> values_;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_csv(const FoundRecording& recording,
                                               const ImportOptions& options) {
  Result<CsvRows> rows = CsvRows::open(recording.path, options.goes_on);
  if (!rows) return tl::unexpected(rows.error());
  auto file = std::make_unique<CsvFile>(std::move(*rows), file_track(recording));
  if (Status opened = file->open(recording.path, options.time_field); !opened)
    return tl::unexpected(opened.error());
  return file;
}

}  // namespace zbag
