// See fuzzed_import.hpp.
#include "player/imports/rosbag2/db3_file.hpp"
#include "tests/fuzz/fuzzed_import.hpp"

namespace {

zbag::Result<std::unique_ptr<zbag::FormatReader>> open(const zbag::FoundRecording& recording,
                                                       const zbag::ImportOptions& options) {
  return zbag::open_db3(recording.path, recording.path, options, false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return zbag::fuzz_import(open, data, size);
}
