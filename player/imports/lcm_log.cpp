// Logs of LCM, as lcm-logger writes them (lcm-proj.github.io/lcm/content/log-file-format.html): a
// track a channel. What its messages are is not in the log: they stay bytes, in the field `data`,
// and `fingerprint` beside it tells one type from another.
#include <fmt/format.h>

#include <array>
#include <memory>
#include <string_view>

#include "player/imports/format_reader.hpp"
#include "player/imports/input_file.hpp"
#include "player/imports/unpack.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::string_view kMagic = "\xed\xa1\xda\x01";  // in front of every event
constexpr std::size_t kHeadBytes = 28;
constexpr std::uint32_t kChannelBytesMax = 1'000;  // as liblcm has it
constexpr std::size_t kFingerprintBytes = 8;

struct EventHead {
  std::uint64_t number = 0;
  std::int64_t us = 0;
  std::uint32_t channel_bytes = 0;
  std::uint32_t data_bytes = 0;

  std::uint64_t bytes() const { return kHeadBytes + std::uint64_t{channel_bytes} + data_bytes; }
};

class LcmLog : public FormatReader {
 public:
  explicit LcmLog(InputFile file) : file_(std::move(file)) {}

  Status read(ImportSink& sink) override {
    sink.note(
        fmt::format("{}: a log of LCM does not say what its messages are: they are kept as "
                    "they are, in the field data",
                    file_.path()));
    while (file_.left() > 0) {
      if (!sink.goes_on()) return file_.fault(ErrorCode::kClosed, "stopped");
      const std::uint64_t begin = file_.at();
      EventHead head;
      const Result<bool> is_there = look_at_event(begin, head);
      if (!is_there) return tl::unexpected(is_there.error());
      Status taken = *is_there ? take_event(head, sink) : find_next(begin, sink);
      if (!taken) return taken;
    }
    return {};
  }

  std::string place() const override { return fmt::format("{}: event {}", file_.path(), number_); }
  std::optional<double> share() const override { return file_.share(); }

 private:
  // Whether there is an event with another, or the end, behind it, as liblcm asks, too: a length
  // that is damaged leads elsewhere. Then the file is behind its head; nothing else was read yet.
  Result<bool> look_at_event(std::uint64_t begin, EventHead& head) {
    std::array<std::uint8_t, kHeadBytes> bytes{};
    if (file_.left() < bytes.size()) return false;
    if (Status got = file_.read(bytes); !got) return tl::unexpected(got.error());
    const std::uint8_t* const at = bytes.data();
    head = {.number = item::load_be<std::uint64_t>(at + 4),
            .us = static_cast<std::int64_t>(item::load_be<std::uint64_t>(at + 12)),
            .channel_bytes = item::load_be<std::uint32_t>(at + 20),
            .data_bytes = item::load_be<std::uint32_t>(at + 24)};
    constexpr std::int64_t kUsMax = INT64_MAX / 1000;
    const bool may_be = text_of(bytes).starts_with(kMagic) && head.us >= 0 && head.us <= kUsMax &&
                        head.channel_bytes > 0 && head.channel_bytes < kChannelBytesMax &&
                        head.data_bytes <= kUnpackedMax && head.bytes() <= file_.size() - begin;
    if (!may_be) return false;
    if (Status there = file_.seek(begin + head.bytes()); !there)
      return tl::unexpected(there.error());
    std::array<std::uint8_t, kMagic.size()> next{};
    const bool has_more = file_.left() >= next.size();
    if (has_more) {
      if (Status got = file_.read(next); !got) return tl::unexpected(got.error());
    }
    if (Status there = file_.seek(begin + kHeadBytes); !there) return tl::unexpected(there.error());
    return !has_more || text_of(next) == kMagic;
  }

  Status take_event(const EventHead& head, ImportSink& sink) {
    number_ = head.number;
    Status got = file_.read(head.channel_bytes, kChannelBytesMax, channel_);
    if (got) got = file_.read(head.data_bytes, kUnpackedMax, data_);
    if (!got) return got;
    const auto put = [&](auto put_head) { item::append_item(map_, put_head); };
    const bool has_fingerprint = data_.size() >= kFingerprintBytes;
    map_.clear();
    put([&](std::uint8_t*& at) { item::put_map(at, has_fingerprint ? 2 : 1); });
    item::append_text(map_, "data");
    put([&](std::uint8_t*& at) { item::put_binary(at, data_.size()); });
    map_ += text_of(data_);
    if (has_fingerprint) {
      item::append_text(map_, "fingerprint");
      item::append_text(map_, fmt::format("{:016x}", item::load_be<std::uint64_t>(data_.data())));
    }
    return sink.frame(plain_name(text_of(channel_)), Timestamp::from_ns(head.us * 1000),
                      bytes_of(map_));
  }

  // What is no event, or has none behind it, costs what is in front of the next.
  Status find_next(std::uint64_t begin, ImportSink& sink) {
    if (Status there = file_.seek(begin + 1); !there) return there;
    const Result<bool> found = file_.seek_next(kMagic);
    if (!found) return tl::unexpected(found.error());
    if (!*found) {
      return fail(ErrorCode::kDamaged,
                  fmt::format("{}: at byte {}: the file is cut off, or damaged from here on",
                              file_.path(), begin));
    }
    sink.refuse(fmt::format("{}: at byte {}: no whole event; it goes on at byte {}", file_.path(),
                            begin, file_.at()));
    return {};
  }

  InputFile file_;
  std::uint64_t number_ = 0;
  Bytes channel_;
  Bytes data_;
  std::string map_;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_lcm_log(const FoundRecording& recording,
                                                   const ImportOptions&) {
  Result<InputFile> file = InputFile::open(recording.path);
  if (!file) return tl::unexpected(file.error());
  return std::make_unique<LcmLog>(std::move(*file));
}

}  // namespace zbag
