// The word somebody may have meant.
#pragma once

#include <string>
#include <vector>

namespace zbag {

// "; did you mean record?", or nothing when no known word is near.
std::string nearest_hint(const std::string& word, const std::vector<std::string>& known);

}  // namespace zbag
