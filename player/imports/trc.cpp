// TRC, as OpenSim has it (interop.md 7.2), of markers that cameras see. What programs differ in is
// taken as it comes: tabs, commas (of a table program) or blanks between cells, empty lines, cells
// behind the last marker, labels side by side, fewer rows than the head says.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "player/imports/file_track.hpp"
#include "player/imports/format_reader.hpp"
#include "player/imports/text_lines.hpp"
#include "player/imports/unlike_names.hpp"
#include "player/imports/utf8_text.hpp"
#include "schemas/put_item.hpp"
#include "schemas/quantity_text.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kMarkersMax = 8'192;  // as many as a kind has fields
constexpr std::size_t kSaidMax = 64;        // of the head, of which eight are known
constexpr std::size_t kAxes = 3;
constexpr std::size_t kInFront = 2;  // cells of a row in front of its markers: number and time
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

using CellTexts = std::vector<std::string_view>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\"";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// Replaces `cells`; a separator that is a blank stands for any number of them.
void put_cells(std::string_view line, char separator, CellTexts& cells) {
  if (separator == ' ') return put_words(line, cells);
  cells.clear();
  while (true) {
    const std::size_t end = line.find(separator);
    cells.push_back(trimmed(line.substr(0, end)));
    if (end == std::string_view::npos) return;
    line.remove_prefix(end + 1);
  }
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& byte : small) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return small;
}

bool is_blank(const CellTexts& cells) {
  return std::ranges::all_of(cells, [](std::string_view cell) { return cell.empty(); });
}

// NaN of an empty cell, and of one that says so; nullopt: it is no number.
std::optional<double> coordinate_of(std::string_view cell) {
  if (cell.empty() || lower(cell) == "nan") return kNaN;
  return parse_decimal(cell.front() == '+' ? cell.substr(1) : cell);
}

struct TrcHead {
  char separator = '\t';
  std::vector<std::pair<std::string, std::string>> said;  // DataRate, ... and their values
  std::vector<std::string> labels;                        // of markers, each unlike the others
  std::string unit;

  std::optional<double> number(std::string_view key) const {
    const auto found =
        std::ranges::find_if(said, [&](const auto& one) { return lower(one.first) == lower(key); });
    return found == said.end() ? std::nullopt : parse_decimal(found->second);
  }
};

// In the columns where they belong, x, y, z below each; or side by side, which some programs write.
std::vector<std::string> labels_of(const CellTexts& cells, std::size_t count) {
  std::vector<std::string> placed;
  std::vector<std::string> all;
  bool are_placed = true;
  for (std::size_t at = kInFront; at < cells.size(); ++at) {
    const bool has_place = (at - kInFront) % kAxes == 0;
    if (has_place && placed.size() < count) placed.emplace_back(cells[at]);
    if (cells[at].empty()) continue;
    all.emplace_back(cells[at]);
    are_placed = are_placed && has_place;
  }
  return are_placed && placed.size() == count ? placed : all;
}

class TrcFile : public FormatReader {
 public:
  TrcFile(TextLines lines, std::string track)
      : lines_(std::move(lines)), track_(std::move(track)) {}

  // The head, up to the labels.
  Status open() {
    CellTexts cells;
    Result<std::string_view> line = line_of_head("PathFileType");
    if (!line) return tl::unexpected(line.error());
    line = line_of_head("DataRate");
    if (!line) return tl::unexpected(line.error());
    head_.separator = line->find('\t') != std::string_view::npos  ? '\t'
                      : line->find(',') != std::string_view::npos ? ','
                                                                  : ' ';
    put_cells(*line, head_.separator, cells);
    cells.resize(std::min(cells.size(), kSaidMax));
    for (const std::string_view key : cells) head_.said.emplace_back(utf8_text(key), "");
    if (line = line_of_head(""); !line) return tl::unexpected(line.error());
    put_cells(*line, head_.separator, cells);
    for (std::size_t n = 0; n < std::min(cells.size(), head_.said.size()); ++n)
      head_.said[n].second = utf8_text(cells[n]);
    std::erase_if(head_.said, [](const auto& one) { return one.first.empty(); });
    for (const auto& [key, value] : head_.said) {
      if (lower(key) == "units") head_.unit = lower(value);
    }
    if (line = line_of_head("Frame"); !line) return tl::unexpected(line.error());
    return open_labels(*line);
  }

  Status read(ImportSink& sink) override {
    begin(sink);
    while (true) {
      if (!sink.goes_on()) return lines_.fault(ErrorCode::kClosed, "stopped");
      const Result<std::optional<std::string_view>> line = lines_.next();
      if (!line) return tl::unexpected(line.error());
      if (!*line) break;
      put_cells(**line, head_.separator, cells_);
      if (is_blank(cells_)) continue;
      if (Status taken = take_row(sink); !taken) return taken;
    }
    const std::optional<double> said = head_.number("NumFrames");
    if (said && *said != static_cast<double>(rows_)) {
      sink.note(fmt::format("{}: its head says {:.0f} frames, and it has {}", lines_.place(), *said,
                            rows_));
    }
    return {};
  }

  std::string place() const override { return lines_.place(); }
  std::optional<double> share() const override { return lines_.share(); }

 private:
  // The next one that is not empty. It begins with that word, or with any where there is none.
  Result<std::string_view> line_of_head(std::string_view word) {
    while (true) {
      const Result<std::optional<std::string_view>> line = lines_.next();
      if (!line) return tl::unexpected(line.error());
      if (!*line) return lines_.fault(ErrorCode::kDamaged, "a TRC file that ends within its head");
      const std::string_view text = trimmed(**line);
      if (text.find_first_not_of(" \t,") == std::string_view::npos) continue;
      if (lower(text.substr(0, word.size())) == lower(word)) return **line;
      return lines_.fault(ErrorCode::kDamaged,
                          fmt::format("no TRC file: a line that begins with {} is missing", word));
    }
  }

