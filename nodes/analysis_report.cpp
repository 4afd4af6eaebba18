#include "nodes/analysis_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "nodes/fit_text.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
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
    for (const auto& [name, value] : row) {
      widths_.push_back(std::max(name.size(), is_time(name) ? kTimeWidth : kNumberWidth));
      const bool is_last_text = &name == &row.back().first && value.get_if<std::string>();
      out_ += is_last_text ? "  " + name : right_aligned(name, widths_.back() + 2);
    }
    out_ += '\n';
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string text = cell_text(row[i].first, row[i].second);
    const bool is_last_text = i + 1 == row.size() && row[i].second.get_if<std::string>();
    out_ += is_last_text ? "  " + text : right_aligned(text, widths_[i] + 2);
  }
  out_ += '\n';
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
  drain(1);
}

}  // namespace zbag
