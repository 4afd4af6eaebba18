#include "recorder/bag/upkeep/track_weave.hpp"

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
  const bool is_late = found.header.is_late();
  return {point().key, is_late, is_late ? point().index : found.header.first_ordinal + at};
}

// What was folded had another place before, but the same arrival.
bool TrackWeave::are_one(const Open& a, const Open& b) {
  if (a.place() == b.place()) return true;
  const auto arrival = [](const StoredPoint& point) {
    return std::tuple(point.key, point.wall_ns, point.mono_ns, point.has_src, point.src,
                      point.has_seq, point.seq);
  };
  return (a.found.header.is_folded() || b.found.header.is_folded()) &&
         arrival(a.point()) == arrival(b.point());
}

namespace {

constexpr auto kComesLater = [](const auto& a, const auto& b) { return a->place() > b->place(); };

}  // namespace

void TrackWeave::open(const FoundBlock& found) {
  if (found.header.count == 0) return;  // a border
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
         (open_.empty() || blocks_[next_block_].header.first <= open_.front()->point().key))
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
  std::vector<std::unique_ptr<Open>> others;
  while (!open_.empty() && open_.front()->point().key == given_->point().key) {
    std::unique_ptr<Open> other = take();
    if (!are_one(*other, *given_)) {
      others.push_back(std::move(other));
      continue;
    }
    if (other->found.newness() > given_->found.newness()) std::swap(other, given_);
    put_back(std::move(other));
  }
  for (std::unique_ptr<Open>& other : others) {
    open_.push_back(std::move(other));
    std::push_heap(open_.begin(), open_.end(), kComesLater);
  }
  const Place place = given_->place();
  return Woven{&given_->point(), std::get<1>(place), std::get<2>(place)};
}

}  // namespace zbag
