// Messages as JSON, in the dialect of json_text.hpp but that a number which is none of JSON, NaN or
// infinite, is null: who reads a message wants numbers there. Bytes are base64, a time is {"sec",
// "nsec"}.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "player/exports/messages/message_sink.hpp"

namespace zbag {

class JsonSink : public MessageSink {
 public:
  // Appends to `out`.
  explicit JsonSink(std::string& out) : out_(out) {}

  void begin_message() override { open('{'); }
  void begin_member(std::string_view name) override;
  void end_message() override { close('}'); }
  void begin_list(std::size_t, bool) override { open('['); }
  void begin_element() override { separate(); }
  void end_list() override { close(']'); }
  void write_int(Scalar scalar, std::uint64_t bits, bool is_above_int64) override;
  void write_float(Scalar scalar, double number) override;
  void write_text(std::string_view text) override;
  void write_bytes(std::span<const std::uint8_t> bytes) override;
  void write_time(std::int64_t ns) override;
  bool has_gaps() const override { return true; }

 private:
  void open(char brace) {
    out_ += brace;
    is_first_ = true;
  }
  void close(char brace) {
    out_ += brace;
    is_first_ = false;
  }
  void separate() {
    if (!is_first_) out_ += ',';
    is_first_ = false;
  }

  std::string& out_;
  bool is_first_ = true;
};

}  // namespace zbag
