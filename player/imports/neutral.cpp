// JSON lines, as a format of `import`: neutral_file.hpp says what is in them.
#include <fmt/format.h>

#include "player/imports/format_reader.hpp"
#include "player/imports/neutral_file.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

class NeutralFormat : public FormatReader {
 public:
  explicit NeutralFormat(NeutralReader reader) : reader_(std::move(reader)) {}

  Status read(ImportSink& sink) override {
    EncodedFrame frame;
    while (sink.goes_on()) {
      const Result<bool> more = reader_.next(frame);
      if (!more && more.error().code == ErrorCode::kInvalid) {
        sink.refuse(more.error().message);
        continue;
      }
      if (!more) return tl::unexpected(more.error());
      if (!*more) return {};
      if (Status taken = sink.frame(frame.track, frame.stamp, bytes_of(frame.map)); !taken)
        return taken;
      if (!frame.ignored.empty()) note_ignored(sink, frame.ignored);
    }
    return fail(ErrorCode::kClosed, reader_.path() + ": stopped");
  }

  bool has_frames() const override { return true; }
  std::string place() const override {
    return fmt::format("{}:{}", reader_.path(), reader_.line());
  }
  std::optional<double> share() const override { return reader_.share(); }

 private:
  void note_ignored(ImportSink& sink, const std::string& member) {
    if (std::exchange(has_noted_, true)) return;
    sink.leave_out(
        fmt::format("{}: \"{}\" stands beside \"fields\", where nothing of a frame does: "
                    "such members are left out; put them into \"fields\"",
                    place(), printable(member)));
  }

  NeutralReader reader_;
  bool has_noted_ = false;  // of members that are none of a frame
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_neutral(const FoundRecording& recording,
                                                   const ImportOptions& options) {
  // A line has some values around its frame.
  constexpr std::size_t kAround = 8;
  Result<NeutralReader> reader = NeutralReader::open(
      recording.path, {recording.track, options.values_max + kAround, options.goes_on});
  if (!reader) return tl::unexpected(reader.error());
  return std::make_unique<NeutralFormat>(std::move(*reader));
}

}  // namespace zbag
