// A map that takes in the pairs of others, as bytes: what the frames of one stamp become.
//
// Guarantee: taking a map in costs as much as walking that map, however large this has grown, but
// for the logarithm of a look-up. Nothing that is held is copied before append_to().
// Lends: the bytes of every map that was given must live as long as this. All were validated
// (scan_frame). Below the top level a name may come twice; which of the two wins is open.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/map_bytes.hpp"

namespace zbag {

class GrowingMap {
 public:
  // What becomes of a value that meets another of its name.
  enum class Meets : std::uint8_t {
    kStays,     // the later one must be equal, or it is left out
    kGivesWay,  // the later one takes its place
    kMerges     // two maps are merged leaf by leaf; else it gives way
  };

  explicit GrowingMap(MapBytes first);

  // What taking `later` in would do.
  struct Prospect {
    std::size_t bytes = 0;  // of all pairs, afterwards
    std::uint32_t added = 0;
    std::uint64_t differing = 0;  // values that meet a different one
  };
  Prospect look_at(MapBytes later, Meets meets);
  // What is new comes last.
  void take_in(MapBytes later, Meets meets);

  std::uint32_t count() const { return static_cast<std::uint32_t>(entries_.size()); }
  // Appends the pairs, without a header.
  void append_to(std::string& pairs) const;

 private:
  struct Entry {
    PairBytes pair;
    std::unique_ptr<GrowingMap> nested;  // instead of the value, once that has grown
  };
  static std::size_t bytes_of(const Entry& entry);
  static GrowingMap* nested_of(Entry& entry, const PairBytes& later, Meets meets);
  Entry* find(std::string_view name);
  void add(const PairBytes& pair);
  static void look_at(Entry& entry, const PairBytes& later, Meets meets, Prospect& prospect);

  std::vector<Entry> entries_;
  // Where each is, once they are more than a few.
  std::map<std::string_view, std::size_t> places_;
  std::size_t bytes_ = 0;  // of the pairs; a few more where a nested map had a long header
};

}  // namespace zbag
