#include "player/imports/rosbag2/bag_folder.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

#include "player/imports/outward_link.hpp"
#include "schemas/track_name.hpp"
#include "schemas/yaml_file.hpp"

namespace zbag {
namespace {

constexpr const char* kName = "metadata.yaml";
constexpr int kVersionMax = 9;  // of ROS 2 Jazzy
constexpr const char* kRoot = "rosbag2_bagfile_information";

std::string text_in(const YAML::Node& map, const char* name) {
  const YAML::Node value = map[name];
  return value.IsDefined() && value.IsScalar() ? value.Scalar() : std::string();
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return text;
}

Fields described_by(const YAML::Node& root) {
  Fields fields;
  for (const char* const name : {"version", "storage_identifier", "ros_distro"}) {
    if (std::string text = text_in(root, name); !text.empty())
      fields.emplace_back(name, Value(std::move(text)));
  }
  Fields custom;
  if (const YAML::Node more = root["custom_data"]; more.IsDefined() && more.IsMap()) {
    for (const auto& one : more) {
      if (one.second.IsScalar())
        custom.emplace_back(one.first.Scalar(), Value(one.second.Scalar()));
    }
  }
  if (!custom.empty()) fields.emplace_back("custom_data", Value(std::move(custom)));
  return fields;
}

Result<BagFolder> folder_of(const std::string& folder, const YAML::Node& document) {
  const std::string path = folder + "/" + kName;
  const auto bad = [&](ErrorCode code, const std::string& what) {
    return fail(code, fmt::format("{}: {}", path, what));
  };
  const YAML::Node root =
      document.IsMap() ? document[kRoot] : YAML::Node(YAML::NodeType::Undefined);
  if (!root.IsDefined() || !root.IsMap()) return bad(ErrorCode::kDamaged, "it is none of rosbag2");
  // The first bags did not say theirs.
  if (const YAML::Node version = root["version"];
      version.IsDefined() &&
      !(version.IsScalar() && version.as<int>(-1) >= 0 && version.as<int>(-1) <= kVersionMax)) {
    return bad(ErrorCode::kUnsupported,
               fmt::format("version {} of rosbag2, and 0 to {} are read here: import the files in "
                           "the folder themselves",
                           printable(text_in(root, "version")), kVersionMax));
  }
  const YAML::Node files = root["relative_file_paths"];
  if (!files.IsDefined() || !files.IsSequence() || files.size() == 0)
    return bad(ErrorCode::kDamaged, "it names no files");
  BagFolder found{.described = described_by(root)};
  for (const auto& file : files) {
    const std::filesystem::path name = file.IsScalar() ? file.Scalar() : std::string();
    const std::filesystem::path at = std::filesystem::path(folder) / name;
    const bool is_within =
        !name.empty() && name.is_relative() && *name.lexically_normal().begin() != "..";
    std::error_code unknown;
    if (!is_within || (std::filesystem::exists(at, unknown) && leads_out_of(folder, at))) {
      return bad(ErrorCode::kDamaged,
                 fmt::format("file {} is not within the folder", printable(name.string())));
    }
    found.files.push_back(at.string());
  }
  const std::string mode = lower(text_in(root, "compression_mode"));
  const std::string format = lower(text_in(root, "compression_format"));
  const bool is_packed = mode == "message" || mode == "file";
  if (is_packed && format != "zstd" && !format.empty())
    return bad(ErrorCode::kUnsupported,
               fmt::format("compression {} is not known", printable(format)));
  found.has_packed_messages = mode == "message";
  return found;
}

}  // namespace

// Others have files of that name, too: it begins with what it is of.
bool is_rosbag2_folder(const std::string& folder) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::path(folder) / kName;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::string begin(4096, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<std::size_t>(file.gcount()));
  return begin.find(kRoot) != std::string::npos;
}

Result<BagFolder> read_bag_folder(const std::string& folder) {
  const std::string path = folder + "/" + kName;
  try {
    const Result<YAML::Node> document = load_yaml(path);
    if (!document && document.error().code == ErrorCode::kInvalid)
      return fail(ErrorCode::kDamaged, document.error().message);
    if (!document) return tl::unexpected(document.error());
    return folder_of(folder, *document);
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kDamaged, fmt::format("{}: {}", path, error.msg));
  }
}

}  // namespace zbag
