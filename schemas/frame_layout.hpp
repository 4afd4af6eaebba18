// What the frames of one publisher have in common, learnt so that most are checked without being
// read: every byte but those of numbers, and of the contents of strings, is where it was in the
// frame before. Such a frame is compared with that one under a mask, a few bytes at a time, and
// what the scan of it said is said again.
//
// scan() gives what scan_frame() gives, for every frame; only the time differs. One object serves
// one source of frames, such as a topic, and one limit on items. Remembers two copies of at most
// kLayoutBytesMax bytes. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "schemas/frame_scan.hpp"

namespace zbag {

// Larger frames are mostly payload, which scan_frame() passes over anyway.
inline constexpr std::size_t kLayoutBytesMax = 1024;

class FrameLayout {
 public:
  ScanOutcome scan(std::span<const std::uint8_t> bytes, std::uint32_t items_max = UINT32_MAX);

  // How many frames needed no scan.
  std::uint64_t served() const { return served_; }

 private:
  struct Place {  // of a reserved field's value; no length: there is none
    std::uint32_t at = 0;
    std::uint32_t length = 0;
  };
  bool fits(std::span<const std::uint8_t> bytes) const;
  bool recall(std::span<const std::uint8_t> bytes, FrameScan& scan) const;
  void learn(std::span<const std::uint8_t> bytes, const FrameScan& scan);
  void loosen(std::span<const std::uint8_t> value, std::size_t at);

  // Of the frame learnt from, as words; the last one filled up with zeros that count for nothing.
  std::vector<std::uint64_t> pattern_;
  std::vector<std::uint64_t> mask_;  // the bits of it that all frames of this layout share
  std::size_t size_ = 0;
  FrameScan scan_;
  Place stamp_, seq_, src_;

  // A source that has no layout is soon left alone: after a layout that served few frames, more and
  // more others pass before another is learnt.
  std::uint64_t served_ = 0;
  std::uint64_t served_before_ = 0;  // by layouts before this one
  std::uint32_t patience_ = 1;
  std::uint32_t missed_ = 0;
};

}  // namespace zbag