  Status open_labels(std::string_view line) {
    CellTexts cells;
    put_cells(line, head_.separator, cells);
    std::size_t used = cells.size();
    while (used > kInFront && cells[used - 1].empty()) --used;
    // So many there are at most where they lie side by side.
    const std::size_t at_most = used - std::min(used, kInFront);
    const double said = head_.number("NumMarkers").value_or(-1);
    if (at_most > kAxes * kMarkersMax || said > static_cast<double>(kMarkersMax))
      return lines_.fault(ErrorCode::kUnsupported,
                          fmt::format("more than {} markers", kMarkersMax));
    const auto placed = (at_most + kAxes - 1) / kAxes;
    head_.labels = labels_of(cells, said >= 0 ? static_cast<std::size_t>(said) : placed);
    if (head_.labels.empty()) return lines_.fault(ErrorCode::kDamaged, "it has no markers");
    if (said >= 0 && said != static_cast<double>(head_.labels.size())) {
      return lines_.fault(ErrorCode::kDamaged,
                          fmt::format("its head says {:.0f} markers, and {} have labels", said,
                                      head_.labels.size()));
    }
    if (head_.labels.size() > kMarkersMax)
      return lines_.fault(ErrorCode::kUnsupported,
                          fmt::format("more than {} markers", kMarkersMax));
    make_unlike(head_.labels, "marker");
    return {};
  }

  // What all rows have of their own, and what the track is.
  void begin(ImportSink& sink) {
    // As the kind calls them.
    map_name_ = head_.unit == "mm" ? "markers_mm" : "markers";
    if (head_.unit == "m" || head_.unit == "mm") {
      sink.kind(track_, "markers", {});
    } else {
      sink.note(
          fmt::format("track {}: the unit of its markers is {}, neither m nor mm: it is of no "
                      "kind yet (zbag schema BAG {} ./MINE.yaml)",
                      printable(track_), head_.unit.empty() ? "not said" : printable(head_.unit),
                      printable(track_)));
    }
    for (const auto& [key, value] : head_.said) {
      const std::optional<double> number = parse_decimal(value);
      if (!value.empty())
        sink.describe(fmt::format("{}.{}", track_, key), number ? Value(*number) : Value(value));
    }
  }

  // Lines in front of the first row say X1, Y1, Z1...
  Status take_row(ImportSink& sink) {
    const std::optional<double> number = parse_decimal(cells_.front());
    if (!number && rows_ == 0) return {};
    ++rows_;
    const std::size_t wanted = kInFront + kAxes * head_.labels.size();
    if (cells_.size() < wanted && lines_.has_no_end())
      return lines_.fault(ErrorCode::kDamaged, "the file is cut off");
    const std::optional<double> seconds =
        cells_.size() > 1 ? parse_decimal(cells_[1]) : std::nullopt;
    const std::optional<Timestamp> stamp =
        seconds ? Timestamp::from_seconds(*seconds) : std::nullopt;
    const bool has_more =
        cells_.size() > wanted &&
        std::ranges::any_of(cells_.begin() + static_cast<std::ptrdiff_t>(wanted), cells_.end(),
                            [](std::string_view cell) { return !cell.empty(); });
    if (cells_.size() < wanted || has_more) {
      sink.refuse(fmt::format("{}: a row of {} cells, where {} markers make {}", place(),
                              cells_.size(), head_.labels.size(), wanted));
      return {};
    }
    if (!number || !stamp) {
      sink.refuse(fmt::format("{}: a row without a number or a time", place()));
      return {};
    }
    if (!put_row(*number)) {
      sink.refuse(fmt::format("{}: a coordinate is no number", place()));
      return {};
    }
    return sink.frame(track_, *stamp, bytes_of(map_));
  }

  // REQUIRES: the row has all its cells. False: one of them is no number.
  bool put_row(double number) {
    map_.clear();
    const bool is_whole = number >= 0 && number < 1e15 && number == std::floor(number);
    item::append_item(map_, [&](std::uint8_t*& at) { item::put_map(at, is_whole ? 2 : 1); });
    if (is_whole) {
      item::append_text(map_, "frame");
      item::append_item(map_, [&](std::uint8_t*& at) {
        item::put_unsigned(at, static_cast<std::uint64_t>(number));
      });
    }
    item::append_text(map_, map_name_);
    item::append_item(map_, [&](std::uint8_t*& at) { item::put_map(at, head_.labels.size()); });
    for (std::size_t n = 0; n < head_.labels.size(); ++n) {
      item::append_text(map_, head_.labels[n]);
      item::append_item(map_, [](std::uint8_t*& at) { item::put_array(at, kAxes); });
      for (std::size_t axis = 0; axis < kAxes; ++axis) {
        const std::optional<double> value = coordinate_of(cells_[kInFront + kAxes * n + axis]);
        if (!value) return false;
        item::append_item(map_, [&](std::uint8_t*& at) {
          item::put_float64(at, std::bit_cast<std::uint64_t>(*value));
        });
      }
    }
    return true;
  }

  TextLines lines_;
  const std::string track_;
  TrcHead head_;
  std::string map_name_;
  CellTexts cells_;
  std::string map_;
  std::uint64_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_trc(const FoundRecording& recording,
                                               const ImportOptions&) {
  Result<TextLines> lines = TextLines::open(recording.path);
  if (!lines) return tl::unexpected(lines.error());
  auto file = std::make_unique<TrcFile>(std::move(*lines), file_track(recording));
  if (Status opened = file->open(); !opened) return tl::unexpected(opened.error());
  return file;
}

}  // namespace zbag
