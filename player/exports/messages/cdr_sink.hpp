// Messages in CDR, as ROS 2 has them on the wire and in bags: little-endian, every number aligned
// to its size behind a head of four bytes. A time is seconds and nanoseconds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "player/exports/messages/message_sink.hpp"

namespace zbag {

class CdrSink : public MessageSink {
 public:
  // Begins a message behind what `out` holds.
  explicit CdrSink(std::string& out);

  void begin_message() override {}
  void begin_member(std::string_view) override {}
  void end_message() override {}
  void begin_list(std::size_t count, bool is_fixed) override;
  void begin_element() override {}
  void end_list() override {}
  void write_int(Scalar scalar, std::uint64_t bits, bool is_above_int64) override;
  void write_float(Scalar scalar, double number) override;
  void write_text(std::string_view text) override;
  void write_bytes(std::span<const std::uint8_t> bytes) override;
  void write_time(std::int64_t ns) override;
  bool has_gaps() const override { return false; }

 private:
  template <class T>
  void put(T value);

  std::string& out_;
  std::size_t start_;  // from where on numbers are aligned
};

}  // namespace zbag
