#include "schemas/host_name.hpp"

#include <unistd.h>

#include <array>

namespace zbag {

std::string host_name() {
  std::array<char, 256> name{};  // the last byte stays 0: a longer name comes cut, not terminated
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace zbag
