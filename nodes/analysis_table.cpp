#include "nodes/analysis_table.hpp"

#include <algorithm>
#include <utility>

#include "nodes/fit_text.hpp"
#include "nodes/number_text.hpp"

namespace zbag {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kRowsMeasured = 1'000;
constexpr std::size_t kTextMin = 12;    // columns that a text is worth more than a number
constexpr std::size_t kNumbersMin = 1;  // that stay where texts are long

}  // namespace

AnalysisTable::AnalysisTable(std::vector<Column> columns, std::optional<std::size_t> terminal)
    : columns_(std::move(columns)), terminal_(terminal) {
  Row& titles = held_.emplace_back();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    shown_.push_back(i);
    columns_[i].width = std::max(columns_[i].width, columns_of(columns_[i].title));
  }
}

void AnalysisTable::add(Row cells, std::string& out) {
  if (is_laid_out_) return put(cells, out);
  held_.push_back(std::move(cells));
  // Which texts are alike says the whole table: those who make one bound it.
  const bool is_enough = !columns_.back().is_text && held_.size() > kRowsMeasured;
  if (!terminal_ || is_enough) flush(out);
}

void AnalysisTable::end(std::string& out) {
  if (!is_laid_out_ && held_.size() > 1) flush(out);
  if (shown_.size() < columns_.size())
    out +=
        "  " + amount_text(columns_.size() - shown_.size(), "more column") + "; --json has all\n";
}

void AnalysisTable::flush(std::string& out) {
  if (terminal_) lay_out();
  is_laid_out_ = true;
  for (const Row& row : held_) put(row, out);
  held_.clear();
}

void AnalysisTable::lay_out() {
  std::vector<std::size_t> needed(columns_.size(), 0);
  for (const Row& row : held_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      needed[i] = std::max(needed[i], columns_of(row[i]));
  }
  const auto width = [&] {
    std::size_t sum = 0;
    for (const std::size_t i : shown_)
      sum += kGap + (columns_[i].is_text ? needed[i] : columns_[i].width);
    return sum;
  };
  const bool is_wide = width() > *terminal_;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (is_wide || columns_[i].width < needed[i]) columns_[i].width = needed[i];
  }
  const bool has_text = columns_.back().is_text;
  const std::size_t text = columns_.back().width;
  // What is left for the text.
  const auto room = [&] { return *terminal_ + text - std::min(width(), *terminal_ + text); };
  const auto is_too_wide = [&] {
    if (width() <= *terminal_) return false;
    return !has_text || room() < std::min(text, kTextMin);
  };
  while (shown_.size() > kNumbersMin + (has_text ? 1 : 0) && is_too_wide())
    shown_.erase(shown_.end() - (has_text ? 2 : 1));
  if (has_text && width() > *terminal_) cut_texts(room());
}

void AnalysisTable::cut_texts(std::size_t room) {
  std::vector<std::string> texts;
  for (const Row& row : held_) texts.push_back(row.back());
  texts = told_apart(texts, room);
  for (std::size_t i = 0; i < held_.size(); ++i)
    held_[i].back() = texts[i].substr(0, texts[i].find_last_not_of(' ') + 1);
}

void AnalysisTable::put(const Row& cells, std::string& out) const {
  for (const std::size_t i : shown_) {
    out.append(kGap, ' ');
    out += columns_[i].is_text ? cells[i] : right_aligned(cells[i], columns_[i].width);
  }
  out += '\n';
}

}  // namespace zbag
