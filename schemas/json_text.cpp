#include "schemas/json_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <vector>

#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/shortest_text.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHexDigits = "0123456789abcdef";

constexpr std::string_view kHexEnd = "_hex";

// The names in a map that a bin field beside them would be written as, found when the first comes.
class HexNames {
 public:
  HexNames(std::span<const std::uint8_t> pairs, std::uint32_t count) : walk_(pairs, count) {}

  // Whether the map holds `name`_hex.
  bool has(std::string_view name) {
    if (!stems_) find();
    return std::binary_search(stems_->begin(), stems_->end(), name);
  }

 private:
  void find() {
    stems_.emplace();
    while (const std::optional<PairBytes> pair = walk_.next()) {
      if (pair->name.ends_with(kHexEnd))
        stems_->push_back(pair->name.substr(0, pair->name.size() - kHexEnd.size()));
    }
    std::sort(stems_->begin(), stems_->end());
  }

  PairWalk walk_;
  std::optional<std::vector<std::string_view>> stems_;
};

// Writes an item of MessagePack that was validated. Depth is bounded by its grammar.
class ItemWriter {
 public:
  ItemWriter(std::string& out, JsonDialect dialect, const JsonDrain& drain)
      : out_(out),
        is_neutral_(dialect == JsonDialect::kNeutral),
        dialect_(dialect),
        drain_(drain) {}

  void write(item::Cursor& in) {
    if (in.left() == 0) return;
    std::uint64_t bits = 0;
    bool above_signed = false;
    std::span<const std::uint8_t> bytes;
    std::int8_t type = 0;
    switch (item::kLeads[*in.at].type) {
      case item::Type::kMap:
        write_map(in);
        break;
      case item::Type::kArray:
        write_array(in);
        break;
      case item::Type::kInt:
        if (item::take_int(in, bits, above_signed)) write_int(bits, above_signed);
        break;
      case item::Type::kText:
        if (item::take_text(in, bytes)) write_text(text_of(bytes));
        break;
      case item::Type::kBinary:
        if (item::take_binary(in, bytes)) write_binary(text_of(bytes));
        break;
      case item::Type::kFloat32:
        if (item::take_float32(in, bits)) {
          const auto number = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
          write_json_float(static_cast<double>(number), out_);
        }
        break;
      case item::Type::kFloat64:
        if (item::take_float64(in, bits)) write_json_float(std::bit_cast<double>(bits), out_);
        break;
      case item::Type::kBool:
        if (item::take_bool(in, bits)) out_ += bits != 0 ? "true" : "false";
        break;
      case item::Type::kExtension:
        if (item::take_extension(in, type, bytes)) write_extension(type, text_of(bytes));
        break;
      default:  // nil; what is none was not validated
        ++in.at;
        out_ += is_neutral_ ? "{\"$nil\":true}" : "null";
        break;
    }
  }

  void write_pairs(item::Cursor& in, std::uint32_t pairs) {
    HexNames names({in.at, in.left()}, pairs);
    for (std::uint32_t i = 0; i < pairs; ++i) {
      if (i > 0) out_ += ',';
      std::span<const std::uint8_t> name;
      if (!item::take_text(in, name)) return;
      write_member(text_of(name), in, names);
      make_room();
    }
  }

 private:
  void make_room() const {
    constexpr std::size_t kRoomBytes = 64u << 10;
    if (drain_ && out_.size() >= kRoomBytes) drain_();
  }
  void write_quoted(std::string_view before, std::string_view text) {
    out_ += before;
    out_ += '"';
    out_ += text;
    out_ += '"';
  }

  void write_map(item::Cursor& in) {
    std::uint32_t pairs = 0;
    if (!item::take_map(in, pairs)) return;
    out_ += '{';
    write_pairs(in, pairs);
    out_ += '}';
  }
  void write_array(item::Cursor& in) {
    std::uint32_t count = 0;
    if (!item::take_array(in, count)) return;
    out_ += '[';
    for (std::uint32_t i = 0; i < count; ++i) {
      if (i > 0) out_ += ',';
      write(in);
      make_room();
    }
    out_ += ']';
  }
  void write_int(std::uint64_t bits, bool above_signed) {
    if (above_signed) {
      append_shortest(bits, out_);
    } else {
      append_shortest(static_cast<std::int64_t>(bits), out_);
    }
  }
  void write_text(std::string_view text) {
    const bool is_word = text == "inf" || text == "-inf";
    if (!is_utf8(text)) {
      write_quoted(is_neutral_ ? "{\"$str_hex\":" : "{\"$bin\":",
                   is_neutral_ ? hex(text) : base64(text));
      out_ += '}';
    } else if (is_word && is_neutral_) {
      write_word(text);
    } else {
      write_json_text(text, out_);
    }
  }
  void write_word(std::string_view text) {
    out_ += "{\"$str\":";
    write_json_text(text, out_);
    out_ += '}';
  }
  void write_binary(std::string_view bytes) {
    if (is_neutral_) out_ += "{\"$bin\":";
    write_quoted({}, base64(bytes));
    if (is_neutral_) out_ += '}';
  }
  void write_extension(std::int8_t type, std::string_view bytes) {
    out_ += "{\"$ext\":";
    append_shortest(std::int64_t{type}, out_);
    write_quoted(",\"$bin\":", base64(bytes));
    out_ += '}';
  }

