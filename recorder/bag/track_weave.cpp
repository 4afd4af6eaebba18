#include "recorder/bag/track_weave.hpp"

#include <algorithm>

namespace zbag {

TrackWeave::TrackWeave(std::vector<FoundBlock> blocks) : blocks_(std::move(blocks)) {
  std::sort(blocks_.begin(), blocks_.end(),
            [](const FoundBlock& a, const FoundBlock& b) { return earliest(a) < earliest(b); });
}

// Of a late block with several points only the key is known before it is opened.
TrackWeave::Place TrackWeave::earliest(const FoundBlock& block) {
  const bool is_late = block.header.is_late();
  return {block.header.first, is_late, is_late ? 0 : block.header.first_ordinal};
}

TrackWeave::Place TrackWeave::Open::place() const {
  const StoredPoint& point = block.points()[at];
  const bool is_late = found.header.is_late();
  return {point.key, is_late, is_late ? point.index : found.header.first_ordinal + at};
}

namespace {

constexpr auto kComesLater = [](const auto& a, const auto& b) { return a->place() > b->place(); };

}  // namespace

void TrackWeave::open(const FoundBlock& found) {
  const std::size_t bytes = std::max<std::size_t>(found.header.raw_bytes, found.value.size());
  if (open_bytes_ + bytes > kOpenBytesMax && !open_.empty()) {
    unread_.push_back({found.header, "too many blocks overlap here"});
    return;
  }
  Result<Block> block = Block::open(found.value);
  if (!block) {
    unread_.push_back({found.header, block.error().message});
    return;
  }
  open_bytes_ += bytes;
  open_.push_back(std::make_unique<Open>(Open{found, std::move(*block)}));
  std::push_heap(open_.begin(), open_.end(), kComesLater);
}

std::optional<TrackWeave::Woven> TrackWeave::next() {
  // The block that lends the last point moves on only now.
  const auto put_back = [this](std::unique_ptr<Open> one) {
    if (++one->at < one->block.points().size()) {
      open_.push_back(std::move(one));
      std::push_heap(open_.begin(), open_.end(), kComesLater);
    } else {
      open_bytes_ -= std::max<std::size_t>(one->found.header.raw_bytes, one->found.value.size());
    }
  };
  if (given_) put_back(std::move(given_));
  while (next_block_ < blocks_.size() &&
         (open_.empty() || earliest(blocks_[next_block_]) <= open_.front()->place()))
    open(blocks_[next_block_++]);
  if (open_.empty()) return std::nullopt;
  const auto take = [this] {
    std::pop_heap(open_.begin(), open_.end(), kComesLater);
    std::unique_ptr<Open> one = std::move(open_.back());
    open_.pop_back();
    return one;
  };
  given_ = take();
  // Other states of the same point: the newest stays, the others move past it.
  while (!open_.empty() && open_.front()->place() == given_->place()) {
    std::unique_ptr<Open> other = take();
    if (other->found.newness() > given_->found.newness()) std::swap(other, given_);
    put_back(std::move(other));
  }
  const Place place = given_->place();
  return Woven{&given_->block.points()[given_->at], std::get<1>(place), std::get<2>(place)};
}

}  // namespace zbag
