// One record of an MCAP file: an opcode, the length of its content, the content; all little-endian.
//
//   McapRecord record(Opcode::kHeader, bytes);
//   record.text(profile).text(library).close();
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "player/imports/mcap/mcap_format.hpp"
#include "schemas/byte_io.hpp"

namespace zbag {

class McapRecord {
 public:
  static constexpr std::size_t kHeadBytes = 9;

  // Begins one behind what `out` holds, which is lent.
  McapRecord(McapOpcode opcode, std::string& out) : out_(out) {
    out_ += static_cast<char>(opcode);
    number(std::uint64_t{0});
    start_ = out_.size();
  }

  template <class T>
  McapRecord& number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  McapRecord& text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    return bytes(text);
  }
  McapRecord& bytes(std::string_view bytes) {
    out_ += bytes;
    return *this;
  }
  McapRecord& texts(const McapTexts& texts) {
    std::size_t size = 0;
    for (const auto& [name, value] : texts) size += 8 + name.size() + value.size();
    number(static_cast<std::uint32_t>(size));
    for (const auto& [name, value] : texts) text(name).text(value);
    return *this;
  }
  // Content that is written elsewhere, right behind the record, belongs to it, too.
  void close(std::uint64_t bytes_behind = 0) {
    const std::uint64_t length = out_.size() - start_ + bytes_behind;
    std::memcpy(out_.data() + start_ - sizeof length, &length, sizeof length);
  }

 private:
  std::string& out_;
  std::size_t start_ = 0;
};

}  // namespace zbag
