#include "nodes/print_point.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>

#include "player/exporter.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

std::optional<std::uint64_t> uint_of(const Fields& fields, const char* name) {
  const Value* value = find_field(fields, name);
  const auto* number = value == nullptr ? nullptr : value->get_if<std::uint64_t>();
  return number == nullptr ? std::nullopt : std::optional(*number);
}

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

Result<PointFormat> parse_point_format(const std::string& text) {
  if (text == "json") return PointFormat::kJson;
  if (text == "yaml") return PointFormat::kYaml;
  if (text == "raw") return PointFormat::kRaw;
  return fail(ErrorCode::kInvalid, fmt::format("--format {}: use json, yaml or raw", text));
}

PointPrinter::PointPrinter(PointFormat format, std::vector<std::string> columns, bool all)
    : format_(format), columns_(std::move(columns)), all_(all) {}

bool PointPrinter::print(std::string_view track, Timestamp stamp, const Fields& fields,
                         std::optional<std::uint64_t> src, std::optional<std::uint64_t> seq) {
  if (!src) src = uint_of(fields, "_src");
  if (!seq) seq = uint_of(fields, "_seq");
  if (format_ == PointFormat::kRaw) {
    // [track, {_ts, fields...}]
    Fields map{{"_ts", stamp.seconds()}};
    if (all_ && src) map.emplace_back("_src", *src);
    if (all_ && seq) map.emplace_back("_seq", *seq);
    for (const auto& field : fields) {
      if (field.first != "_ts" && field.first != "_seq" && field.first != "_src") map.push_back(field);
    }
    encode_value(Array{Value(track), Value(std::move(map))}, out_);
  } else {
    const Fields kept = shown(fields, columns_);
    std::string line = "{\"_ts\":" + seconds_text(stamp.seconds()) + ",\"track\":";
    write_json_text(track, line);
    if (all_ && src) line += fmt::format(",\"_src\":\"{:016x}\"", *src);
    if (all_ && seq) line += fmt::format(",\"_seq\":{}", *seq);
    if (!kept.empty()) line += ',';
    write_json_members(kept, line);
    line += '}';
    if (format_ == PointFormat::kYaml) {
      // JSON is YAML: the library reads it and writes it as blocks.
      YAML::Node node = YAML::Load(line);
      node.SetStyle(YAML::EmitterStyle::Block);
      YAML::Emitter block;
      block << node;
      line = std::string("---\n") + block.c_str();
    }
    out_ += line;
    out_ += '\n';
  }
  constexpr std::size_t kBufferBytes = 64u << 10;
  return out_.size() < kBufferBytes || flush();
}

bool PointPrinter::flush() {
  const bool written = std::fwrite(out_.data(), 1, out_.size(), stdout) == out_.size() && std::fflush(stdout) == 0;
  out_.clear();
  return written;
}

}  // namespace zbag
