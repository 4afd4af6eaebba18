#include "player/exports/binary_cells.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "player/columns/unused_name.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

// Leaves room for the number before it: file systems take 255 bytes.
constexpr std::size_t kExtensionBytesMax = 200;

bool is_harmless(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_';
}

}  // namespace

Result<std::string> BinaryCells::text_of(std::string_view column, std::uint64_t row,
                                         std::string_view bytes) {
  if (as_ == BinaryAs::kHex) return hex(bytes);
  if (as_ != BinaryAs::kFiles) return base64(bytes);
  const std::filesystem::path folder = std::filesystem::path(path_).replace_extension(".files");
  if (!files_) {
    Result<OutputTree> made = OutputTree::create(folder.string(), existing_);
    if (!made) return tl::unexpected(made.error());
    files_.emplace(std::move(*made));
  }
  const std::string name = fmt::format("{:06}.{}", row, extension_of(column));
  if (Status written = files_->write(name, bytes); !written) return tl::unexpected(written.error());
  return (folder.filename() / name).string();
}

// The column's name, so that `jpeg` is what it is taken for.
const std::string& BinaryCells::extension_of(std::string_view column) {
  const auto known = extensions_.find(column);
  if (known != extensions_.end()) return known->second;
  std::string name(column.substr(0, kExtensionBytesMax));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_harmless(c); }, '_');
  return extensions_.emplace(column, unused_name(std::move(name), taken_)).first->second;
}

Status BinaryCells::publish() {
  Status published = files_ ? files_->publish() : Status();
  is_published_ = files_ && published;
  return published;
}

void BinaryCells::take_back() {
  if (std::exchange(is_published_, false)) files_->take_back();
}

}  // namespace zbag
