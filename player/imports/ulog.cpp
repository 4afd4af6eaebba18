// ULog of PX4 (docs.px4.io/main/en/dev_log/ulog_file_format): a track an instance of a topic,
// `vehicle_attitude/0`; times are seconds since the autopilot has booted.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "player/imports/format_reader.hpp"
#include "player/imports/input_file.hpp"
#include "player/imports/ulog_formats.hpp"
#include "player/imports/ulog_words.hpp"
#include "player/imports/utf8_text.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::string_view kMagic = "ULog\x01\x12\x35";
// A message that is there for readers to find their way again, with its head.
constexpr std::string_view kSync("\x08\x00S\x2f\x73\x13\x20\x25\x0c\xbb\x12", 11);
constexpr std::string_view kLogTrack = "log/0";
constexpr std::string_view kParameterTrack = "changed_parameters";
constexpr std::size_t kSchemaBytesMax = 64u << 10;  // of one track

class UlogFile : public FormatReader {
 public:
  explicit UlogFile(InputFile file) : file_(std::move(file)) {}

  Status open() {
    std::array<std::uint8_t, kMagic.size()> magic{};
    std::uint8_t version = 0;
    Status got = file_.read(magic);
    if (got && text_of(magic) != kMagic) got = file_.fault(ErrorCode::kDamaged, "no ULog");
    if (got) got = file_.read_number(version);
    constexpr unsigned kVersionMax = 1;
    if (got && version > kVersionMax)
      got = file_.fault(ErrorCode::kUnsupported,
                        fmt::format("a ULog of version {}; 0 and 1 are read", version));
    if (got) got = file_.read_number(last_us_);
    return got;
  }

  Status read(ImportSink& sink) override {
    Status status;
    while (status && file_.left() > 0) {
      if (!sink.goes_on()) return file_.fault(ErrorCode::kClosed, "stopped");
      status = read_message(sink);
    }
    if (dropouts_ > 0) {
      sink.note(
          fmt::format("{}: dropouts of its logger, {} of {} ms in all: what was then is not in "
                      "the file",
                      file_.path(), dropouts_, dropped_ms_));
    }
    const Status told = words_.tell(sink);
    return status ? told : status;
  }

  std::string place() const override {
    return fmt::format("{}: the message before byte {}", file_.path(), file_.at());
  }
  std::optional<double> share() const override { return file_.share(); }

 private:
  struct Subscription {
    std::string track;
    std::size_t type = 0;
    bool has_begun = false;
  };

  Status read_message(ImportSink& sink) {
    constexpr std::size_t kHead = 3;
    const std::uint64_t begin = file_.at();
    if (goes_to_appended(begin, kHead)) return seek_appended();
    std::uint16_t size = 0;
    std::uint8_t type = 0;
    Status got = file_.read_number(size);
    if (got) got = file_.read_number(type);
    if (!got) return got;
    if (size == 0 || type < 'A' || type > 'Z') return find_sync(begin, sink);
    if (goes_to_appended(begin, kHead + size)) return seek_appended();
    if (got = file_.read(size, UINT16_MAX, body_); !got) return got;
    return take_message(static_cast<char>(type), ByteInput(body_), sink);
  }

  // Where a crash was written behind the file, its last message in front of that may be cut off.
  bool goes_to_appended(std::uint64_t at, std::uint64_t size) const {
    return !appended_.empty() && at + size > *appended_.begin();
  }
  Status seek_appended() {
    const std::uint64_t to = *appended_.begin();
    appended_.erase(appended_.begin());
    return file_.seek(to);
  }

  Status find_sync(std::uint64_t begin, ImportSink& sink) {
    if (Status there = file_.seek(begin); !there) return there;
    const Result<bool> found = file_.seek_next(kSync);
    if (!found) return tl::unexpected(found.error());
    if (!*found) {
      return fail(ErrorCode::kDamaged, fmt::format("{}: at byte {}: no message, and none behind it",
                                                   file_.path(), begin));
    }
    sink.refuse(fmt::format("{}: at byte {}: no message; it goes on at byte {}", file_.path(),
                            begin, file_.at()));
    return {};
  }

