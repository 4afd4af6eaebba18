// Values as a terminal shows them, which is read by eye: JSON as json_text.hpp has it, but that
// what is long stands for itself by its size.
//
//   bin      <bin 921,600 B>
//   ext      <ext 5, 1,234 B>
//   arrays   of more than 8 values: [1.0,2.0,3.0,4.0,… 1,077 more]
//   text     of more than 120 bytes: "the beginning… 4,880 B more"
//   maps     of more than 32 fields: {"a":1,… 68 more}
//
// What comes behind 1,600 bytes of a line is "…" alone: a frame is a screen at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "schemas/timestamp.hpp"

namespace zbag {

class BriefText {
 public:
  // Appends to `out`, where the line begins at `begin`.
  BriefText(std::string& out, std::size_t begin) : out_(out), begin_(begin) {}

  // An item of MessagePack. REQUIRES: it was validated.
  void write(std::span<const std::uint8_t> item);
  // Whether the line is as long as it may be.
  bool is_full() const;

 private:
  struct Walk;

  std::string& out_;
  std::size_t begin_;
};

// "2026-11-20T10:00:00.123456Z": to the nearest microsecond.
std::string iso_micro_text(Timestamp stamp);

}  // namespace zbag
