// Any bytes as a file of one format, read to its end: whatever it is, each frame that comes out of
// it is one whole map.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "player/imports/format_reader.hpp"
#include "schemas/check.hpp"
#include "schemas/frame_scan.hpp"

namespace zbag {

class FuzzedSink : public ImportSink {
 public:
  Status frame(std::string_view, Timestamp, std::span<const std::uint8_t> map) override {
    using enum Refusal;
    const std::optional<Refusal> refusal = scan_frame(map).refusal;
    ZBAG_CHECK(refusal != kNotAMap && refusal != kTrailingBytes && refusal != kTruncated &&
               refusal != kBadKey && refusal != kBadType);
    return {};
  }
  void refuse(const std::string& why) override { ZBAG_CHECK(!why.empty()); }
  void note(const std::string& text) override { ZBAG_CHECK(!text.empty()); }
  void leave_out(const std::string& text) override { ZBAG_CHECK(!text.empty()); }
  bool goes_on() override { return true; }
  void schema(std::string_view, const OriginalSchema&) override {}
  void kind(std::string_view, std::string_view name, std::vector<Joint> joints) override {
    Kind kind{std::string(name), "", {KindField{"joints.*", {}, "deg", "", "turns"}}, {}};
    kind.joints = std::move(joints);
    ZBAG_CHECK(parse_kind(written_kind(kind)).has_value());
  }
  Status attach(std::string_view, std::string_view) override { return {}; }
  void describe(std::string_view, Value) override {}
};

// In memory, under a name that may be opened as often as one likes, with its links resolved.
class FuzzedFile {
 public:
  FuzzedFile(const std::uint8_t* data, std::size_t size) {
    const int file = ::mkstemp(path_.data());
    ZBAG_CHECK(file >= 0 && ::write(file, data, size) == static_cast<ssize_t>(size));
    ::close(file);
  }
  ~FuzzedFile() { ::unlink(path_.c_str()); }
  FuzzedFile(const FuzzedFile&) = delete;
  FuzzedFile& operator=(const FuzzedFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/zbag-fuzzed-XXXXXX";
};

using OpenFormat = Result<std::unique_ptr<FormatReader>>(const FoundRecording&,
                                                         const ImportOptions&);

inline int fuzz_import(OpenFormat* open, const FuzzedFile& file) {
  const Result<std::unique_ptr<FormatReader>> reader = open({file.path(), "fuzzed"}, {});
  if (reader) {
    FuzzedSink sink;
    const Status read = (*reader)->read(sink);
    ZBAG_CHECK(read || !read.error().message.empty());
    ZBAG_CHECK(!(*reader)->place().empty());
  }
  return 0;
}
inline int fuzz_import(OpenFormat* open, const std::uint8_t* data, std::size_t size) {
  return fuzz_import(open, FuzzedFile(data, size));
}

}  // namespace zbag