  Status take_message(char type, ByteInput body, ImportSink& sink) {
    switch (type) {
      case 'B':
        return take_flags(body);
      case 'D':
        return take_data(body, sink);
      case 'L':
      case 'C':
        return take_logged(type == 'C', body, sink);
      case 'P':
        if (is_running_) return take_change(body, sink);
        break;
      case 'A':
        is_running_ = true;
        break;
      default:
        break;
    }
    const Status taken = take_definition(type, body, sink);
    if (!taken && taken.error().code != ErrorCode::kInvalid)
      return file_.fault(taken.error().code, taken.error().message);
    if (!taken) sink.refuse(fmt::format("{}: {}", place(), taken.error().message));
    return {};
  }

  // kInvalid: it is none.
  Status take_definition(char type, ByteInput body, ImportSink& sink) {
    const std::string_view text = text_of(body_);
    switch (type) {
      case 'F':
        return formats_.add(text);
      case 'A':
        return subscribe(body);
      case 'R':
        return unsubscribe(body);
      case 'I':
      case 'M':
      case 'P':
      case 'Q':
        return words_.take(type, body);
      case 'O': {
        std::uint16_t ms = 0;
        if (!body.fixed(ms)) return fail(ErrorCode::kInvalid, "a dropout without a length");
        ++dropouts_;
        dropped_ms_ += ms;
        return {};
      }
      case 'S':
        return {};
      default:
        sink.leave_out(fmt::format("{}: messages of the type {} are not known and left out",
                                   file_.path(), type));
        return {};
    }
  }

  Status take_flags(ByteInput body) {
    std::array<std::uint8_t, 8> compatible{};
    std::array<std::uint8_t, 8> needed{};
    std::array<std::uint64_t, 3> offsets{};
    if (!body.fixed(compatible) || !body.fixed(needed) || !body.fixed(offsets))
      return file_.fault(ErrorCode::kDamaged, "flags that are not whole");
    constexpr std::uint8_t kHasAppended = 1;
    const bool has_appended = (needed[0] & kHasAppended) != 0;
    needed[0] &= static_cast<std::uint8_t>(~kHasAppended);
    if (std::ranges::any_of(needed, [](std::uint8_t bits) { return bits != 0; })) {
      return file_.fault(ErrorCode::kUnsupported,
                         "a ULog with what a reader must know, and this one does not");
    }
    for (const std::uint64_t offset : offsets) {
      if (has_appended && offset > file_.at() && offset <= file_.size()) appended_.insert(offset);
    }
    return {};
  }

  Status subscribe(ByteInput body) {
    std::uint8_t instance = 0;
    std::uint16_t number = 0;
    std::span<const std::uint8_t> rest;
    if (!body.fixed(instance) || !body.fixed(number) || !body.take(body.left(), rest))
      return fail(ErrorCode::kInvalid, "a subscription that is not whole");
    subscriptions_.erase(number);
    const Result<std::size_t> type = formats_.find(text_of(rest));
    if (!type) return tl::unexpected(type.error());
    subscriptions_[number] = {fmt::format("{}/{}", text_of(rest), instance), *type};
    return {};
  }
  Status unsubscribe(ByteInput body) {
    std::uint16_t number = 0;
    if (!body.fixed(number)) return fail(ErrorCode::kInvalid, "an end of no subscription");
    subscriptions_.erase(number);
    return {};
  }

  Status take_data(ByteInput body, ImportSink& sink) {
    std::uint16_t number = 0;
    std::span<const std::uint8_t> message;
    const bool is_whole = body.fixed(number) && body.take(body.left(), message);
    const auto subscription = subscriptions_.find(number);
    if (!is_whole || subscription == subscriptions_.end()) {
      sink.refuse(fmt::format("{}: data of no subscription", place()));
      return {};
    }
    Subscription& of = subscription->second;
    std::optional<std::uint64_t> us;
    if (Status decoded = formats_.decode(of.type, message, map_, us); !decoded) {
      sink.refuse(fmt::format("{}: {}: {}", place(), printable(of.track), decoded.error().message));
      return {};
    }
    if (!std::exchange(of.has_begun, true)) keep_format(of, sink);
    return frame(of.track, us.value_or(0), sink);
  }

