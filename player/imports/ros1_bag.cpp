// ROS 1 bags of format 2.0 (wiki.ros.org/Bags/Format/2.0), read from the beginning to the end: the
// index is not asked, so that what is whole of a bag without one, or cut off, comes through.
#include <fmt/format.h>

#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "player/imports/format_reader.hpp"
#include "player/imports/input_file.hpp"
#include "player/imports/messages/message_track.hpp"
#include "player/imports/unpack.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::string_view kBegin = "#ROSBAG V";
constexpr std::string_view kVersion = "#ROSBAG V2.0\n";
constexpr std::uint32_t kHeaderMax = 4u << 20;
constexpr std::size_t kTracksMax = 65'536;
constexpr std::size_t kDefinitionBytesMax = 64u << 20;  // of all connections together

enum class Op : std::uint8_t {
  kMessage = 2,
  kBag = 3,
  kIndex = 4,
  kChunk = 5,
  kInfo = 6,
  kTopic = 7
};

// The fields of a header: NAME=VALUE, each behind its length. Views of the header's bytes, walked
// for each question, since there are three or four.
class HeaderFields {
 public:
  static std::optional<HeaderFields> of(std::span<const std::uint8_t> bytes) {
    HeaderFields fields(bytes);
    ByteInput in(bytes);
    std::string_view field;
    while (in.left() > 0) {
      if (!take(in, field) || field.find('=') == std::string_view::npos) return std::nullopt;
    }
    return fields;
  }

  std::string_view text(std::string_view name) const {
    ByteInput in(bytes_);
    std::string_view field;
    while (take(in, field)) {
      if (field.starts_with(name) && field[name.size()] == '=')
        return field.substr(name.size() + 1);
    }
    return {};
  }
  template <class T>
  bool number(std::string_view name, T& value) const {
    const std::string_view bytes = text(name);
    if (bytes.size() != sizeof value) return false;
    std::memcpy(&value, bytes.data(), sizeof value);
    return true;
  }

 private:
  explicit HeaderFields(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  static bool take(ByteInput& in, std::string_view& field) {
    std::uint32_t size = 0;
    std::span<const std::uint8_t> bytes;
    if (!in.fixed(size) || !in.take(size, bytes)) return false;
    field = text_of(bytes);
    return true;
  }

  std::span<const std::uint8_t> bytes_;
};

class Ros1Bag : public FormatReader {
 public:
  Ros1Bag(InputFile file, ImportOptions options)
      : file_(std::move(file)), options_(std::move(options)) {}

  Status read(ImportSink& sink) override {
    Bytes header;
    Bytes data;
    while (file_.left() > 0) {
      if (!sink.goes_on()) return fail(ErrorCode::kClosed, file_.path() + ": stopped");
      if (Status taken = read_record(header, data, sink); !taken) return taken;
    }
    return {};
  }

  std::string place() const override {
    return fmt::format("{}: message {}", file_.path(), messages_);
  }
  std::optional<double> share() const override { return file_.share(); }

 private:
  Status read_record(Bytes& header, Bytes& data, ImportSink& sink) {
    std::uint32_t size = 0;
    Status got = file_.read_number(size);
    if (got) got = file_.read(size, kHeaderMax, header);
    if (got) got = file_.read_number(size);
    // What is in a chunk that is not compressed is read as if it was in none, however much of it is
    // there.
    if (got && is_plain_chunk(header)) return {};
    if (got) got = file_.read(size, kUnpackedMax, data);
    return got ? take_record(header, data, false, sink) : got;
  }

  static bool is_plain_chunk(std::span<const std::uint8_t> header) {
    const std::optional<HeaderFields> fields = HeaderFields::of(header);
    std::uint8_t op = 0;
    return fields && fields->number("op", op) && op == static_cast<std::uint8_t>(Op::kChunk) &&
           fields->text("compression") == "none";
  }

  Status take_record(std::span<const std::uint8_t> header, std::span<const std::uint8_t> data,
                     bool is_in_chunk, ImportSink& sink) {
    const std::optional<HeaderFields> fields = HeaderFields::of(header);
    std::uint8_t op = 0;
    if (!fields || !fields->number("op", op)) return damaged("a record without a header");
    switch (static_cast<Op>(op)) {
      case Op::kMessage:
        return take_message(*fields, data, sink);
      case Op::kTopic:
        return take_topic(*fields, data);
      case Op::kChunk:
        return is_in_chunk ? damaged("a chunk within a chunk") : take_chunk(*fields, data, sink);
      case Op::kBag:
        return fields->text("encryptor").empty()
                   ? Status()
                   : file_.fault(ErrorCode::kUnsupported, "the bag is encrypted");
      case Op::kIndex:
      case Op::kInfo:
        break;
    }
    return {};
  }

