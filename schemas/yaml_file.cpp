#include "schemas/yaml_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <vector>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::uintmax_t kFileBytesMax = 1u << 20;
constexpr std::size_t kValuesMax = 100'000;

tl::unexpected<Error> bad(const std::string& path, int line, const std::string& what) {
  return fail(ErrorCode::kInvalid, fmt::format("{}:{}: {}", path, line + 1, what));
}

// Every map of it and of what it holds. What an alias stands for counts each time.
Status check_maps(const std::string& path, const YAML::Node& node, std::size_t& values) {
  if (++values > kValuesMax)
    return bad(path, node.Mark().line, fmt::format("more than {} values", kValuesMax));
  std::set<std::string> keys;
  for (const auto& entry : node) {
    const YAML::Node& value = node.IsMap() ? entry.second : entry;
    if (node.IsMap()) {
      if (!entry.first.IsScalar()) return bad(path, entry.first.Mark().line, "a key is no text");
      if (const auto& key = entry.first.Scalar(); !keys.insert(key).second)
        return bad(path, entry.first.Mark().line, printable(key) + " is there twice");
    }
    if (Status status = check_maps(path, value, values); !status) return status;
  }
  return {};
}

}  // namespace

Status check_yaml_file(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    return fail(ErrorCode::kNotFound, path + ": no such file, or not readable");
  if (!std::filesystem::is_regular_file(status))
    return fail(ErrorCode::kNotFound, path + ": it is no file");
  if (std::filesystem::file_size(path, error) > kFileBytesMax)
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: it has more than {} MiB", path, kFileBytesMax >> 20));
  return {};
}

Result<YAML::Node> load_yaml(const std::string& path) {
  if (Status file = check_yaml_file(path); !file) return tl::unexpected(file.error());
  try {
    std::vector<YAML::Node> documents = YAML::LoadAllFromFile(path);
    if (documents.empty()) return YAML::Node();
    if (documents.size() > 1)
      return bad(path, documents[1].Mark().line, "a second document, which would be ignored");
    std::size_t values = 0;
    if (Status maps = check_maps(path, documents[0], values); !maps)
      return tl::unexpected(maps.error());
    return documents[0];
  } catch (const YAML::BadFile&) {
    return fail(ErrorCode::kNotFound, path + ": no such file, or not readable");
  } catch (const YAML::Exception& error) {
    return bad(path, error.mark.line, error.msg);
  }
}

}  // namespace zbag
