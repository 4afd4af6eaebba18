// What a GrowingMap holds, as values.
#pragma once

#include <string>

#include "schemas/frame.hpp"
#include "schemas/growing_map.hpp"
#include "tests/support/bytes.hpp"

namespace zbag {

inline Fields fields_of(const GrowingMap& map) {
  std::string pairs;
  map.append_to(pairs);
  std::string whole;
  append_map({map.count(), as_bytes(pairs)}, whole);
  return decode_fields(as_bytes(whole)).value();
}

}  // namespace zbag
