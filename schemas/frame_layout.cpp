#include "schemas/frame_layout.hpp"

#include <algorithm>
#include <cstring>

#include "schemas/check.hpp"
#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"

namespace zbag {
namespace {

constexpr std::size_t kWordBytes = sizeof(std::uint64_t);

}  // namespace

ScanOutcome FrameLayout::scan(std::span<const std::uint8_t> bytes, std::uint32_t items_max) {
  if (size_ > 0 && bytes.size() == size_ && fits(bytes)) {
    ScanOutcome outcome{{}, scan_};
    if (recall(bytes, outcome.scan)) {
      ++served_;
      return outcome;
    }
  }
  ScanOutcome outcome = scan_frame(bytes, items_max);
  if (!outcome.refusal && bytes.size() <= kLayoutBytesMax && ++missed_ >= patience_)
    learn(bytes, outcome.scan);
  return outcome;
}

// Without a way out in the middle: the compiler makes vectors of it.
bool FrameLayout::fits(std::span<const std::uint8_t> bytes) const {
  const std::size_t whole = bytes.size() / kWordBytes;
  std::uint64_t differing = 0;
  for (std::size_t i = 0; i < whole; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i * kWordBytes, kWordBytes);
    differing |= (word ^ pattern_[i]) & mask_[i];
  }
  if (const std::size_t rest = bytes.size() % kWordBytes; rest > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + whole * kWordBytes, rest);
    differing |= (word ^ pattern_[whole]) & mask_[whole];
  }
  return differing == 0;
}

// The reserved fields of a frame that fits; false when only a scan can tell what is wrong.
bool FrameLayout::recall(std::span<const std::uint8_t> bytes, FrameScan& scan) const {
  const auto value = [&](Place place) { return bytes.subspan(place.at, place.length); };
  if (stamp_.length > 0 && !read_stamp(value(stamp_), scan)) return false;
  if (seq_.length > 0) scan.seq = read_unsigned(value(seq_));
  if (src_.length > 0) scan.src = read_unsigned(value(src_));
  return true;
}

void FrameLayout::learn(std::span<const std::uint8_t> bytes, const FrameScan& scan) {
  constexpr std::uint64_t kServedFew = 4;
  constexpr std::uint32_t kPatienceMax = 1024;
  patience_ = size_ == 0 || served_ - served_before_ >= kServedFew
                  ? 1
                  : std::min(2 * patience_, kPatienceMax);
  served_before_ = served_;
  missed_ = 0;

  size_ = bytes.size();
  const std::size_t words = (size_ + kWordBytes - 1) / kWordBytes;
  pattern_.assign(words, 0);
  mask_.assign(words, 0);
  std::memcpy(pattern_.data(), bytes.data(), size_);
  std::memset(mask_.data(), 0xff, size_);
  scan_ = scan;
  scan_.stamp = {};
  stamp_ = seq_ = src_ = {};
  const MapBytes map = *open_map(bytes);
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    const Place place{static_cast<std::uint32_t>(pair->value.data() - bytes.data()),
                      static_cast<std::uint32_t>(pair->value.size())};
    if (pair->name == "_ts") stamp_ = place;
    if (pair->name == "_seq" && scan.seq) seq_ = place;
    if (pair->name == "_src" && scan.src) src_ = place;
    if (pair->name != "_latch") loosen(pair->value, place.at);  // whose value the scan tells
  }
}

// Takes what may differ out of the mask: `value` lies at `at` in the frame.
void FrameLayout::loosen(std::span<const std::uint8_t> value, std::size_t at) {
  auto* const mask = reinterpret_cast<std::uint8_t*>(mask_.data()) + at;
  // The frame has passed a scan: one item follows the other, and containers are their heads.
  item::Cursor in(value);
  while (in.left() > 0) {
    std::uint8_t* const head = mask + (in.at - value.data());
    *head = item::kind_bits(*in.at);
    item::Type type = item::Type::kNever;
    std::uint32_t held = 0;
    ZBAG_CHECK(item::take_head(in, type, held));
    if (type == item::Type::kMap || type == item::Type::kArray) continue;
    std::memset(mask + (in.at - value.data()), 0, held);
    in.at += held;
  }
}

}  // namespace zbag
