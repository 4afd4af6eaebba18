#include "nodes/analysis_report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "nodes/fit_text.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"
#include "schemas/json_text.hpp"
#include "schemas/timestamp.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kDrainBytes = 1u << 16;
constexpr std::size_t kTimeWidth = 21;
constexpr std::size_t kNumberWidth = 12;

bool is_time(const std::string& name) {
  return name == "time" || name == "window_start" || name == "origin";
}

std::string cell_text(const std::string& name, const Value& value) {
  if (const auto* const number = value.get_if<double>())
    return is_time(name) ? seconds_text(*number) : fmt::format("{:.6g}", *number);
  if (const auto* const count = value.get_if<std::uint64_t>()) return count_text(*count);
  if (const auto* const whole = value.get_if<std::int64_t>()) return fmt::format("{}", *whole);
  if (const auto* const text = value.get_if<std::string>()) return printable(*text);
  if (const auto* const flag = value.get_if<bool>()) return *flag ? "true" : "false";
  return "-";
}

std::optional<std::size_t> terminal_columns() {
  const std::optional<TerminalSize> size = size_of_terminal(STDOUT_FILENO);
  return size ? std::optional(size->columns) : std::nullopt;
}

}  // namespace

bool AnalysisReport::is_read() { return std::ferror(stdout) == 0; }

void AnalysisReport::drain(std::size_t bytes_min) {
  if (out_.size() < bytes_min) return;
  print_text(out_);
  out_.clear();
}

void AnalysisReport::begin(const char* opening) {
  has_begun_ = true;
  if (!is_json_) return;
  write_json(Value(head_), out_);
  out_.back() = ',';  // of its closing brace
  out_ += "\"result\":";
  out_ += opening;
}

void AnalysisReport::row(const Fields& row) {
  const bool is_first = !has_begun_;
  if (is_first) begin("[");
  if (is_json_) {
    if (!is_first) out_ += ',';
    write_json(Value(row), out_);
    drain(kDrainBytes);
    return;
  }
  if (is_first) {
    std::vector<AnalysisTable::Column> columns;
    for (const auto& [name, value] : row)
      columns.push_back(
          {name, is_time(name) ? kTimeWidth : kNumberWidth, name == "group" || name == "range"});
    table_.emplace(std::move(columns), terminal_columns());
  }
  std::vector<std::string> cells;
  for (const auto& [name, value] : row) cells.push_back(cell_text(name, value));
  table_->add(std::move(cells), out_);
  drain(kDrainBytes);
}

void AnalysisReport::object(const Fields& object) {
  begin("");
  is_object_ = true;
  if (is_json_) {
    write_json(Value(object), out_);
    return;
  }
  std::size_t width = 0;
  for (const auto& [name, value] : object) width = std::max(width, name.size());
  for (const auto& [name, value] : object) {
    if (!value.is_nil())
      out_ += fmt::format("  {}  {}\n", fit(name, width), cell_text(name, value));
  }
}

void AnalysisReport::finish(const Fields& tail) {
  if (!has_begun_) begin("[");
  if (is_json_) {
    out_ += is_object_ ? "," : "],";
    std::string members;
    write_json(Value(tail), members);
    out_ += members.substr(1) + "\n";
  }
  if (table_) table_->end(out_);
  drain(1);
}

}  // namespace zbag
