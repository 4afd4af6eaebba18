#include "nodes/print_point.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "nodes/brief_text.hpp"
#include "nodes/errors.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal_size.hpp"
#include "player/exports/whole_stdout.hpp"
#include "schemas/chosen_fields.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/item.hpp"
#include "schemas/json_text.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kBufferBytes = 64u << 10;

// A _seq or _src that is no uint is a field.
bool is_reserved(const PairBytes& pair) {
  return pair.name == "_ts" ||
         ((pair.name == "_seq" || pair.name == "_src") && read_unsigned(pair.value));
}

// Whether a value is written as an object.
bool is_object(std::span<const std::uint8_t> value) {
  const item::Type type = item::kLeads[value.front()].type;
  if (type == item::Type::kMap || type == item::Type::kExtension) return true;
  item::Cursor in(value);
  std::span<const std::uint8_t> text;
  return item::take_text(in, text) && !is_utf8(text_of(text));
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
  options.explain(
      {"JSON",
       {{"null \"inf\" \"-inf\"",
         "NaN and infinities, which JSON does not have, as export and sql write and import reads "
         "them; nil is null, too (export --format jsonl tells it apart: {\"$nil\":true})"},
        {"bytes", "in base64"}}});
}

Status check_style(const PointStyle& style) {
  if (!style.human || style.format != PointFormat::kRaw) return {};
  return fail(ErrorCode::kInvalid, "--human is for text: it does not go with --format raw");
}

PointPrinter::PointPrinter(PointStyle style, std::vector<std::string> columns)
    : style_(style),
      is_brief_(!style.all && style.format != PointFormat::kRaw && is_terminal(STDOUT_FILENO)),
      columns_(std::move(columns)) {}

bool PointPrinter::print(std::string_view track, Timestamp stamp, std::span<const std::uint8_t> map,
                         std::optional<std::uint64_t> src, std::optional<std::uint64_t> seq) {
  map_ = open_map(map).value_or(MapBytes{});
  members_ = 0;
  PairWalk walk(map_.pairs, map_.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (!src && pair->name == "_src") src = read_unsigned(pair->value);
    if (!seq && pair->name == "_seq") seq = read_unsigned(pair->value);
    members_ += is_reserved(*pair) ? 0 : 1;
  }
  if (!columns_.empty()) {
    chosen_.clear();
    names_.clear();
    choose(map_, {});
    members_ = chosen_.size();
  }
  if (!style_.all) src = seq = std::nullopt;
  if (style_.format == PointFormat::kRaw) {
    print_raw(track, stamp, src, seq);
  } else {
    print_text(track, stamp, src, seq);
  }
  return error_ == 0 && (out_.size() < kBufferBytes || flush());
}

void PointPrinter::choose(const MapBytes& map, std::string_view front) {
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (front.empty() && is_reserved(*pair)) continue;
    std::string name = std::string(front).append(pair->name);
    const std::optional<MapBytes> inner = open_map(pair->value);
    if (inner && inner->count > 0) {
      choose(*inner, name + ".");
      continue;
    }
    if (!is_chosen_field(columns_, name)) continue;
    // {"a":{"b":1},"a.b":2}: there may be two of one dotted name.
    auto taken = names_.insert(name);
    while (!taken.second) taken = names_.insert(name += '_');
    chosen_.push_back({*taken.first, pair->value});
  }
}

// Calls each(name, value) of all that is printed, until it gives false.
template <class Each>
void PointPrinter::each_member(Each each) const {
  if (!columns_.empty()) {
    for (const Member& one : chosen_) {
      if (!each(one.name, one.value)) return;
    }
    return;
  }
  PairWalk walk(map_.pairs, map_.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (!is_reserved(*pair) && !each(pair->name, pair->value)) return;
  }
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
  const std::size_t count = members_ + 1 + (src ? 1 : 0) + (seq ? 1 : 0);
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
  each_member([&](std::string_view name, std::span<const std::uint8_t> value) {
    member(name);
    out_.append(text_of(value));
    return true;
  });
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

// What a field is called in its line, which has words of its own. The line of a point whose only
// field is an object called `fields` would be a neutral recording's.
std::string PointPrinter::name_in_line(std::string_view name,
                                       std::span<const std::uint8_t> value) const {
  std::string said = escaped_name(name, "track");
  if (members_ == 1 && is_object(value)) said = escaped_name(said, "fields");
  return member_name(said, JsonDialect::kPlain);
}

void PointPrinter::print_members(std::size_t line_begin) {
  // What is large is printed as it is made. A failure shows when the point is done.
  const JsonDrain drain = [this] { flush(); };
  BriefText brief(out_, line_begin);
  std::size_t left = members_;
  each_member([&](std::string_view name, std::span<const std::uint8_t> value) {
    if (is_brief_ && brief.is_full()) {
      out_ += style_.format == PointFormat::kYaml ? "\n# " : ",";
      out_ += fmt::format("\u2026 {} more", count_text(left));
      return false;
    }
    --left;
    print_name(name_in_line(name, value));
    if (is_brief_) {
      brief.write(value);
    } else {
      write_json_item(value, out_, JsonDialect::kPlain, drain);
      if (out_.size() >= kBufferBytes) flush();
    }
    return true;
  });
}

bool PointPrinter::flush() {
  if (error_ == 0 && !write_stdout(out_)) error_ = errno;
  out_.clear();
  return error_ == 0;
}

int PointPrinter::exit_code(const std::string& verb) const {
  if (error_ == EPIPE) return kExitDone;
  return show(verb, {ErrorCode::kIo, fmt::format("stdout: {}", std::strerror(error_))});
}

}  // namespace zbag
