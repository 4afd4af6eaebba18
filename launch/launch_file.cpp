#include "launch/launch_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>

#include "schemas/quantity_text.hpp"

namespace zbag {
namespace {

constexpr int kIncludeDepthMax = 16;
constexpr int kFilesMax = 256;  // that one launch reads: each may be included many times
// Of a value. Variables are made of variables: a few lines that double one stand for gigabytes.
constexpr std::size_t kValueBytesMax = 64u << 10;
constexpr std::uintmax_t kFileBytesMax = 1u << 20;

using Variables = std::map<std::string, std::string>;

// Thrown inside this file only; read_launch_file() turns it into an Error.
struct BadFile {
  std::string message;
};

[[noreturn]] void refuse(const std::string& file, const YAML::Node& node, const std::string& what) {
  throw BadFile{fmt::format("{}:{}: {}", file, node.Mark().line + 1, what)};
}

std::string lookup(const std::string& name, const Variables& variables, const std::string& file,
                   const YAML::Node& node) {
  if (name.starts_with("env:")) {
    const char* const value = std::getenv(name.c_str() + 4);
    if (value == nullptr)
      refuse(file, node, fmt::format("environment variable {} is not set", name.substr(4)));
    return value;
  }
  const auto it = variables.find(name);
  if (it == variables.end())
    refuse(file, node,
           fmt::format("no variable '{}'; define it under variables:, or give --args {}=...", name,
                       name));
  return it->second;
}

std::string text_of(const YAML::Node& node, const Variables& variables, const std::string& file) {
  if (!node.IsScalar()) refuse(file, node, "expected a plain value");
  const auto raw = node.as<std::string>();
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t begin = raw.find("${", at);
    out += raw.substr(at, begin - at);
    if (begin == std::string::npos) return out;
    const std::size_t end = raw.find('}', begin);
    if (end == std::string::npos) refuse(file, node, fmt::format("'{}' lacks a }}", raw));
    out += lookup(raw.substr(begin + 2, end - begin - 2), variables, file, node);
    if (out.size() > kValueBytesMax)
      refuse(file, node, fmt::format("a value of more than {} KiB", kValueBytesMax >> 10));
    at = end + 1;
  }
}

std::vector<std::string> words_of(const YAML::Node& node, const Variables& variables,
                                  const std::string& file) {
  std::vector<std::string> words;
  if (node.IsSequence()) {
    for (const YAML::Node& item : node) words.push_back(text_of(item, variables, file));
    return words;
  }
  std::istringstream text(text_of(node, variables, file));
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

double number_of(const YAML::Node& node, const Variables& variables, const std::string& file) {
  const std::string text = text_of(node, variables, file);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(value >= 0.0 && value < 1e9))
    refuse(file, node, fmt::format("'{}' is no number", text));
  return value;
}

bool is_true(const YAML::Node& node, const Variables& variables, const std::string& file) {
  const std::string text = text_of(node, variables, file);
  if (text == "true" || text == "yes" || text == "1") return true;
  if (text.empty() || text == "false" || text == "no" || text == "0") return false;
  refuse(file, node, fmt::format("'{}': use true or false", text));
}

void check_keys(const YAML::Node& map, const std::vector<std::string>& known,
                const std::string& file, const std::string& what) {
  if (!map.IsMap()) refuse(file, map, fmt::format("{}: expected a map", what));
  for (const auto& entry : map) {
    const auto key = entry.first.as<std::string>();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      refuse(file, entry.first,
             fmt::format("{} has no '{}'; there are {}", what, key, fmt::join(known, ", ")));
    }
  }
}

Restart restart_of(const YAML::Node& node, const Variables& variables, const std::string& file) {
  const std::string text = text_of(node, variables, file);
  if (text == "never") return Restart::kNever;
  if (text == "on-failure") return Restart::kOnFailure;
  if (text == "always") return Restart::kAlways;
  refuse(file, node, fmt::format("restart: {}: use never, on-failure or always", text));
}

// Seconds, or a span with units.
std::chrono::milliseconds span_of(const YAML::Node& node, const Variables& variables,
                                  const std::string& file) {
  const std::string text = text_of(node, variables, file);
  if (const std::optional<double> seconds = parse_span(text, 1.0); seconds && *seconds < 1e9)
    return std::chrono::milliseconds(static_cast<std::int64_t>(*seconds * 1e3));
  refuse(file, node, fmt::format("'{}' is no span of time; write seconds, or as in 1m30s", text));
}

