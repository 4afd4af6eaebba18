// See fuzzed_import.hpp.
#include "tests/fuzz/fuzzed_import.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return zbag::fuzz_import(zbag::open_sqlite, data, size);
}
