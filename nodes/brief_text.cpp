#include "nodes/brief_text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "nodes/number_text.hpp"
#include "schemas/item.hpp"
#include "schemas/json_text.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kLineBytes = 1'600;
constexpr std::size_t kTextBytes = 120;
constexpr std::uint32_t kArrayWhole = 8;
constexpr std::uint32_t kArrayShown = 4;
constexpr std::uint32_t kFieldsShown = 32;
constexpr std::string_view kMore = "\u2026";

std::string more_text(std::size_t count) {
  return fmt::format("{} {} more", kMore, count_text(count));
}

// The beginning of a text, up to a whole character.
std::string_view beginning_of(std::string_view text) {
  std::size_t end = kTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) --end;
  return text.substr(0, end);
}

}  // namespace

// Depth is bounded by the grammar, what is printed by the length of a line.
struct BriefText::Walk {
  BriefText& line;
  std::string& out;

  void value(item::Cursor& in) {
    if (in.left() == 0) return;
    if (line.is_full()) return skip(in);
    std::uint32_t count = 0;
    std::span<const std::uint8_t> bytes;
    std::int8_t type = 0;
    if (item::take_map(in, count)) {
      map(in, count);
    } else if (item::take_array(in, count)) {
      array(in, count);
    } else if (item::take_binary(in, bytes)) {
      out += fmt::format("<bin {} B>", count_text(bytes.size()));
    } else if (item::take_extension(in, type, bytes)) {
      out += fmt::format("<ext {}, {} B>", type, count_text(bytes.size()));
    } else if (item::take_text(in, bytes)) {
      text(text_of(bytes));
    } else if (item::take_whole(in, bytes)) {
      write_json_item(bytes, out);
    }
  }

 private:
  void skip(item::Cursor& in) {
    if (!out.ends_with(kMore)) out += kMore;
    std::span<const std::uint8_t> bytes;
    item::take_whole(in, bytes);
  }

  void text(std::string_view text) {
    if (!is_utf8(text)) {
      out += fmt::format("<str that is not UTF-8, {} B>", count_text(text.size()));
      return;
    }
    if (text.size() <= kTextBytes) return write_json_text(text, out);
    const std::string_view begins = beginning_of(text);
    write_json_text(begins, out);
    out.insert(out.size() - 1,
               fmt::format("{} {} B more", kMore, count_text(text.size() - begins.size())));
  }

  // Shows the first of `count` things, and passes over the others, of `items` items each.
  template <class Show>
  void first_of(std::uint32_t count, std::uint32_t shown, unsigned items, item::Cursor& in,
                const Show& show) {
    std::uint32_t i = 0;
    for (; i < shown && !line.is_full(); ++i) {
      if (i > 0) out += ',';
      show();
    }
    if (i == count) return;
    if (i > 0) out += ',';
    out += more_text(count - i);
    std::span<const std::uint8_t> bytes;
    for (std::uint64_t left = std::uint64_t{count - i} * items; left > 0; --left) {
      if (!item::take_whole(in, bytes)) return;
    }
  }

  void array(item::Cursor& in, std::uint32_t count) {
    out += '[';
    first_of(count, count > kArrayWhole ? kArrayShown : count, 1, in, [&] { value(in); });
    out += ']';
  }

  void map(item::Cursor& in, std::uint32_t count) {
    out += '{';
    first_of(count, std::min(count, kFieldsShown), 2, in, [&] {
      std::span<const std::uint8_t> name;
      if (!item::take_text(in, name)) return;
      text(member_name(text_of(name), JsonDialect::kPlain));
      out += ':';
      value(in);
    });
    out += '}';
  }
};

void BriefText::write(std::span<const std::uint8_t> item) {
  item::Cursor in(item);
  Walk{*this, out_}.value(in);
}

bool BriefText::is_full() const { return out_.size() - begin_ > kLineBytes; }

std::string iso_micro_text(Timestamp stamp) {
  constexpr std::int64_t kMicro = 1'000'000;
  const std::int64_t ns = stamp.ns();
  const std::int64_t rest = ns % 1'000;
  const std::int64_t micro = ns / 1'000 + (rest >= 500 ? 1 : rest < -500 ? -1 : 0);
  const std::int64_t whole = micro / kMicro - (micro % kMicro < 0 ? 1 : 0);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(static_cast<std::time_t>(whole)),
                     micro - whole * kMicro);
}

}  // namespace zbag