// The node, or nothing when its condition says so.
void read_node(const std::string& name, const YAML::Node& map, const Variables& variables,
               const std::string& file, LaunchPlan& plan) {
  check_keys(map,
             {"command", "arguments", "environment", "wait_for", "wait_timeout", "restart",
              "max_restarts", "restart_delay", "required", "stops_launch", "if"},
             file, fmt::format("node {}", name));
  if (map["if"] && !is_true(map["if"], variables, file)) return;
  LaunchNode node;
  node.name = name;
  if (!map["command"]) refuse(file, map, fmt::format("node {} has no command", name));
  node.command = words_of(map["command"], variables, file);
  if (node.command.empty())
    refuse(file, map["command"], fmt::format("node {} has an empty command", name));
  if (map["arguments"]) {
    const std::vector<std::string> more = words_of(map["arguments"], variables, file);
    node.command.insert(node.command.end(), more.begin(), more.end());
  }
  if (map["environment"]) {
    if (!map["environment"].IsMap())
      refuse(file, map["environment"], "environment: expected a map");
    for (const auto& entry : map["environment"])
      node.environment[entry.first.as<std::string>()] = text_of(entry.second, variables, file);
  }
  if (map["wait_for"]) node.wait_for = text_of(map["wait_for"], variables, file);
  if (map["wait_timeout"]) node.wait_timeout = span_of(map["wait_timeout"], variables, file);
  if (map["restart"]) node.restart = restart_of(map["restart"], variables, file);
  if (map["max_restarts"])
    node.restarts_max = static_cast<int>(number_of(map["max_restarts"], variables, file));
  if (map["restart_delay"]) node.restart_delay = span_of(map["restart_delay"], variables, file);
  if (map["required"]) node.required = is_true(map["required"], variables, file);
  if (map["stops_launch"]) node.stops_launch = is_true(map["stops_launch"], variables, file);
  const bool is_twice = std::any_of(plan.nodes.begin(), plan.nodes.end(),
                                    [&](const LaunchNode& other) { return other.name == name; });
  if (is_twice) refuse(file, map, fmt::format("node {} is there twice", name));
  plan.nodes.push_back(std::move(node));
}

// A pipe would be waited for, a device read for ever.
void check_include(const std::string& path, const std::string& file, const YAML::Node& includes) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    refuse(file, includes, fmt::format("include {}: no such file", path));
  if (!std::filesystem::is_regular_file(path, error))
    refuse(file, includes, fmt::format("include {}: it is no file", path));
  if (std::filesystem::file_size(path, error) > kFileBytesMax)
    refuse(file, includes,
           fmt::format("include {}: it has more than {} MiB", path, kFileBytesMax >> 20));
}

// What has been read so far.
struct Reading {
  LaunchPlan plan;
  std::set<std::string> defined;  // variables
  int files = 0;
};

void read_file(const std::string& file, Variables variables, const Variables& args, int depth,
               Reading& reading) {
  if (depth > kIncludeDepthMax)
    throw BadFile{fmt::format("{}: included more than {} deep", file, kIncludeDepthMax)};
  if (++reading.files > kFilesMax)
    throw BadFile{fmt::format("{}: more than {} files are included", file, kFilesMax)};
  const YAML::Node document = YAML::LoadFile(file);
  if (!document.IsMap()) refuse(file, document, "expected variables, include and nodes");
  check_keys(document, {"variables", "include", "nodes"}, file, "a launch file");
  if (const YAML::Node section = document["variables"]) {
    if (!section.IsMap()) refuse(file, section, "variables: expected a map");
    for (const auto& entry : section) {
      const auto name = entry.first.as<std::string>();
      reading.defined.insert(name);
      const auto given = args.find(name);
      variables[name] =
          given == args.end() ? text_of(entry.second, variables, file) : given->second;
    }
  }
  if (const YAML::Node includes = document["include"]) {
    for (const std::string& other : words_of(includes, variables, file)) {
      const std::string path = (std::filesystem::path(file).parent_path() / other).string();
      check_include(path, file, includes);
      read_file(path, variables, args, depth + 1, reading);
    }
  }
  const YAML::Node nodes = document["nodes"];
  if (!nodes) return;
  if (!nodes.IsMap()) refuse(file, nodes, "nodes: expected a map of names to nodes");
  for (const auto& entry : nodes)
    read_node(entry.first.as<std::string>(), entry.second, variables, file, reading.plan);
}

}  // namespace

Result<LaunchPlan> read_launch_file(const std::string& path,
                                    const std::map<std::string, std::string>& args) {
  try {
    Reading reading;
    read_file(path, args, args, 0, reading);
    const std::set<std::string>& defined = reading.defined;
    for (const auto& [name, value] : args) {
      if (defined.contains(name)) continue;
      return fail(
          ErrorCode::kInvalid,
          fmt::format("--args {}={}: {} defines no variable '{}'; it has {}", name, value, path,
                      name,
                      defined.empty() ? "none" : fmt::format("{}", fmt::join(defined, ", "))));
    }
    if (reading.plan.nodes.empty())
      return fail(ErrorCode::kInvalid, fmt::format("{}: no nodes to start", path));
    return std::move(reading.plan);
  } catch (const BadFile& bad) {
    return fail(ErrorCode::kInvalid, bad.message);
  } catch (const YAML::BadFile&) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: no such file, or not readable", path));
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}:{}: {}", path, error.mark.line + 1, error.msg));
  }
}

}  // namespace zbag
