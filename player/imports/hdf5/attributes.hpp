// What is said of a group or a data set beside its values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "player/hdf5/hdf5_id.hpp"
#include "schemas/frame.hpp"

namespace zbag::hdf5::reading {

inline constexpr std::size_t kAttributeBytesMax = 1u << 20;

// nullopt: there is none of that name that is such.
std::optional<std::string> text_attribute(const Id& object, const char* name);
std::optional<std::int64_t> int_attribute(const Id& object, const char* name);

struct Attributes {
  Fields fields;
  bool are_all = true;  // false: some can not be kept, being of other types, or very long
};
// Those that are values, or lists of them, of kAttributeBytesMax together.
Attributes attributes_of(const Id& object);

}  // namespace zbag::hdf5::reading
