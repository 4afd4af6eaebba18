// A value for each number that somebody goes by, of the `places` that were heard most recently.
//
// For what strangers choose: the number that was not heard for the longest gives its place to a new
// one. A Place stays valid, but may be another's by then: who keeps one compares its key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <unordered_map>

namespace zbag {

template <class T>
class MostRecent {
 public:
  struct Entry {
    std::uint64_t key = 0;
    T value = {};
  };
  using Place = typename std::list<Entry>::iterator;

  // REQUIRES: places > 0.
  explicit MostRecent(std::size_t places) : places_(places) {}

  // The place of `key`, made where it has none. `forget` is called with a value that goes for it.
  template <class Forget>
  Place hear(std::uint64_t key, Forget forget) {
    const auto known = by_key_.find(key);
    if (known != by_key_.end()) {
      hear_again(known->second);
      return known->second;
    }
    if (entries_.size() < places_) {
      entries_.emplace_front();
    } else {
      hear_again(std::prev(entries_.end()));
      forget(entries_.front().value);
      by_key_.erase(entries_.front().key);
    }
    entries_.front() = {key, T()};
    by_key_[key] = entries_.begin();
    return entries_.begin();
  }
  Place hear(std::uint64_t key) {
    return hear(key, [](T&) {});
  }
  void hear_again(Place place) { entries_.splice(entries_.begin(), entries_, place); }

  // nullptr: it has none. It is not heard by that.
  T* find(std::uint64_t key) {
    const auto known = by_key_.find(key);
    return known == by_key_.end() ? nullptr : &known->second->value;
  }
  const T* find(std::uint64_t key) const {
    const auto known = by_key_.find(key);
    return known == by_key_.end() ? nullptr : &known->second->value;
  }
  // The most recent first.
  const std::list<Entry>& entries() const { return entries_; }

 private:
  const std::size_t places_;
  std::list<Entry> entries_;
  std::unordered_map<std::uint64_t, Place> by_key_;
};

}  // namespace zbag
