#include "schemas/kinds/known_kinds.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>

#include "schemas/kinds/kind_texts.hpp"
#include "schemas/quantity_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::string_view kQuoted = "!";  // the tag yaml-cpp gives a text in quotes

Value value_of(const YAML::Node& node) {
  if (node.IsMap()) {
    Fields map;
    for (const auto& entry : node) map.emplace_back(entry.first.Scalar(), value_of(entry.second));
    return map;
  }
  if (node.IsSequence()) {
    Array list;
    for (const auto& entry : node) list.push_back(value_of(entry));
    return list;
  }
  if (!node.IsScalar()) return {};
  const std::string& text = node.Scalar();
  if (node.Tag() == kQuoted) return text;
  if (text == "true" || text == "false") return text == "true";
  const std::optional<double> number = parse_decimal(text);
  return number ? Value(*number) : Value(text);
}

// Of the innermost part that is there.
int line_of(const YAML::Node& document, const KindFault& fault) {
  YAML::Node part = document;
  for (const std::string& name : fault.at) {
    YAML::Node inner = part.IsSequence() ? part[std::stoul(name)] : part[name];
    if (!inner) break;
    part.reset(inner);
  }
  return part.Mark().line + 1;
}

}  // namespace

std::vector<std::string> known_kinds() {
  std::vector<std::string> names;
  for (const KindText& one : kind_texts()) names.emplace_back(one.name);
  return names;
}

Result<Kind> known_kind(std::string_view name) {
  for (const KindText& one : kind_texts()) {
    if (one.name == name)
      return kind_of_yaml(YAML::Load(std::string(one.text)), std::string(name) + ".yaml");
  }
  return fail(ErrorCode::kNotFound, fmt::format("there is no kind {}", printable(name)));
}

Result<Kind> kind_of_yaml(const YAML::Node& document, const std::string& path) {
  const Value value = value_of(document);
  const auto* map = value.get_if<Fields>();
  if (map == nullptr) return fail(ErrorCode::kInvalid, path + ": it is no map of a kind");
  tl::expected<Kind, KindFault> kind = parse_kind(*map);
  if (kind) return std::move(*kind);
  return fail(ErrorCode::kInvalid,
              fmt::format("{}:{}: {}", path, line_of(document, kind.error()), kind.error().text()));
}

}  // namespace zbag
