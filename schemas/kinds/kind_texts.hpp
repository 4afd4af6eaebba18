// schemas/*.yaml as they were when this was compiled.
#pragma once

#include <span>
#include <string_view>

namespace zbag {

struct KindText {
  std::string_view name;  // of the file, without .yaml
  std::string_view text;
};

// By name.
std::span<const KindText> kind_texts();

}  // namespace zbag
