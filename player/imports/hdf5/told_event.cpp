#include "player/imports/hdf5/told_event.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace zbag::hdf5::reading {
namespace {

constexpr std::size_t kTogether = 256u << 10;

}  // namespace

bool ToldWriter::tell(ToldHead head, std::string_view place, std::string_view first,
                      std::string_view second) {
  std::size_t n = 0;
  for (const std::string_view text : {place, first, second})
    head.sizes[n++] = static_cast<std::uint32_t>(text.size());
  waiting_.append(reinterpret_cast<const char*>(&head), sizeof head);
  waiting_.append(place).append(first).append(second);
  return waiting_.size() < kTogether || flush();
}

bool ToldWriter::flush() {
  std::string_view left = waiting_;
  while (!left.empty()) {
    const ssize_t written = ::write(pipe_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  waiting_.clear();
  return true;
}

Result<std::optional<ToldEvent>> ToldReader::next() {
  if (at_ > kTogether || at_ == buffer_.size()) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  ToldEvent event{};
  if (buffer_.size() - at_ < sizeof event.head) return std::optional<ToldEvent>();
  std::memcpy(&event.head, buffer_.data() + at_, sizeof event.head);
  std::size_t size = sizeof event.head;
  for (const std::uint32_t text : event.head.sizes) {
    if (text > kTextBytesMax) return fail(ErrorCode::kDamaged, "a text is too long");
    size += text;
  }
  if (buffer_.size() - at_ < size) return std::optional<ToldEvent>();
  std::string_view texts = std::string_view(buffer_).substr(at_ + sizeof event.head);
  std::size_t n = 0;
  for (std::string_view* const text : {&event.place, &event.first, &event.second}) {
    *text = texts.substr(0, event.head.sizes[n]);
    texts.remove_prefix(event.head.sizes[n++]);
  }
  at_ += size;
  return std::optional(event);
}

}  // namespace zbag::hdf5::reading
