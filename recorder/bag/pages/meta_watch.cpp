#include "recorder/bag/pages/meta_watch.hpp"

#include <unistd.h>

namespace zbag {

std::optional<MetaWatch::Page> MetaWatch::read_at(std::uint64_t offset) const {
  Page page{};
  const ssize_t got = ::pread(fd_, page.data(), page.size(), static_cast<off_t>(offset));
  return got == static_cast<ssize_t>(page.size()) ? std::optional(page) : std::nullopt;
}

// The newer page of two; nullopt where they are not two.
std::optional<MetaWatch::Newest> MetaWatch::read() const {
  const std::optional<Page> first = read_at(0);
  const std::optional<MetaPages> meta = first ? parse_meta_page(*first) : std::nullopt;
  if (!meta) return std::nullopt;
  const std::optional<Page> second = read_at(meta->page_bytes);
  const std::optional<MetaPages> other = second ? parse_meta_page(*second) : std::nullopt;
  if (!other) return std::nullopt;
  if (other->txn > meta->txn) return Newest{*second, *other, meta->page_bytes};
  return Newest{*first, *meta, 0};
}

void MetaWatch::note() {
  const std::optional<Newest> found = read();
  const MutexLock lock(mutex_);
  // A commit is one transaction more, or none where it had nothing to write.
  const bool can_be_ours = found && (!newest_ || found->meta.txn == newest_->meta.txn ||
                                     found->meta.txn == newest_->meta.txn + 1);
  if (can_be_ours) newest_ = found;
}

bool MetaWatch::is_ours() const {
  const MutexLock lock(mutex_);  // so that at most one commit is not noted yet
  if (!newest_ || !read()) return false;
  return read_at(newest_->offset) == newest_->bytes;
}

}  // namespace zbag