  // A chunk that is damaged costs its messages.
  Status take_chunk(const HeaderFields& fields, std::span<const std::uint8_t> data,
                    ImportSink& sink) {
    std::uint32_t size = 0;
    if (!fields.number("size", size)) return damaged("a chunk without a size");
    if (Status plain = unpack(fields.text("compression"), data, size, chunk_); !plain) {
      if (plain.error().code == ErrorCode::kUnsupported)
        return file_.fault(plain.error().code, plain.error().message);
      sink.refuse(fmt::format("{}: the chunk before byte {}: {}", file_.path(), file_.at(),
                              plain.error().message));
      return {};
    }
    ByteInput in(chunk_);
    while (in.left() > 0) {
      std::uint32_t header_size = 0;
      std::uint32_t data_size = 0;
      std::span<const std::uint8_t> header;
      std::span<const std::uint8_t> of_record;
      const bool is_whole = in.fixed(header_size) && in.take(header_size, header) &&
                            in.fixed(data_size) && in.take(data_size, of_record);
      if (!is_whole) {
        sink.refuse(fmt::format("{}: the chunk before byte {} ends within a record", file_.path(),
                                file_.at()));
        return {};
      }
      if (Status taken = take_record(header, of_record, true, sink); !taken) return taken;
    }
    return {};
  }

  // One that is there already, as at the end of the file, stays as it is.
  Status take_topic(const HeaderFields& fields, std::span<const std::uint8_t> data) {
    std::uint32_t number = 0;
    const std::optional<HeaderFields> about = HeaderFields::of(data);
    if (!fields.number("conn", number) || !about) return damaged("a connection without a header");
    if (tracks_.contains(number)) return {};
    if (tracks_.size() == kTracksMax) return damaged("more than 65,536 connections");
    OriginalSchema schema{.name = std::string(about->text("type")),
                          .encoding = "ros1msg",
                          .text = std::string(about->text("message_definition")),
                          .messages = "ros1"};
    const std::string_view topic = fields.text("topic");
    definition_bytes_ += topic.size() + schema.name.size() + schema.text.size();
    if (definition_bytes_ > kDefinitionBytesMax) return damaged("definitions of more than 64 MiB");
    tracks_.try_emplace(number, std::string(topic), std::move(schema), options_);
    return {};
  }

  Status take_message(const HeaderFields& fields, std::span<const std::uint8_t> data,
                      ImportSink& sink) {
    ++messages_;
    std::uint32_t number = 0;
    std::uint64_t time = 0;
    if (!fields.number("conn", number) || !fields.number("time", time)) {
      sink.refuse(place() + ": a message without connection or time");
      return {};
    }
    const auto track = tracks_.find(number);
    // What said of it was in a chunk that is lost, or does not read.
    if (track == tracks_.end()) {
      sink.refuse(
          fmt::format("{}: it is of connection {}, of which nothing is said", place(), number));
      return {};
    }
    constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
    const std::uint64_t ns = (time & 0xffffffffu) * kNsPerSecond + (time >> 32);
    const auto log_ns = static_cast<std::int64_t>(ns);
    return track->second.take(data, {log_ns, log_ns}, *this, sink);
  }

  tl::unexpected<Error> damaged(const char* what) const {
    return file_.fault(ErrorCode::kDamaged, what);
  }

  InputFile file_;
  const ImportOptions options_;
  std::map<std::uint32_t, MessageTrack> tracks_;
  Bytes chunk_;
  std::size_t definition_bytes_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_ros1_bag(const FoundRecording& recording,
                                                    const ImportOptions& options) {
  Result<InputFile> file = InputFile::open(recording.path);
  if (!file) return tl::unexpected(file.error());
  Bytes begin;
  const std::uint64_t size = std::min<std::uint64_t>(kVersion.size(), file->left());
  if (Status got = file->read(size, size, begin); !got) return tl::unexpected(got.error());
  if (text_of(begin) == kVersion) return std::make_unique<Ros1Bag>(std::move(*file), options);
  const bool is_other = text_of(begin).starts_with(kBegin);
  return fail(
      is_other ? ErrorCode::kUnsupported : ErrorCode::kDamaged,
      recording.path + (is_other ? ": a ROS 1 bag of another version than 2.0: rosbag migrates it"
                                 : ": no ROS 1 bag"));
}

}  // namespace zbag
