#include "player/exports/messages/json_sink.hpp"

#include <cmath>

#include "schemas/json_text.hpp"
#include "schemas/shortest_text.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;

}  // namespace

void JsonSink::begin_member(std::string_view name) {
  separate();
  write_json_text(name, out_);
  out_ += ':';
}

void JsonSink::write_int(Scalar scalar, std::uint64_t bits, bool is_above_int64) {
  if (scalar == Scalar::kBool) {
    out_ += bits != 0 ? "true" : "false";
  } else if (is_above_int64) {
    append_shortest(bits, out_);
  } else {
    append_shortest(static_cast<std::int64_t>(bits), out_);
  }
}

void JsonSink::write_float(Scalar, double number) {
  if (!std::isfinite(number)) {
    out_ += "null";
    return;
  }
  write_json_float(number, out_);
}

void JsonSink::write_text(std::string_view text) {
  if (is_utf8(text)) return write_json_text(text, out_);
  write_json(Value(text), out_);
}

void JsonSink::write_bytes(std::span<const std::uint8_t> bytes) {
  out_ += '"';
  out_ += base64(text_of(bytes));
  out_ += '"';
}

void JsonSink::write_time(std::int64_t ns) {
  std::int64_t seconds = ns / kNanos;
  if (ns % kNanos < 0) --seconds;
  out_ += "{\"sec\":" + std::to_string(seconds) +
          ",\"nsec\":" + std::to_string(ns - seconds * kNanos) + "}";
}

}  // namespace zbag
