#include "nodes/live_screen.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "nodes/live_area.hpp"
#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Rows that stay free above a table, for what is said.
constexpr std::size_t kRowsAbove = 4;

// The last column stays free: a terminal may begin a line behind it.
std::size_t columns_for_lines() {
  return size_of_terminal(STDERR_FILENO).value_or(TerminalSize{}).columns - 1;
}

live_area::DrawnLine drawn(Line line, std::size_t columns) {
  for (Piece& piece : line) piece.text = harmless(piece.text);  // before it is measured
  line = cut(std::move(line), columns);
  return {painted(line, STDERR_FILENO), columns_of(line)};
}

}  // namespace

StatusLine::StatusLine(bool quiet)
    : is_enabled_(!quiet && is_said(LogLevel::kInfo) && live_area::can_draw()) {}

StatusLine::~StatusLine() { clear(); }

void StatusLine::clear() {
  if (std::exchange(is_drawn_, false)) live_area::erase();
}

bool StatusLine::is_due() const {
  if (!is_enabled_) return false;
  return std::chrono::steady_clock::now() - drawn_at_ >= std::chrono::milliseconds(100);
}

void StatusLine::show(const Line& line, const std::vector<std::string>& hints) {
  if (!is_due()) return;
  drawn_at_ = std::chrono::steady_clock::now();
  is_drawn_ = true;
  const std::size_t columns = columns_for_lines();
  Line whole = line;
  for (const std::string& hint : hints) {
    if (columns_of(line) + columns_of(hint) > columns) continue;
    whole.push_back({hint, Tone::kFaint});
    break;
  }
  live_area::draw({drawn(std::move(whole), columns)});
}

void ProgressBar::show(double share) {
  if (!line_.is_due()) return;
  constexpr double kWidth = 32;
  share = std::clamp(share, 0.0, 1.0);
  const auto done = static_cast<std::size_t>(share * kWidth);
  const auto left = static_cast<std::size_t>(kWidth) - done;
  line_.show({{fmt::format("{} [{}{}] {:3.0f} %", label_, std::string(done, '#'),
                           std::string(left, '.'), share * 100.0)}});
}

void LiveTable::draw(std::vector<Line> head, TrackTable table, std::string keys) {
  head_ = std::move(head);
  table_ = std::move(table);
  keys_ = std::move(keys);
  if (live_area::can_draw()) {
    draw_in_place();
    return;
  }
  std::vector<Line> lines = table_.lines(std::nullopt);
  lines.insert(lines.begin(), head_.begin(), head_.end());
  for (const Line& line : lines) say_line_always(line);
}

void LiveTable::erase() {
  if (std::exchange(is_drawn_, false)) live_area::erase();
}

void LiveTable::on_key(Key key) {
  const std::size_t last = table_.size() - std::min(table_.size(), page_);
  switch (key) {
    case Key::kUp:
      first_ -= std::min<std::size_t>(first_, 1);
      break;
    case Key::kDown:
      first_ += 1;
      break;
    case Key::kPageUp:
      first_ -= std::min(first_, page_);
      break;
    case Key::kPageDown:
      first_ += page_;
      break;
    case Key::kHome:
      first_ = 0;
      break;
    case Key::kEnd:
      first_ = last;
      break;
    case Key::kSort:
      sort_by_next();
      break;
    case Key::kReverse:
      is_reversed_ = !is_reversed_;
      break;
    default:
      return;
  }
  first_ = std::min(first_, last);
  if (is_drawn_) draw_in_place();
}

// Of the columns that are shown, and the name behind the last.
void LiveTable::sort_by_next() {
  const std::vector<std::size_t> shown = table_.shown_columns(size_.columns - 1);
  const auto next = std::find_if(shown.begin(), shown.end(), [&](std::size_t column) {
    return !sorted_by_ || column > *sorted_by_;
  });
  sorted_by_ = next == shown.end() ? std::nullopt : std::optional(*next);
}

void LiveTable::follow_size() {
  const std::optional<TerminalSize> size = size_of_terminal(STDERR_FILENO);
  if (is_drawn_ && size && *size != size_) draw_in_place();
}

void LiveTable::draw_in_place() {
  const TerminalSize size = size_of_terminal(STDERR_FILENO).value_or(TerminalSize{});
  size_ = size;
  const std::size_t columns = size.columns - 1;
  const std::size_t taken = head_.size() + 2 + kRowsAbove;  // with the titles and the last line
  page_ = size.rows > taken + 1 ? size.rows - taken : 1;
  first_ = std::min(first_, table_.size() - std::min(table_.size(), page_));
  table_.sort(sorted_by_, is_reversed_);
  const std::vector<Line> lines = table_.lines(columns);
  std::vector<live_area::DrawnLine> shown;
  // Where there are less rows than that, nothing may scroll.
  const std::size_t head = std::min(head_.size(), size.rows - std::min<std::size_t>(size.rows, 4));
  for (std::size_t i = 0; i < head; ++i) shown.push_back(drawn(head_[i], columns));
  shown.push_back(drawn(lines.front(), columns));
  const std::size_t behind = std::min(first_ + page_, table_.size());
  for (std::size_t at = first_; at < behind; ++at) shown.push_back(drawn(lines[at + 1], columns));
  shown.push_back(drawn(foot(behind - first_), columns));
  if (shown.size() > size.rows) shown.resize(size.rows);
  is_drawn_ = true;
  live_area::draw(std::move(shown));
}

// "1-17 of 96 by lost  (s sort, r reverse, ↑↓ scroll, q ends)"
Line LiveTable::foot(std::size_t shown) const {
  const std::string by = (sorted_by_ ? table_.columns()[*sorted_by_].title : std::string("name")) +
                         (is_reversed_ ? ", reversed" : "");
  const std::string part =
      shown < table_.size()
          ? fmt::format("{}-{} of {}", first_ + 1, first_ + shown, table_.size())
          : fmt::format("{} {}", table_.size(), table_.size() == 1 ? "track" : "tracks");
  const char* const scrolls = shown < table_.size() ? ", ↑↓ scroll" : "";
  return {
      {fmt::format("{} by {}  (s sort, r reverse{}, {})", part, by, scrolls, keys_), Tone::kFaint}};
}

}  // namespace zbag
