#include "player/imports/hdf5/arena.hpp"

#include <algorithm>

namespace zbag::hdf5::reading {

void Arena::begin(std::size_t bytes_max) {
  blocks_.clear();
  left_ = bytes_max;
  used_ = 0;
  size_ = 0;
  is_full_ = false;
}

void* Arena::take(std::size_t bytes, void* arena) {
  return static_cast<Arena*>(arena)->take(bytes);
}

void* Arena::take(std::size_t bytes) {
  constexpr std::size_t kBlockBytes = 64u << 10;
  constexpr std::size_t kAligned = alignof(std::max_align_t);
  if (bytes > left_) {
    is_full_ = true;
    return nullptr;
  }
  bytes = (std::max<std::size_t>(bytes, 1) + kAligned - 1) / kAligned * kAligned;
  if (size_ - used_ < bytes) {
    size_ = std::max(kBlockBytes, bytes);
    used_ = 0;
    blocks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(size_));
    left_ -= std::min(left_, size_);
  }
  void* const taken = blocks_.back().get() + used_;
  used_ += bytes;
  return taken;
}

}  // namespace zbag::hdf5::reading
