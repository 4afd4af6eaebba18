#include "nodes/row_printer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nodes/fit_text.hpp"
#include "nodes/number_text.hpp"
#include "schemas/csv_text.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Write = std::function<Status(std::string_view)>;

// Lines on their way out.
class Lines {
 public:
  explicit Lines(Write write) : write_(std::move(write)) {}
  std::string& text() { return text_; }
  Status end_line() {
    text_ += '\n';
    return text_.size() < kBytesMax ? Status() : flush();
  }
  Status flush() {
    Status written = text_.empty() ? Status() : write_(text_);
    text_.clear();
    return written;
  }

 private:
  static constexpr std::size_t kBytesMax = 64u << 10;
  const Write write_;
  std::string text_;
};

class TablePrinter : public RowPrinter {
 public:
  TablePrinter(Write write, std::optional<std::size_t> terminal_columns)
      : lines_(std::move(write)), terminal_columns_(terminal_columns) {}

  Status begin(const std::vector<ResultColumn>& columns) override {
    for (const ResultColumn& column : columns) {
      const std::string title = printable(column.name);
      titles_.push_back(title);
      widths_.push_back(std::min(columns_of(title), kCellColumns));
      is_number_.push_back(column.kind == ResultKind::kNumber);
    }
    return {};
  }

  Status add(std::span<const ResultCell> row) override {
    ++count_;
    if (terminal_columns_ && count_ > kTerminalRows) return {};
    std::vector<std::string> cells;
    for (const ResultCell& cell : row) {
      std::string text = cell ? printable(*cell) : "NULL";
      if (columns_of(text) > kCellColumns) text = fit(text, kCellColumns - 1) + "…";
      cells.push_back(std::move(text));
    }
    if (is_measured_) return write_row(cells);
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths_[i] = std::max(widths_[i], columns_of(cells[i]));
    first_.push_back(std::move(cells));
    return first_.size() < kRowsMeasured ? Status() : write_first();
  }

  Status end() override {
    Status written = write_first();
    const std::string last = last_line();
    if (written && !last.empty()) {
      lines_.text() += last;
      written = lines_.end_line();
    }
    return written ? lines_.flush() : written;
  }

 private:
  static constexpr std::string_view kGap = "  ";
  static constexpr std::size_t kCellColumns = 60;
  static constexpr std::size_t kRowsMeasured = 1'000;
  static constexpr std::uint64_t kTerminalRows = 40;

  // How many columns the terminal has room for; one at least.
  std::size_t columns_shown() const {
    if (!terminal_columns_) return titles_.size();
    std::size_t width = 0;
    std::size_t shown = 0;
    for (; shown < widths_.size(); ++shown) {
      width += widths_[shown] + (shown > 0 ? kGap.size() : 0);
      if (width > *terminal_columns_) break;
    }
    return std::max(shown, std::min<std::size_t>(1, widths_.size()));
  }

  std::string last_line() const {
    std::string left_out;
    if (terminal_columns_ && count_ > kTerminalRows)
      left_out = amount_text(count_ - kTerminalRows, "more row");
    if (shown_ < titles_.size()) {
      if (!left_out.empty()) left_out += ", ";
      left_out += amount_text(titles_.size() - shown_, "more column");
    }
    if (!left_out.empty()) return left_out + "; --format csv has all";
    return count_ == 1 ? std::string() : amount_text(count_, "row");
  }

  Status write_first() {
    if (std::exchange(is_measured_, true)) return {};
    shown_ = columns_shown();
    Status written = write_row(titles_);
    for (const auto& row : first_) {
      if (written) written = write_row(row);
    }
    first_.clear();
    return written;
  }

  Status write_row(const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < shown_; ++i) {
      const std::size_t width = std::max(widths_[i], columns_of(cells[i]));
      if (i > 0) line += kGap;
      line += is_number_[i] ? right_aligned(cells[i], width) : fit(cells[i], width);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines_.text() += line;
    return lines_.end_line();
  }

