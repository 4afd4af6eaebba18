// BVH: a body and how its joints move (interop.md 7.1). Frames are a constant time apart, from 0
// on: the file says no other time. What hangs on what is kept as the track's kind, a skeleton.
#include <fmt/format.h>
#include <strings.h>

#include <bit>
#include <cmath>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "player/imports/bvh_hierarchy.hpp"
#include "player/imports/file_track.hpp"
#include "player/imports/format_reader.hpp"
#include "player/imports/text_lines.hpp"
#include "schemas/put_item.hpp"
#include "schemas/quantity_text.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

class BvhFile : public FormatReader {
 public:
  BvhFile(TextLines lines, std::string track)
      : lines_(std::move(lines)), track_(std::move(track)) {}

  // The hierarchy, and what is said of the frames.
  Status open() {
    if (Status taken = open_hierarchy(); !taken) return taken;
    if (hierarchy_.values() == 0)
      return lines_.fault(ErrorCode::kDamaged, "its joints have no channels: nothing moves");
    Result<double> number = number_behind("Frames:");
    if (!number) return tl::unexpected(number.error());
    frames_said_ = *number;
    number = number_behind("Frame Time:");
    if (!number) return tl::unexpected(number.error());
    frame_seconds_ = *number;
    if (frame_seconds_ <= 0) return lines_.fault(ErrorCode::kDamaged, "its frames take no time");
    return {};
  }

  Status read(ImportSink& sink) override {
    sink.kind(track_, "skeleton", hierarchy_.joints());
    if (hierarchy_.has_new_names()) {
      sink.note(
          fmt::format("track {}: several joints have one name: those behind the first have "
                      "their number behind it",
                      printable(track_)));
    }
    while (true) {
      if (!sink.goes_on()) return lines_.fault(ErrorCode::kClosed, "stopped");
      const Result<std::optional<std::string_view>> line = lines_.next();
      if (!line) return tl::unexpected(line.error());
      if (!*line) break;
      put_words(**line, words_);
      if (words_.empty()) continue;
      if (Status taken = take_frame(sink); !taken) return taken;
    }
    if (static_cast<double>(frames_) != frames_said_) {
      sink.note(fmt::format("{}: it says {:.0f} frames, and has {}", lines_.place(), frames_said_,
                            frames_));
    }
    return {};
  }

  std::string place() const override { return lines_.place(); }
  std::optional<double> share() const override { return lines_.share(); }

 private:
  // The next line that has a word, as its words.
  Status next_words() {
    do {
      const Result<std::optional<std::string_view>> line = lines_.next();
      if (!line) return tl::unexpected(line.error());
      if (!*line)
        return lines_.fault(ErrorCode::kDamaged, "a BVH file that ends in front of its frames");
      put_words(**line, words_);
    } while (words_.empty());
    return {};
  }

  Status open_hierarchy() {
    while (true) {
      if (Status got = next_words(); !got) return got;
      for (const std::string_view word : words_) {
        const Result<bool> goes_on = hierarchy_.take(word);
        if (!goes_on) {
          const bool is_damage = goes_on.error().code == ErrorCode::kInvalid;
          return lines_.fault(is_damage ? ErrorCode::kDamaged : goes_on.error().code,
                              goes_on.error().message);
        }
        if (!*goes_on) return {};
      }
    }
  }

  // Of a line that is `words` and a number.
  Result<double> number_behind(std::string_view words) {
    if (Status got = next_words(); !got) return tl::unexpected(got.error());
    std::string line;
    for (std::size_t n = 0; n + 1 < words_.size(); ++n) line += words_[n];
    std::string wanted(words);
    std::erase(wanted, ' ');
    const std::optional<double> number = parse_decimal(words_.back());
    if (number && ::strcasecmp(line.c_str(), wanted.c_str()) == 0) return *number;
    return lines_.fault(ErrorCode::kDamaged,
                        fmt::format("a line of {} and a number is missing", words));
  }

  Status take_frame(ImportSink& sink) {
    const std::uint64_t frame = frames_++;
    const std::size_t wanted = hierarchy_.values();
    if (words_.size() < wanted && lines_.has_no_end())
      return lines_.fault(ErrorCode::kDamaged, "the file is cut off");
    if (words_.size() != wanted) {
      sink.refuse(fmt::format("{}: a frame of {} numbers, where the channels of all joints are {}",
                              place(), words_.size(), wanted));
      return {};
    }
    // As many nanoseconds as are nearest, so that stamps are as short as the frame time.
    const double ns = std::round(static_cast<double>(frame) * frame_seconds_ * 1e9);
    constexpr double kNsMax = 9.2e18;
    if (ns > kNsMax || !put_frame(frame)) {
      sink.refuse(fmt::format("{}: {}", place(),
                              ns > kNsMax ? "behind the end of time" : "a value is no number"));
      return {};
    }
    return sink.frame(track_, Timestamp::from_ns(static_cast<std::int64_t>(ns)), bytes_of(map_));
  }

  // REQUIRES: as many words as there are values. False: one of them is no number.
  bool put_frame(std::uint64_t frame) {
    const auto head = [&](auto put) { item::append_item(map_, put); };
    map_.clear();
    head([](std::uint8_t*& at) { item::put_map(at, 2); });
    item::append_text(map_, "frame");
    head([&](std::uint8_t*& at) { item::put_unsigned(at, frame); });
    item::append_text(map_, "joints");
    std::size_t moving = 0;
    for (const Joint& joint : hierarchy_.joints()) moving += joint.channels.empty() ? 0 : 1;
    head([&](std::uint8_t*& at) { item::put_map(at, moving); });
    std::size_t next = 0;
    for (const Joint& joint : hierarchy_.joints()) {
      if (joint.channels.empty()) continue;
      item::append_text(map_, joint.name);
      head([&](std::uint8_t*& at) { item::put_array(at, joint.channels.size()); });
      for (std::size_t n = 0; n < joint.channels.size(); ++n) {
        const std::optional<double> value = parse_decimal(words_[next++]);
        if (!value) return false;
        head([&](std::uint8_t*& at) {
          item::put_float64(at, std::bit_cast<std::uint64_t>(*value));
        });
      }
    }
    return true;
  }

  TextLines lines_;
  const std::string track_;
  BvhHierarchy hierarchy_;
  double frames_said_ = 0;
  double frame_seconds_ = 0;
  std::vector<std::string_view> words_;
  std::string map_;
  std::uint64_t frames_ = 0;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_bvh(const FoundRecording& recording,
                                               const ImportOptions&) {
  Result<TextLines> lines = TextLines::open(recording.path);
  if (!lines) return tl::unexpected(lines.error());
  auto file = std::make_unique<BvhFile>(std::move(*lines), file_track(recording));
  if (Status opened = file->open(); !opened) return tl::unexpected(opened.error());
  return file;
}

}  // namespace zbag