  void write_member(std::string_view name, item::Cursor& in, HexNames& names) {
    std::string shown = member_name(name, dialect_);
    std::span<const std::uint8_t> bytes;
    item::Cursor ahead = in;
    const bool is_hex =
        is_neutral_ && !name.empty() && item::take_binary(ahead, bytes) && !names.has(name);
    if (is_hex) {
      in = ahead;
      write_json_text(shown.append(kHexEnd), out_);
      out_ += ':';
      write_quoted({}, hex(text_of(bytes)));
      return;
    }
    write_json_text(shown, out_);
    out_ += ':';
    // A text field that is called as a bin field is written: its value must not look like hex.
    const bool needs_word = is_neutral_ && (shown.ends_with(kHexEnd) || shown == "data_file");
    ahead = in;
    if (needs_word && item::take_text(ahead, bytes) && is_utf8(text_of(bytes))) {
      in = ahead;
      write_word(text_of(bytes));
    } else {
      write(in);
    }
  }

  std::string& out_;
  const bool is_neutral_;
  const JsonDialect dialect_;
  const JsonDrain& drain_;
};

// Bytes that write_json_text() looks at twice.
constexpr std::array<bool, 256> kMayNeedEscape = [] {
  std::array<bool, 256> may{};
  for (unsigned byte = 0; byte < 0x20; ++byte) may[byte] = true;
  for (const unsigned byte : {unsigned{'"'}, unsigned{'\\'}, 0x7fu, 0xc2u}) may[byte] = true;
  return may;
}();

constexpr std::string_view kHexName = "$hex:";

// Whether a name begins with "$"s and goes on as a word that both dialects have.
bool looks_like_word(std::string_view name) {
  const std::size_t at = name.find_first_not_of('$');
  if (at == std::string_view::npos || at == 0) return false;
  const std::string_view word = name.substr(at - 1);
  return word.starts_with(kHexName) || word == "$bin" || word == "$ext";
}

bool is_escape_of(std::string_view name, std::string_view word) {
  return name.starts_with(word) &&
         name.find_first_not_of('_', word.size()) == std::string_view::npos;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void write_json_text(std::string_view text, std::string& out) {
  out += '"';
  std::size_t plain = 0;  // where what needs no escape begins
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!kMayNeedEscape[static_cast<unsigned char>(c)]) continue;
    auto byte = static_cast<unsigned char>(c);
    // C1, control characters too, are two bytes: what a terminal is shown must not command it.
    const bool may_be_c1 = byte == 0xc2 && i + 1 < text.size();
    const bool is_c1 = may_be_c1 && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte == 0xc2 && !is_c1) continue;
    out.append(text, plain, i - plain);
    if (is_c1) byte = static_cast<unsigned char>(text[++i]);
    plain = i + 1;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += "\\u00";
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15u];
    }
  }
  out.append(text, plain);
  out += '"';
}

void write_json_float(double number, std::string& out) {
  if (std::isnan(number)) {
    out += "null";
  } else if (std::isinf(number)) {
    out += number > 0 ? "\"inf\"" : "\"-inf\"";
  } else {
    append_shortest(number, out);
  }
}

void write_json(const Value& value, std::string& out, JsonDialect dialect) {
  std::string bytes;
  encode_value(value, bytes);
  write_json_item(bytes_of(bytes), out, dialect);
}

void write_json_item(std::span<const std::uint8_t> item, std::string& out, JsonDialect dialect,
                     const JsonDrain& drain) {
  item::Cursor in(item);
  ItemWriter(out, dialect, drain).write(in);
}

void write_json_members(MapBytes map, std::string& out, JsonDialect dialect,
                        const JsonDrain& drain) {
  item::Cursor in(map.pairs);
  ItemWriter(out, dialect, drain).write_pairs(in, map.count);
}

std::string member_name(std::string_view name, JsonDialect dialect) {
  if (!is_utf8(name)) return std::string(kHexName).append(hex(name));
  const bool is_word =
      dialect == JsonDialect::kNeutral ? name.starts_with('$') : looks_like_word(name);
  return std::string(is_word ? "$" : "").append(name);
}

std::optional<std::string> name_of_member(std::string_view member, JsonDialect dialect) {
  if (member.starts_with(kHexName)) return unhex(member.substr(kHexName.size()));
  const bool is_escaped =
      member.starts_with("$$") && (dialect == JsonDialect::kNeutral || looks_like_word(member));
  return std::string(member.substr(is_escaped ? 1 : 0));
}

std::string escaped_name(std::string_view name, std::string_view word) {
  return std::string(name).append(is_escape_of(name, word) ? "_" : "");
}

std::string unescaped_name(std::string_view name, std::string_view word) {
  const bool is_escaped = is_escape_of(name, word) && name.size() > word.size();
  return std::string(name.substr(0, name.size() - (is_escaped ? 1 : 0)));
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4, '=');
  char* to = out.data();
  const auto byte_at = [&](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(bytes[i])};
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3, to += 4) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    const std::uint32_t group =
        byte_at(i) << 16 | (count > 1 ? byte_at(i + 1) << 8 : 0) | (count > 2 ? byte_at(i + 2) : 0);
    for (unsigned k = 0; k <= count; ++k) to[k] = kBase64Digits[group >> (18 - 6 * k) & 63u];
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