  Lines lines_;
  const std::optional<std::size_t> terminal_columns_;
  std::size_t shown_ = 0;  // of the columns, once they are measured
  std::vector<std::string> titles_;
  std::vector<std::size_t> widths_;
  std::vector<bool> is_number_;
  std::vector<std::vector<std::string>> first_;  // until they are measured
  bool is_measured_ = false;
  std::uint64_t count_ = 0;
};

class CsvPrinter : public RowPrinter {
 public:
  explicit CsvPrinter(Write write) : lines_(std::move(write)) {}

  Status begin(const std::vector<ResultColumn>& columns) override {
    for (std::size_t i = 0; i < columns.size(); ++i) put(i, columns[i].name);
    return end_row();
  }
  Status add(std::span<const ResultCell> row) override {
    for (std::size_t i = 0; i < row.size(); ++i) put(i, row[i]);
    return end_row();
  }
  Status end() override { return lines_.flush(); }

 private:
  void put(std::size_t at, const ResultCell& cell) {
    std::string& line = lines_.text();
    if (at > 0) line += ',';
    if (cell) append_csv_field(*cell, line);
  }
  Status end_row() {
    lines_.text() += '\r';
    return lines_.end_line();
  }

  Lines lines_;
};

// JSON has no words for them: as `cat` writes them.
void append_json_values(std::string_view json, std::string& out) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"-Infinity", "\"-inf\""}, {"Infinity", "\"inf\""}, {"NaN", "null"}};
  bool is_text = false;
  for (std::size_t at = 0; at < json.size();) {
    const std::string_view rest = json.substr(at);
    const auto* const word =
        is_text ? std::end(kWords)
                : std::find_if(std::begin(kWords), std::end(kWords),
                               [&](const auto& pair) { return rest.starts_with(pair.first); });
    if (word != std::end(kWords)) {
      out += word->second;
      at += word->first.size();
      continue;
    }
    const bool is_escape = is_text && rest[0] == '\\' && rest.size() > 1;
    if (rest[0] == '"') is_text = !is_text;
    out += rest.substr(0, is_escape ? 2 : 1);
    at += is_escape ? 2 : 1;
  }
}

class JsonPrinter : public RowPrinter {
 public:
  explicit JsonPrinter(Write write) : lines_(std::move(write)) {}

  Status begin(const std::vector<ResultColumn>& columns) override {
    columns_ = columns;
    return {};
  }
  Status add(std::span<const ResultCell> row) override {
    std::string& line = lines_.text();
    line += '{';
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += ',';
      write_json_text(columns_[i].name, line);
      line += ':';
      put(row[i], columns_[i].kind, line);
    }
    line += '}';
    return lines_.end_line();
  }
  Status end() override { return lines_.flush(); }

 private:
  static void put(const ResultCell& cell, ResultKind kind, std::string& out) {
    const bool is_text = kind == ResultKind::kText || kind == ResultKind::kBlob;
    if (!cell || *cell == "nan") {
      out += cell && is_text ? "\"nan\"" : "null";
    } else if (is_text || *cell == "inf" || *cell == "-inf") {
      write_json_text(*cell, out);
    } else if (kind == ResultKind::kNested || kind == ResultKind::kJson) {
      append_json_values(*cell, out);
    } else {
      out += *cell;
    }
  }

  Lines lines_;
  std::vector<ResultColumn> columns_;
};

}  // namespace

std::unique_ptr<RowPrinter> make_row_printer(ShownAs shown, Write write,
                                             std::optional<std::size_t> terminal_columns) {
  if (shown == ShownAs::kTable)
    return std::make_unique<TablePrinter>(std::move(write), terminal_columns);
  if (shown == ShownAs::kCsv) return std::make_unique<CsvPrinter>(std::move(write));
  return std::make_unique<JsonPrinter>(std::move(write));
}

}  // namespace zbag
