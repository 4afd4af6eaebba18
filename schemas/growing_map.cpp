#include "schemas/growing_map.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr std::size_t kFew = 16;

std::size_t head_bytes(std::uint32_t count) {
  std::array<std::uint8_t, item::kHeadMax> head;
  std::uint8_t* at = head.data();
  item::put_map(at, count);
  return static_cast<std::size_t>(at - head.data());
}

std::span<const std::uint8_t> key_of(const PairBytes& pair) {
  return pair.pair.first(pair.pair.size() - pair.value.size());
}

}  // namespace

GrowingMap::GrowingMap(MapBytes first) {
  PairWalk walk(first.pairs, first.count);
  while (const std::optional<PairBytes> pair = walk.next()) add(*pair);
}

void GrowingMap::add(const PairBytes& pair) {
  entries_.push_back({pair, nullptr});
  bytes_ += pair.pair.size();
  if (entries_.size() <= kFew) return;
  const std::size_t unplaced = places_.empty() ? 0 : entries_.size() - 1;
  for (std::size_t i = unplaced; i < entries_.size(); ++i)
    places_.emplace(entries_[i].pair.name, i);
}

GrowingMap::Entry* GrowingMap::find(std::string_view name) {
  if (!places_.empty()) {
    const auto place = places_.find(name);
    return place == places_.end() ? nullptr : &entries_[place->second];
  }
  const auto it =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.pair.name == name; });
  return it == entries_.end() ? nullptr : &*it;
}

std::size_t GrowingMap::bytes_of(const Entry& entry) {
  if (entry.nested == nullptr) return entry.pair.pair.size();
  return key_of(entry.pair).size() + head_bytes(entry.nested->count()) + entry.nested->bytes_;
}

// The map that `later` is merged into; nullptr when its value is to be taken as one.
GrowingMap* GrowingMap::nested_of(Entry& entry, const PairBytes& later, Meets meets) {
  if (meets != Meets::kMerges || !open_map(later.value)) return nullptr;
  if (entry.nested != nullptr) return entry.nested.get();
  if (const std::optional<MapBytes> map = open_map(entry.pair.value))
    entry.nested = std::make_unique<GrowingMap>(*map);
  return entry.nested.get();
}

void GrowingMap::look_at(Entry& entry, const PairBytes& later, Meets meets, Prospect& prospect) {
  if (GrowingMap* const nested = nested_of(entry, later, meets)) {
    const Prospect inner = nested->look_at(*open_map(later.value), meets);
    prospect.differing += inner.differing;
    prospect.bytes += head_bytes(nested->count() + inner.added) - head_bytes(nested->count());
    prospect.bytes += inner.bytes - nested->bytes_;
    return;
  }
  if (entry.nested != nullptr || !same_value(entry.pair.value, later.value)) ++prospect.differing;
  if (meets != Meets::kStays) prospect.bytes += later.pair.size() - bytes_of(entry);
}

GrowingMap::Prospect GrowingMap::look_at(MapBytes later, Meets meets) {
  Prospect prospect{.bytes = bytes_};
  PairWalk walk(later.pairs, later.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (Entry* const entry = find(pair->name)) {
      look_at(*entry, *pair, meets, prospect);
    } else {
      prospect.bytes += pair->pair.size();
      ++prospect.added;
    }
  }
  return prospect;
}

void GrowingMap::take_in(MapBytes later, Meets meets) {
  PairWalk walk(later.pairs, later.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    Entry* const entry = find(pair->name);
    if (entry == nullptr) {
      add(*pair);
      continue;
    }
    if (meets == Meets::kStays) continue;
    bytes_ -= bytes_of(*entry);
    if (GrowingMap* const nested = nested_of(*entry, *pair, meets)) {
      nested->take_in(*open_map(pair->value), meets);
    } else {
      *entry = {*pair, nullptr};
    }
    bytes_ += bytes_of(*entry);
  }
}

void GrowingMap::append_to(std::string& pairs) const {
  pairs.reserve(pairs.size() + bytes_);
  for (const Entry& entry : entries_) {
    if (entry.nested == nullptr) {
      pairs.append(text_of(entry.pair.pair));
      continue;
    }
    pairs.append(text_of(key_of(entry.pair)));
    append_map({entry.nested->count(), {}}, pairs);
    entry.nested->append_to(pairs);
  }
}

}  // namespace zbag
