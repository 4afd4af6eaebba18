// What a row of a dataset is.
#pragma once

#include <cstdint>

namespace zbag::hdf5 {

enum class Element : std::uint8_t {
  kBool,  // as h5py has it: an enum of FALSE and TRUE
  kUint8,
  kInt64,
  kUint64,
  kFloat32,
  kFloat64,
  kText,  // UTF-8
};

enum class RowShape : std::uint8_t {
  kOne,
  kList,     // of as many as all others have
  kAnyList,  // of however many
};

struct RowType {
  Element element = Element::kFloat64;
  RowShape shape = RowShape::kOne;  // kOne of text
  std::uint64_t width = 1;          // of kList

  // Whether rows lie in chunks, or chunks say where they lie.
  bool is_in_chunks() const { return shape != RowShape::kAnyList && element != Element::kText; }
  // Of a row in its chunk, before compression.
  std::uint64_t bytes() const { return is_in_chunks() ? element_bytes() * width : kReferenceBytes; }
  // REQUIRES: is_in_chunks().
  std::uint64_t element_bytes() const {
    if (element == Element::kBool || element == Element::kUint8) return 1;
    return element == Element::kFloat32 ? sizeof(float) : sizeof(double);
  }

  static constexpr std::uint64_t kReferenceBytes = 16;
  friend bool operator==(const RowType&, const RowType&) = default;
};

}  // namespace zbag::hdf5
