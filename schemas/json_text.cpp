#include "schemas/json_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHexDigits = "0123456789abcdef";

template <class T>
void write_number(T number, std::string& out) {
  std::array<char, 40> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  static_cast<void>(error);
  out.append(text.data(), end);
}

void write_float(double number, std::string& out) {
  if (std::isnan(number)) {
    out += "null";
  } else if (std::isinf(number)) {
    out += number > 0 ? "\"inf\"" : "\"-inf\"";
  } else {
    out += seconds_text(number);
  }
}

void write_bytes(std::string_view bytes, std::string& out) {
  out += "{\"$bin\":\"";
  out += base64(bytes);
  out += "\"}";
}

struct Writer {
  std::string& out;
  JsonDialect dialect;

  void operator()(std::monostate) const {
    out += dialect == JsonDialect::kNeutral ? "{\"$nil\":true}" : "null";
  }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { write_number(value, out); }
  void operator()(std::uint64_t value) const { write_number(value, out); }
  void operator()(float value) const { write_float(static_cast<double>(value), out); }
  void operator()(double value) const { write_float(value, out); }
  void operator()(const std::string& text) const {
    const bool is_word = text == "inf" || text == "-inf";
    if (is_word && dialect == JsonDialect::kNeutral) {
      out += "{\"$str\":\"" + text + "\"}";
    } else if (is_utf8(text)) {
      write_json_text(text, out);
    } else if (dialect == JsonDialect::kNeutral) {
      out += "{\"$str_hex\":\"" + hex(text) + "\"}";
    } else {
      write_bytes(text, out);
    }
  }
  void operator()(const Binary& binary) const {
    if (dialect == JsonDialect::kNeutral) {
      write_bytes(binary.bytes, out);
      return;
    }
    out += '"';
    out += base64(binary.bytes);
    out += '"';
  }
  void operator()(const Extension& extension) const {
    out += "{\"$ext\":";
    write_number(static_cast<int>(extension.type), out);
    out += ",\"$bin\":\"";
    out += base64(extension.bytes);
    out += "\"}";
  }
  void operator()(const Array& array) const {
    out += '[';
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i > 0) out += ',';
      write_json(array[i], out, dialect);
    }
    out += ']';
  }
  void operator()(const Fields& fields) const {
    out += '{';
    write_json_members(fields, out, dialect);
    out += '}';
  }
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void write_json_text(std::string_view text, std::string& out) {
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    auto byte = static_cast<unsigned char>(c);
    // C1, control characters too, are two bytes: what a terminal is shown must not command it.
    const bool may_be_c1 = byte == 0xc2 && i + 1 < text.size();
    const bool is_c1 = may_be_c1 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (is_c1) byte = static_cast<unsigned char>(text[++i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f || is_c1) {
      out += "\\u00";
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15u];
    } else {
      out += c;
    }
  }
  out += '"';
}

void write_json(const Value& value, std::string& out, JsonDialect dialect) {
  std::visit(Writer{out, dialect}, value.variant());
}

void write_json_members(const Fields& fields, std::string& out, JsonDialect dialect) {
  bool is_first = true;
  for (const auto& [name, value] : fields) {
    if (!is_first) out += ',';
    is_first = false;
    std::string shown = is_utf8(name) ? name : printable(name);
    const Binary* binary = value.get_if<Binary>();
    const bool as_hex = binary != nullptr && dialect == JsonDialect::kNeutral;
    if (as_hex) shown += "_hex";
    if (dialect == JsonDialect::kNeutral && shown.starts_with('$')) shown.insert(0, "$");
    // A text field that is called as a bin field is written: its value must not look like hex.
    const std::string* text = value.get_if<std::string>();
    const bool needs_word = text != nullptr && dialect == JsonDialect::kNeutral &&
                            (name.ends_with("_hex") || name == "data_file");
    write_json_text(shown, out);
    out += ':';
    if (as_hex) {
      write_json_text(hex(binary->bytes), out);
    } else if (needs_word && is_utf8(*text)) {
      out += "{\"$str\":";
      write_json_text(*text, out);
      out += '}';
    } else {
      write_json(value, out, dialect);
    }
  }
}

std::string base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= count ? kBase64Digits[group >> (18 - 6 * k) & 63u] : '=';
    }
  }
  return out;
}

std::optional<std::string> unbase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    std::size_t pads = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const char c = text[i + k];
      const bool is_pad = c == '=' && i + 4 == text.size() && k >= 2;
      const std::size_t digit = is_pad ? 0 : kBase64Digits.find(c);
      if (digit == std::string_view::npos || (!is_pad && pads > 0)) return std::nullopt;
      pads += is_pad ? 1 : 0;
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t k = 0; k + pads < 3; ++k)
      out += static_cast<char>(group >> (16 - 8 * k) & 255u);
  }
  return out;
}

std::string hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15u];
  }
  return out;
}

std::optional<std::string> unhex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace zbag
