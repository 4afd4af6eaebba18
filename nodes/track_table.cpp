#include "nodes/track_table.hpp"

#include <algorithm>
#include <utility>

#include "nodes/number_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kNameTitle = "track";
constexpr std::size_t kGap = 2;         // columns between columns
constexpr std::size_t kNameMin = 12;    // columns that a name is worth more than a number
constexpr std::size_t kColumnsMin = 2;  // that stay where names are long
constexpr std::size_t kTailMin = 12;    // columns; fewer say nothing

std::string name_text(const std::string& name) {
  return track_name_fault(name) == nullptr ? name : printable(name);
}

}  // namespace

TrackCell count_cell(std::uint64_t count, Tone tone) {
  return {count_text(count), static_cast<double>(count), count > 0 ? tone : Tone::kPlain};
}

// Which columns are shown, and how wide.
struct TrackTable::Layout {
  std::vector<std::size_t> shown;   // indices of columns
  std::vector<std::size_t> widths;  // of these
  std::vector<std::string> names;   // the title's first
  std::optional<std::size_t> tail;  // its columns; nullopt: none

  std::size_t width_of_numbers() const {
    std::size_t sum = 0;
    for (const std::size_t width : widths) sum += kGap + width;
    return sum;
  }
};

TrackTable::TrackTable(std::vector<TrackColumn> columns, std::string tail_title)
    : columns_(std::move(columns)), tail_title_(std::move(tail_title)) {}

void TrackTable::add(const std::string& name, std::vector<TrackCell> cells, Tail tail) {
  rows_.push_back({name_text(name), std::move(cells), std::move(tail)});
}

void TrackTable::sort(std::optional<std::size_t> column, bool is_reversed) {
  const auto comes_first = [&](const Row& a, const Row& b) {
    if (column && a.cells[*column].order != b.cells[*column].order)
      return (a.cells[*column].order > b.cells[*column].order) != is_reversed;
    return a.name != b.name && (a.name < b.name) != (is_reversed && !column);
  };
  std::stable_sort(rows_.begin(), rows_.end(), comes_first);
}

std::vector<std::size_t> TrackTable::shown_columns(std::size_t width) const {
  return layout(width).shown;
}

std::size_t TrackTable::widest_cell(std::size_t column) const {
  std::size_t width = columns_of(columns_[column].title);
  for (const Row& row : rows_) width = std::max(width, columns_of(row.cells[column].text));
  return width;
}

TrackTable::Layout TrackTable::layout(std::optional<std::size_t> width) const {
  Layout layout;
  layout.names.emplace_back(kNameTitle);
  std::size_t widest = 0;
  for (const Row& row : rows_) layout.names.push_back(row.name);
  for (const std::string& name : layout.names) widest = std::max(widest, columns_of(name));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    layout.shown.push_back(i);
    layout.widths.push_back(widest_cell(i));
  }
  if (!width) {
    layout.names = told_apart(layout.names, widest);
    layout.tail = 1'000'000;
    return layout;
  }
  // The least that is worth saying goes until names have the room in which they differ.
  const auto room = [&] { return *width - std::min(*width, layout.width_of_numbers()); };
  const auto is_too_narrow = [&] {
    if (room() >= widest || layout.shown.empty()) return false;
    // Of two long names none may take the numbers off the screen: those get a mark instead.
    return room() < kNameMin ||
           (layout.shown.size() > kColumnsMin && !are_told_apart(layout.names, room()));
  };
  while (is_too_narrow()) {
    const auto least =
        std::min_element(layout.shown.begin(), layout.shown.end(),
                         [&](auto a, auto b) { return columns_[a].worth < columns_[b].worth; });
    layout.widths.erase(layout.widths.begin() + (least - layout.shown.begin()));
    layout.shown.erase(least);
  }
  layout.names = told_apart(layout.names, room());
  const std::size_t used = columns_of(layout.names.front()) + layout.width_of_numbers() + kGap;
  if (*width >= used + kTailMin) layout.tail = *width - used;
  return layout;
}

std::vector<Line> TrackTable::lines(std::optional<std::size_t> width) const {
  const Layout chosen = layout(width);
  std::vector<Line> lines;
  Line titles{{chosen.names.front(), Tone::kFaint}};
  const std::string gap(kGap, ' ');
  for (std::size_t i = 0; i < chosen.shown.size(); ++i)
    titles.push_back(
        {gap + right_aligned(columns_[chosen.shown[i]].title, chosen.widths[i]), Tone::kFaint});
  if (chosen.tail && !tail_title_.empty()) titles.push_back({gap + tail_title_, Tone::kFaint});
  lines.push_back(std::move(titles));
  for (std::size_t at = 0; at < rows_.size(); ++at) {
    const Row& row = rows_[at];
    Line line{{chosen.names[at + 1]}};
    for (std::size_t i = 0; i < chosen.shown.size(); ++i) {
      const TrackCell& cell = row.cells[chosen.shown[i]];
      line.push_back({gap + right_aligned(cell.text, chosen.widths[i]), cell.tone});
    }
    if (chosen.tail && row.tail) line.push_back({gap + row.tail(*chosen.tail)});
    lines.push_back(width ? cut(std::move(line), *width) : std::move(line));
  }
  return lines;
}

}  // namespace zbag
