#include "nodes/print_point.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "nodes/errors.hpp"
#include "player/formats/exporter.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Fields a reader of the track wants: not the reserved ones, `track` renamed.
Fields shown(const Fields& fields, const std::vector<std::string>& columns) {
  Fields kept;
  for (const auto& [name, value] : fields) {
    if (name == "_ts" || name == "_seq" || name == "_src") continue;
    kept.emplace_back(name == "track" ? "track_" : name, value);
  }
  return columns.empty() ? kept : flatten(kept, columns);
}

}  // namespace

void add_point_format(OptionTable& options, PointFormat& format) {
  options.add("--format", format,
              option_type::one_of<PointFormat>("F", {{"json", PointFormat::kJson},
                                                     {"yaml", PointFormat::kYaml},
                                                     {"raw", PointFormat::kRaw}}),
              "json, yaml, or raw (MessagePack [track, map])");
}

PointPrinter::PointPrinter(PointFormat format, std::vector<std::string> columns, bool all)
    : format_(format), columns_(std::move(columns)), all_(all) {}

bool PointPrinter::print(std::string_view track, Timestamp stamp, const Fields& fields,
                         std::optional<std::uint64_t> src, std::optional<std::uint64_t> seq) {
  const auto reserved = [&](const char* name) {
    const auto* number = field_as<std::uint64_t>(fields, name);
    return number == nullptr ? std::nullopt : std::optional(*number);
  };
  if (!src) src = reserved("_src");
  if (!seq) seq = reserved("_seq");
  if (format_ == PointFormat::kRaw) {
    // [track, {_ts, fields...}]
    Fields map{{"_ts", stamp.seconds()}};
    if (all_ && src) map.emplace_back("_src", *src);
    if (all_ && seq) map.emplace_back("_seq", *seq);
    for (auto& field : columns_.empty() ? fields : flatten(fields, columns_)) {
      if (field.first != "_ts" && field.first != "_seq" && field.first != "_src")
        map.push_back(field);
    }
    encode_value(Array{Value(track), Value(std::move(map))}, out_);
  } else {
    std::string ts = seconds_text(stamp.seconds());
    std::string name;
    write_json_text(track, name);
    const bool is_yaml = format_ == PointFormat::kYaml;
    // A YAML document whose values are JSON: flow style, which keeps "1" a text and 1.0 a float.
    out_ +=
        is_yaml ? "---\n_ts: " + ts + "\ntrack: " + name : "{\"_ts\":" + ts + ",\"track\":" + name;
    const auto member = [&](std::string_view key, const Value& value) {
      out_ += is_yaml ? "\n" : ",";
      write_json_text(key, out_);
      out_ += is_yaml ? ": " : ":";
      write_json(value, out_);
    };
    if (all_ && src) member("_src", fmt::format("{:016x}", *src));
    if (all_ && seq) member("_seq", *seq);
    for (const auto& [key, value] : shown(fields, columns_))
      member(is_utf8(key) ? key : printable(key), value);
    out_ += is_yaml ? "\n" : "}\n";
  }
  constexpr std::size_t kBufferBytes = 64u << 10;
  return out_.size() < kBufferBytes || flush();
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
