// Names and words of strangers, as texts that a bag can hold.
#pragma once

#include <string>
#include <string_view>

#include "schemas/track_name.hpp"

namespace zbag {

// `text` as it is where that is UTF-8, else harmless(text).
inline std::string utf8_text(std::string_view text) {
  return is_utf8(text) ? std::string(text) : harmless(text);
}

}  // namespace zbag
