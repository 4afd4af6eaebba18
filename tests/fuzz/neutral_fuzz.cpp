// See fuzzed_import.hpp. Whatever the quick parser takes is to the bit what the exact one makes of
// it.
#include "player/imports/neutral_file.hpp"
#include "tests/fuzz/fuzzed_import.hpp"

namespace {

void check_both_ways(const std::string& path) {
  zbag::Result<zbag::NeutralReader> quick = zbag::NeutralReader::open(path);
  zbag::Result<zbag::NeutralReader> exact = zbag::NeutralReader::open(path);
  ZBAG_CHECK(quick.has_value() == exact.has_value());
  if (!quick) return;
  zbag::EncodedFrame frame;
  while (true) {
    const zbag::Result<bool> more = quick->next(frame);
    const zbag::Result<std::optional<zbag::NeutralFrame>> wanted = exact->next();
    ZBAG_CHECK(more.has_value() == wanted.has_value());
    if (!more) {
      ZBAG_CHECK(more.error().message == wanted.error().message);
      if (more.error().code != zbag::ErrorCode::kInvalid) return;
      continue;
    }
    ZBAG_CHECK(*more == wanted->has_value());
    if (!*more) return;
    std::string map;
    zbag::encode_fields((*wanted)->fields, map);
    ZBAG_CHECK(frame.map == map && frame.track == (*wanted)->track &&
               frame.stamp.ns() == (*wanted)->stamp.ns() &&
               frame.stamp.seconds() == (*wanted)->stamp.seconds() &&
               frame.ignored == (*wanted)->ignored);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const zbag::FuzzedFile file(data, size);
  check_both_ways(file.path());
  return zbag::fuzz_import(zbag::open_neutral, file);
}