  void keep_format(const Subscription& of, ImportSink& sink) {
    const std::size_t bytes_max = std::min(schema_bytes_left_, kSchemaBytesMax);
    std::optional<std::string> text = formats_.text_of(of.type, bytes_max);
    if (!text) {
      sink.note(fmt::format("track {}: its format is too long to be kept", printable(of.track)));
      return;
    }
    schema_bytes_left_ -= text->size();
    const std::string name = text->substr(0, text->find(':'));
    sink.schema(of.track, {.name = name, .encoding = "ulog", .text = *text, .messages = "ulog"});
  }

  // What has no time is of that of the message before it.
  Status frame(std::string_view track, std::uint64_t us, ImportSink& sink) {
    constexpr std::uint64_t kUsMax = INT64_MAX / 1000;
    if (us > kUsMax) {
      sink.refuse(fmt::format("{}: {}: a time behind its end", place(), printable(track)));
      return {};
    }
    if (us > 0) last_us_ = us;
    const std::uint64_t stamp_us = std::min(last_us_, kUsMax);
    return sink.frame(track, Timestamp::from_ns(static_cast<std::int64_t>(stamp_us * 1000)),
                      bytes_of(map_));
  }

  Status take_logged(bool has_tag, ByteInput body, ImportSink& sink) {
    std::uint8_t level = 0;
    std::uint16_t tag = 0;
    std::uint64_t us = 0;
    std::span<const std::uint8_t> rest;
    const bool is_whole = body.fixed(level) && (!has_tag || body.fixed(tag)) && body.fixed(us) &&
                          body.take(body.left(), rest);
    if (!is_whole) {
      sink.refuse(fmt::format("{}: a logged text that is not whole", place()));
      return {};
    }
    // It is the digit's letter.
    const bool is_letter = level >= '0' && level <= '9';
    Fields fields = {
        {"level", is_letter ? std::string(1, static_cast<char>(level)) : fmt::format("{}", level)}};
    if (has_tag) fields.emplace_back("tag", tag);
    fields.emplace_back("text", utf8_text(text_of(rest)));
    map_.clear();
    encode_fields(fields, map_);
    return frame(kLogTrack, us, sink);
  }

  // A parameter that is not what it was when the log began.
  Status take_change(ByteInput body, ImportSink& sink) {
    Result<std::pair<std::string, Value>> changed = UlogWords::read_pair(body);
    if (!changed) {
      sink.refuse(fmt::format("{}: {}", place(), changed.error().message));
      return {};
    }
    map_.clear();
    encode_fields({std::move(*changed)}, map_);
    return frame(kParameterTrack, 0, sink);
  }

  InputFile file_;
  UlogFormats formats_;
  UlogWords words_;
  std::map<std::uint16_t, Subscription> subscriptions_;
  std::set<std::uint64_t> appended_;  // where it goes on
  std::size_t schema_bytes_left_ = 64u << 20;
  std::uint64_t last_us_ = 0;
  std::uint64_t dropouts_ = 0;
  std::uint64_t dropped_ms_ = 0;
  bool is_running_ = false;  // its definitions are at their end
  Bytes body_;
  std::string map_;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_ulog(const FoundRecording& recording,
                                                const ImportOptions&) {
  Result<InputFile> file = InputFile::open(recording.path);
  if (!file) return tl::unexpected(file.error());
  auto ulog = std::make_unique<UlogFile>(std::move(*file));
  if (Status opened = ulog->open(); !opened) return tl::unexpected(opened.error());
  return ulog;
}

}  // namespace zbag
