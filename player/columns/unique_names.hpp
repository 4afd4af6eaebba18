// Names for a namespace that is not ours: who comes second gets `_2`, the next one `_3`.
//
//   UniqueNames columns(UniqueNames::Case::kIgnored);
//   columns.take("ax");  // "ax"
//   columns.take("AX");  // "AX_2"
//
// Names come out as UTF-8 without NUL, which no database and no file takes; the bytes that are not
// are written as `?`. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace zbag {

class UniqueNames {
 public:
  enum class Case : bool { kMatters, kIgnored };  // of ASCII letters
  explicit UniqueNames(Case letters) : letters_(letters) {}

  // What `wanted` is called. It is never empty.
  std::string take(std::string_view wanted);

 private:
  std::string key_of(std::string_view name) const;

  Case letters_;
  std::unordered_map<std::string, std::uint64_t> taken_;  // and the number to try next
};

}  // namespace zbag
