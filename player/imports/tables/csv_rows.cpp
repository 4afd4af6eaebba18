#include "player/imports/tables/csv_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace zbag {
namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";

}  // namespace

Result<CsvRows> CsvRows::open(const std::string& path, std::function<bool()> goes_on) {
  Result<InputFile> file = InputFile::open(path);
  if (!file) return tl::unexpected(file.error());
  CsvRows rows(std::move(*file), std::move(goes_on));
  if (Status begun = rows.rewind(); !begun) return tl::unexpected(begun.error());
  rows.find_separator();
  return rows;
}

Status CsvRows::rewind() {
  if (Status begun = file_.seek(0); !begun) return begun;
  buffer_.clear();
  at_ = 0;
  is_behind_cr_ = false;
  line_ = 1;
  row_line_ = 0;
  if (const Result<bool> filled = refill(); !filled) return tl::unexpected(filled.error());
  if (buffer_.starts_with(kMark)) at_ = kMark.size();
  return {};
}

// Replaces the buffer, all of which was read. False: there is nothing more.
Result<bool> CsvRows::refill() {
  constexpr std::size_t kPiece = 64u << 10;
  if (goes_on_ && !goes_on_()) return fault(ErrorCode::kClosed, "stopped");
  buffer_.resize(std::min<std::uint64_t>(kPiece, file_.left()));
  at_ = 0;
  if (buffer_.empty()) return false;
  Status read = file_.read({reinterpret_cast<std::uint8_t*>(buffer_.data()), buffer_.size()});
  if (!read) return tl::unexpected(read.error());
  return true;
}

void CsvRows::find_separator() {
  constexpr std::array kSeparators = {',', ';', '\t'};
  std::array<std::size_t, kSeparators.size()> counts{};
  bool in_quotes = false;
  for (const char c : std::string_view(buffer_).substr(at_)) {
    if (c == '"') in_quotes = !in_quotes;
    if (in_quotes) continue;
    if (c == '\n' || c == '\r') break;
    for (std::size_t n = 0; n < kSeparators.size(); ++n) counts[n] += c == kSeparators[n] ? 1 : 0;
  }
  separator_ =
      kSeparators[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
}

Result<std::optional<std::span<const CsvRows::Cell>>> CsvRows::next() {
  while (true) {
    const Result<bool> read = read_row();
    if (!read) return tl::unexpected(read.error());
    if (!*read) return std::nullopt;
    const bool is_blank =
        extents_.size() == 1 && texts_.empty() && !extents_[0].is_quoted && breach_ == nullptr;
    if (!is_blank) break;
  }
  cells_.clear();
  std::size_t begin = 0;
  for (const auto& [end, is_quoted] : extents_)
    cells_.push_back(
        {std::string_view(texts_).substr(std::exchange(begin, end), end - begin), is_quoted});
  return std::span<const Cell>(cells_);
}

// False: there is none any more.
Result<bool> CsvRows::read_row() {
  texts_.clear();
  extents_.clear();
  in_ = In::kBegin;
  is_quoted_ = false;
  breach_ = nullptr;
  has_no_end_ = false;
  bool is_begun = false;
  while (true) {
    if (at_ == buffer_.size()) {
      const Result<bool> filled = refill();
      if (!filled) return filled;
      if (!*filled) break;
    }
    if (std::exchange(is_behind_cr_, false) && buffer_[at_] == '\n') {
      ++at_;
      continue;
    }
    if (!std::exchange(is_begun, true)) row_line_ = line_;
    if (take(buffer_[at_++])) return true;
    take_run();
  }
  if (!is_begun) return false;
  if (in_ == In::kQuotes)
    return fail(ErrorCode::kDamaged, fmt::format("{}:{}: the file ends within quotes that begin "
                                                 "here",
                                                 file_.path(), quote_line_));
  has_no_end_ = true;
  end_cell();
  return true;
}

// True: it ends the row.
bool CsvRows::take(char c) {
  const bool ends_line = in_ != In::kQuotes && (c == '\n' || c == '\r');
  if (ends_line || c == '\n') ++line_;
  is_behind_cr_ = ends_line && c == '\r';
  if (in_ == In::kQuotes) {
    if (c == '"') {
      in_ = In::kBehindQuotes;
    } else {
      add({&c, 1});
    }
    return false;
  }
  if (c == separator_ || ends_line) {
    end_cell();
    return ends_line;
  }
  if (c == '"' && in_ == In::kBegin) {
    in_ = In::kQuotes;
    is_quoted_ = true;
    quote_line_ = line_;
    return false;
  }
  if (c == '"' && in_ == In::kBehindQuotes) {
    in_ = In::kQuotes;
    add("\"");
    return false;
  }
  if (in_ == In::kBehindQuotes) {
    breach_ = "there is text behind quotes that end";
    return false;
  }
  in_ = In::kPlain;
  add({&c, 1});
  return false;
}

// What follows and means nothing by itself.
void CsvRows::take_run() {
  if (in_ != In::kPlain && in_ != In::kQuotes) return;
  const char kEnd = in_ == In::kQuotes ? '"' : separator_;
  const char* const begin = buffer_.data() + at_;
  const char* const limit = buffer_.data() + buffer_.size();
  const char* const end =
      std::find_if(begin, limit, [kEnd](char c) { return c == kEnd || c == '\n' || c == '\r'; });
  add({begin, static_cast<std::size_t>(end - begin)});
  at_ += static_cast<std::size_t>(end - begin);
}

void CsvRows::add(std::string_view text) {
  if (texts_.size() + text.size() <= kRowBytesMax) {
    texts_ += text;
  } else {
    breach_ = "it has more than 64 MiB";
  }
}

void CsvRows::end_cell() {
  if (extents_.size() < kCellsMax) {
    extents_.push_back({texts_.size(), std::exchange(is_quoted_, false)});
  } else {
    breach_ = "it has more than 262144 cells";
  }
  in_ = In::kBegin;
}

std::string CsvRows::place() const { return fmt::format("{}:{}", file_.path(), row_line_); }

tl::unexpected<Error> CsvRows::fault(ErrorCode code, const std::string& what) const {
  return fail(code, fmt::format("{}: {}", place(), what));
}

}  // namespace zbag
