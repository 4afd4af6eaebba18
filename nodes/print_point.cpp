#include "nodes/print_point.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "nodes/brief_text.hpp"
#include "nodes/errors.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal_size.hpp"
#include "schemas/chosen_fields.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/item.hpp"
#include "schemas/json_text.hpp"
#include "schemas/put_item.hpp"

namespace zbag {
namespace {

// A _seq or _src that is no uint is a field.
bool is_reserved(const PairBytes& pair) {
  return pair.name == "_ts" ||
         ((pair.name == "_seq" || pair.name == "_src") && read_unsigned(pair.value));
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

void add_point_style(OptionTable& options, PointStyle& style) {
  options.add("--format", style.format,
              option_type::one_of<PointFormat>("F", {{"json", PointFormat::kJson},
                                                     {"yaml", PointFormat::kYaml},
                                                     {"raw", PointFormat::kRaw}}),
              "json, yaml, or raw (MessagePack [track, map])");
  options.add_flag("--all", style.all,
                   "Shows _src and _seq too, and on a terminal long values whole");
  options.add_flag("--human", style.human, "Shows times as 2026-11-20T10:00:00.123456Z");
}

Status check_style(const PointStyle& style) {
  if (!style.human || style.format != PointFormat::kRaw) return {};
  return fail(ErrorCode::kInvalid, "--human is for text: it does not go with --format raw");
}

PointPrinter::PointPrinter(PointStyle style, std::vector<std::string> columns)
    : style_(style),
      is_brief_(!style.all && style.format != PointFormat::kRaw && is_terminal(STDOUT_FILENO)),
      columns_(std::move(columns)) {}

bool PointPrinter::print(std::string_view track, Timestamp stamp, const Fields& fields) {
  std::string map;
  encode_fields(fields, map);
  return print(track, stamp, bytes_of(map));
}

bool PointPrinter::print(std::string_view track, Timestamp stamp, std::span<const std::uint8_t> map,
                         std::optional<std::uint64_t> src, std::optional<std::uint64_t> seq) {
  members_.clear();
  const MapBytes pairs = open_map(map).value_or(MapBytes{});
  PairWalk walk(pairs.pairs, pairs.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (!src && pair->name == "_src") src = read_unsigned(pair->value);
    if (!seq && pair->name == "_seq") seq = read_unsigned(pair->value);
    if (!is_reserved(*pair)) take(std::string(pair->name), pair->value);
  }
  if (!style_.all) src = seq = std::nullopt;
  if (style_.format == PointFormat::kRaw) {
    print_raw(track, stamp, src, seq);
  } else {
    print_text(track, stamp, src, seq);
  }
  constexpr std::size_t kBufferBytes = 64u << 10;
  return error_ == 0 && (out_.size() < kBufferBytes || flush());
}

// Of columns that are chosen, those that the field has, by dotted names.
void PointPrinter::take(std::string name, std::span<const std::uint8_t> value) {
  const std::optional<MapBytes> map = columns_.empty() ? std::nullopt : open_map(value);
  if (map && map->count > 0) {
    PairWalk walk(map->pairs, map->count);
    while (const std::optional<PairBytes> pair = walk.next())
      take(name + "." + std::string(pair->name), pair->value);
    return;
  }
  if (!is_chosen_field(columns_, name)) return;
  // {"a":{"b":1},"a.b":2}: there may be two of one dotted name.
  const auto is_taken = [&] {
    return std::any_of(members_.begin(), members_.end(),
                       [&](const Member& other) { return other.name == name; });
  };
  while (!columns_.empty() && is_taken()) name += '_';
  members_.push_back({std::move(name), value});
}

// [track, {_ts, fields...}]
void PointPrinter::print_raw(std::string_view track, Timestamp stamp,
                             std::optional<std::uint64_t> src, std::optional<std::uint64_t> seq) {
  std::array<std::uint8_t, item::kHeadMax> head{};
  const auto put = [&](auto write) {
    std::uint8_t* at = head.data();
    write(at);
    out_.append(reinterpret_cast<const char*>(head.data()),
                static_cast<std::size_t>(at - head.data()));
  };
  const std::size_t count = members_.size() + 1 + (src ? 1 : 0) + (seq ? 1 : 0);
  put([](std::uint8_t*& at) { item::put_array(at, 2); });
  encode_value(Value(track), out_);
  put([&](std::uint8_t*& at) { item::put_map(at, count); });
  const auto member = [&](std::string_view name) { encode_value(Value(name), out_); };
  member("_ts");
  encode_value(Value(stamp.seconds()), out_);
  if (src) member("_src");
  if (src) encode_value(Value(*src), out_);
  if (seq) member("_seq");
  if (seq) encode_value(Value(*seq), out_);
  for (const Member& one : members_) {
    member(one.name);
    out_.append(reinterpret_cast<const char*>(one.value.data()), one.value.size());
  }
}

// A YAML document whose values are JSON: flow style, which keeps "1" a text and 1.0 a float.
void PointPrinter::print_text(std::string_view track, Timestamp stamp,
                              std::optional<std::uint64_t> src, std::optional<std::uint64_t> seq) {
  const bool is_yaml = style_.format == PointFormat::kYaml;
  const std::size_t line_begin = out_.size();
  out_ += is_yaml ? "---\n_ts: " : "{\"_ts\":";
  if (style_.human) {
    write_json_text(iso_micro_text(stamp), out_);
  } else {
    out_ += seconds_text(stamp.seconds());
  }
  print_name("track");
  write_json_text(track, out_);
  if (src) print_name("_src");
  if (src) write_json_text(fmt::format("{:016x}", *src), out_);
  if (seq) print_name("_seq");
  if (seq) out_ += fmt::format("{}", *seq);
  print_members(line_begin);
  out_ += is_yaml ? "\n" : "}\n";
}

void PointPrinter::print_name(std::string_view name) {
  const bool is_yaml = style_.format == PointFormat::kYaml;
  out_ += is_yaml ? "\n" : ",";
  if (is_yaml && name == "track") {
    out_ += name;
  } else {
    write_json_text(name, out_);
  }
  out_ += is_yaml ? ": " : ":";
}

void PointPrinter::print_members(std::size_t line_begin) {
  // What is large is printed as it is made. A failure shows when the point is done.
  const JsonDrain drain = [this] { flush(); };
  BriefText brief(out_, line_begin);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& one = members_[i];
    if (is_brief_ && brief.is_full()) {
      out_ += style_.format == PointFormat::kYaml ? "\n# " : ",";
      out_ += fmt::format("\u2026 {} more", count_text(members_.size() - i));
      return;
    }
    print_name(member_name(escaped_name(one.name, "track"), JsonDialect::kPlain));
    if (is_brief_) {
      brief.write(one.value);
    } else {
      write_json_item(one.value, out_, JsonDialect::kPlain, drain);
    }
  }
}

bool PointPrinter::flush() {
  const bool written =
      std::fwrite(out_.data(), 1, out_.size(), stdout) == out_.size() && std::fflush(stdout) == 0;
  if (!written && error_ == 0) error_ = errno;
  out_.clear();
  return written;
}

int PointPrinter::exit_code(const std::string& verb) const {
  if (error_ == EPIPE) return kExitDone;
  return show(verb, {error_ == ENOSPC ? ErrorCode::kDiskFull : ErrorCode::kIo,
                     fmt::format("stdout: {}", std::strerror(error_))});
}

}  // namespace zbag
