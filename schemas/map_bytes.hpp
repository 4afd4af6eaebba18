// Maps as the bytes they lie in: walked and compared without building a value.
//
// But for open_map() all of it is for bytes that scan_frame() has passed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace zbag {

// A map in bytes: what its header says and where its pairs begin.
struct MapBytes {
  std::uint32_t count = 0;
  std::span<const std::uint8_t> pairs;
};
// nullopt when `bytes` does not begin with a map header. Does not look at the pairs.
std::optional<MapBytes> open_map(std::span<const std::uint8_t> bytes);
// Appends the map whole, header and pairs.
void append_map(MapBytes map, std::string& out);

// One key and value of a map, as bytes inside it.
struct PairBytes {
  std::string_view name;
  std::span<const std::uint8_t> pair;  // key and value
  std::span<const std::uint8_t> value;
};

// Walks the pairs of a sequence of `count` pairs. REQUIRES: the bytes were validated; the views
// refer to them.
class PairWalk {
 public:
  PairWalk(std::span<const std::uint8_t> pairs, std::uint32_t count) : rest_(pairs), left_(count) {}
  std::optional<PairBytes> next();

 private:
  std::span<const std::uint8_t> rest_;
  std::uint32_t left_;
};

// The type of an encoded value as `info` shows it: "float64", "float64[]", "bin", "map"...
std::string type_text(std::span<const std::uint8_t> value);

// Whether a reader gets equal values back (wire.md, Merge): ints by value however they are encoded,
// floats by their bits, texts, bytes and extensions by their bytes, arrays in order, maps with the
// same pairs in any order. An int is no float, and float32 no float64. REQUIRES: whole items, both
// validated.
bool same_value(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

}  // namespace zbag
