#include "nodes/kind_argument.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include "nodes/nearest.hpp"
#include "schemas/kinds/known_kinds.hpp"
#include "schemas/yaml_file.hpp"

namespace zbag {

Result<Kind> read_kind(const std::string& name) {
  const bool is_file =
      name.find('/') != std::string::npos || name.ends_with(".yaml") || name.ends_with(".yml");
  if (is_file) {
    const Result<YAML::Node> document = load_yaml(name);
    if (!document) return tl::unexpected(document.error());
    return kind_of_yaml(*document, name);
  }
  Result<Kind> kind = known_kind(name);
  if (kind) return kind;
  const std::string hint = nearest_hint(name, known_kinds());
  return fail(ErrorCode::kNotFound,
              kind.error().message + (hint.empty() ? "; there are " + known_kinds_text() : hint));
}

std::string known_kinds_text() { return fmt::format("{}", fmt::join(known_kinds(), ", ")); }

}  // namespace zbag
