#include "player/imports/rows_document.hpp"

#include <array>
#include <fstream>
#include <utility>

namespace zbag {
namespace {

constexpr std::string_view kOneTrack = "{\"entries\":[";
constexpr std::string_view kTracks = "{\"tracks\":{";

}  // namespace

std::optional<RowsDocument> RowsDocument::begun(std::string_view text) {
  if (text.starts_with(kOneTrack)) return RowsDocument(3);
  if (text.starts_with(kTracks)) return RowsDocument(5);
  return std::nullopt;
}

bool RowsDocument::is_begun_in(const std::string& path) {
  std::array<char, kOneTrack.size()> first{};
  std::ifstream file(path, std::ios::binary);
  file.read(first.data(), first.size());
  return begun({first.data(), static_cast<std::size_t>(file.gcount())}).has_value();
}

// Among rows there are rows alone, and nothing behind the end.
bool RowsDocument::is_foreign(char c) const {
  constexpr std::string_view kAmongRows = "{}[], \t\r\n";
  constexpr std::string_view kBefore = "{ \t\r\n";
  constexpr std::string_view kBehind = " \t\r\n";
  if (in_text_) return false;
  return (depth_ + 1 == depth_of_rows_ && kAmongRows.find(c) == std::string_view::npos) ||
         (depth_ == 0 && (has_ended_ ? kBehind : kBefore).find(c) == std::string_view::npos);
}

std::optional<RowsDocument::Piece> RowsDocument::next(std::string_view text) {
  const auto piece = [&](bool is_row) {
    const std::size_t end = std::exchange(at_, 0) + 1;
    return Piece{is_row, text.substr(begin_, end - begin_), end};
  };
  for (; at_ < text.size(); ++at_) {
    const char c = text[at_];
    if (is_foreign(c)) {
      has_foreign_ = true;
      return std::nullopt;
    }
    if (in_text_ && c == '\\') {
      if (at_ + 1 == text.size()) return std::nullopt;
      ++at_;
    } else if (c == '"') {
      in_text_ = !in_text_;
      if (is_name(depth_) && in_text_) begin_ = at_;
      if (is_name(depth_) && !in_text_) return piece(false);
    } else if (!in_text_ && (c == '{' || c == '[')) {
      if (++depth_ == depth_of_rows_) begin_ = at_;
    } else if (!in_text_ && (c == '}' || c == ']') && depth_ > 0) {
      const bool is_row = depth_ == depth_of_rows_;
      has_ended_ = --depth_ == 0;
      if (is_row) return piece(true);
    }
  }
  return std::nullopt;
}

}  // namespace zbag
