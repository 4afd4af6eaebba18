#include "player/exports/messages/cdr_sink.hpp"

#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr std::string_view kLittleEndian{"\0\1\0\0", 4};
constexpr std::int64_t kNanos = 1'000'000'000;

}  // namespace

CdrSink::CdrSink(std::string& out) : out_(out) {
  out_ += kLittleEndian;
  start_ = out_.size();
}

template <class T>
void CdrSink::put(T value) {
  const std::size_t over = (out_.size() - start_) % sizeof value;
  if (over != 0) out_.append(sizeof value - over, '\0');
  out_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void CdrSink::begin_list(std::size_t count, bool is_fixed) {
  if (!is_fixed) put(static_cast<std::uint32_t>(count));
}

void CdrSink::write_int(Scalar scalar, std::uint64_t bits, bool) {
  switch (scalar) {
    case Scalar::kBool:
    case Scalar::kInt8:
    case Scalar::kUint8:
      return put(static_cast<std::uint8_t>(bits));
    case Scalar::kInt16:
    case Scalar::kUint16:
      return put(static_cast<std::uint16_t>(bits));
    case Scalar::kInt32:
    case Scalar::kUint32:
      return put(static_cast<std::uint32_t>(bits));
    default:
      return put(bits);
  }
}

void CdrSink::write_float(Scalar scalar, double number) {
  if (scalar == Scalar::kFloat32) return put(static_cast<float>(number));
  put(number);
}

// The length counts the zero behind it.
void CdrSink::write_text(std::string_view text) {
  put(static_cast<std::uint32_t>(text.size() + 1));
  out_ += text;
  out_ += '\0';
}

void CdrSink::write_bytes(std::span<const std::uint8_t> bytes) {
  put(static_cast<std::uint32_t>(bytes.size()));
  out_ += text_of(bytes);
}

void CdrSink::write_time(std::int64_t ns) {
  std::int64_t seconds = ns / kNanos;
  if (ns % kNanos < 0) --seconds;
  put(static_cast<std::int32_t>(seconds));
  put(static_cast<std::uint32_t>(ns - seconds * kNanos));
}

}  // namespace zbag
