#include "player/imports/text_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zbag {
namespace {

constexpr std::string_view kMark = "\xef\xbb\xbf";

}  // namespace

Result<TextLines> TextLines::open(const std::string& path) {
  Result<InputFile> file = InputFile::open(path);
  if (!file) return tl::unexpected(file.error());
  TextLines lines(std::move(*file));
  if (Status filled = lines.refill(); !filled) return tl::unexpected(filled.error());
  if (lines.buffer_.starts_with(kMark)) lines.at_ = kMark.size();
  return lines;
}

// What was read of the buffer leaves it.
Status TextLines::refill() {
  constexpr std::size_t kPiece = 64u << 10;
  buffer_.erase(0, std::exchange(at_, 0));
  const std::size_t before = buffer_.size();
  buffer_.resize(before + std::min<std::uint64_t>(kPiece, file_.left()));
  return file_.read(
      {reinterpret_cast<std::uint8_t*>(buffer_.data()) + before, buffer_.size() - before});
}

Result<std::optional<std::string_view>> TextLines::next() {
  for (std::size_t looked_at = 0;;) {  // of the line
    const std::size_t end = buffer_.find_first_of("\r\n", at_ + looked_at);
    const bool is_found = end != std::string::npos;
    const bool is_last = file_.left() == 0;
    // Behind a CR at the end of the buffer an LF may follow.
    if (is_found && (buffer_[end] == '\n' || end + 1 < buffer_.size() || is_last)) {
      const bool is_pair = buffer_.compare(end, 2, "\r\n") == 0;
      const std::size_t begin = std::exchange(at_, end + (is_pair ? 2 : 1));
      ++number_;
      return std::string_view(buffer_).substr(begin, end - begin);
    }
    if (is_last) break;
    looked_at = std::min(end, buffer_.size()) - at_;
    if (looked_at > kLineBytesMax) {
      ++number_;
      return fault(ErrorCode::kDamaged, fmt::format("a line of more than {} bytes", kLineBytesMax));
    }
    if (Status filled = refill(); !filled) return tl::unexpected(filled.error());
  }
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  if (rest.empty()) return std::nullopt;
  at_ = buffer_.size();
  has_no_end_ = true;
  ++number_;
  return rest;
}

std::string TextLines::place() const { return fmt::format("{}:{}", file_.path(), number_); }

tl::unexpected<Error> TextLines::fault(ErrorCode code, const std::string& what) const {
  return fail(code, fmt::format("{}: {}", place(), what));
}

void put_words(std::string_view line, std::vector<std::string_view>& words) {
  constexpr std::string_view kBlanks = " \t\v\f";
  words.clear();
  for (std::size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlanks, end);
  }
}

}  // namespace zbag
