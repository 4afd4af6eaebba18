// The word somebody may have meant.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace zbag {

// The known word that differs from `word` in few letters: one of three, three at most. Two letters
// that changed places are one difference.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& known);

// "; did you mean record?", or nothing when no known word is near.
std::string nearest_hint(const std::string& word, const std::vector<std::string>& known);

}  // namespace zbag
