#include "launch/launch_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>

#include "launch/shell_line.hpp"
#include "schemas/quantity_text.hpp"
#include "schemas/track_name.hpp"
#include "schemas/yaml_file.hpp"

namespace zbag {
namespace {

constexpr int kIncludeDepthMax = 16;
constexpr int kFilesMax = 256;  // that one launch reads: each may be included many times
// Of a value. Variables are made of variables: a few lines that double one stand for gigabytes.
constexpr std::size_t kValueBytesMax = 64u << 10;

using Variables = std::map<std::string, std::string>;

// Errors are thrown inside this file only, and caught by read_launch_file().
[[noreturn]] void refuse(const std::string& file, const YAML::Node& node, const std::string& what) {
  throw Error{ErrorCode::kInvalid, fmt::format("{}:{}: {}", file, node.Mark().line + 1, what)};
}

[[noreturn]] void refuse_size(const std::string& file, const YAML::Node& node) {
  refuse(file, node, fmt::format("a value of more than {} KiB", kValueBytesMax >> 10));
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
    if (out.size() > kValueBytesMax) refuse_size(file, node);
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
  if (!node.IsScalar()) refuse(file, node, "expected a list of words, or a line of them");
  const auto text = node.as<std::string>();
  std::size_t bytes = text.size();
  ShellLine line = read_shell_line(text, [&](std::string_view name) {
    std::string value = lookup(std::string(name), variables, file, node);
    if ((bytes += value.size()) > kValueBytesMax) refuse_size(file, node);
    return value;
  });
  if (line.open == '{') refuse(file, node, fmt::format("'{}' lacks a }}", printable(text)));
  if (line.open != '\0') {
    refuse(file, node,
           fmt::format("{}: the quote {} is not closed; write \\{} for the letter itself",
                       printable(text), line.open, line.open));
  }
  return std::move(line.words);
}

int restarts_of(const YAML::Node& node, const Variables& variables, const std::string& file) {
  const std::string text = text_of(node, variables, file);
  const char* const end = text.data() + text.size();
  int value = 0;
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end || value < 0)
    refuse(file, node, fmt::format("max_restarts: {}: use a whole number", printable(text)));
  return value;
}

bool is_true(const YAML::Node& node, const Variables& variables, const std::string& file) {
  const std::string text = text_of(node, variables, file);
  if (text == "true" || text == "yes" || text == "1") return true;
  if (text.empty() || text == "false" || text == "no" || text == "0") return false;
  refuse(file, node, fmt::format("'{}': use true or false", text));
}

void check_keys(const YAML::Node& map, const LaunchKeys& keys, const std::string& file,
                const std::string& what) {
  if (!map.IsMap()) refuse(file, map, fmt::format("{}: expected a map", what));
  std::vector<std::string> known;
  known.reserve(keys.size());
  for (const auto& [key, meaning] : keys) known.push_back(key);
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
  check_keys(map, launch_node_keys(), file, fmt::format("node {}", name));
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
  if (map["max_restarts"]) node.restarts_max = restarts_of(map["max_restarts"], variables, file);
  if (map["restart_delay"]) node.restart_delay = span_of(map["restart_delay"], variables, file);
  if (map["required"]) node.required = is_true(map["required"], variables, file);
  if (map["stops_launch"]) node.stops_launch = is_true(map["stops_launch"], variables, file);
  const bool is_twice = std::any_of(plan.nodes.begin(), plan.nodes.end(),
                                    [&](const LaunchNode& other) { return other.name == name; });
  if (is_twice) refuse(file, map, fmt::format("node {} is there twice", name));
  plan.nodes.push_back(std::move(node));
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
    throw Error{ErrorCode::kInvalid,
                fmt::format("{}: included more than {} deep", file, kIncludeDepthMax)};
  if (++reading.files > kFilesMax)
    throw Error{ErrorCode::kInvalid,
                fmt::format("{}: more than {} files are included", file, kFilesMax)};
  const Result<YAML::Node> loaded = load_yaml(file);
  if (!loaded) throw Error(loaded.error());
  const YAML::Node& document = *loaded;
  if (!document.IsMap()) refuse(file, document, "expected variables, include and nodes");
  check_keys(document, launch_file_keys(), file, "a launch file");
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
      if (Status there = check_yaml_file(path); !there)
        refuse(file, includes, "include " + there.error().message);
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

const LaunchKeys& launch_file_keys() {
  static const LaunchKeys kKeys = {
      {"variables",
       "names and values: ${name} stands for one, ${env:NAME} for one of the environment; --args "
       "NAME=VALUE overrides it"},
      {"include", "other launch files, relative to this one; their nodes come first"},
      {"nodes", "what is started, in this order: a map of names to the keys below"}};
  return kKeys;
}

const LaunchKeys& launch_node_keys() {
  static const LaunchKeys kKeys = {
      {"command",
       "the program and its first arguments: a list, or a line with quotes as for a shell"},
      {"arguments", "more arguments, likewise"},
      {"environment", "variables of the environment: a map"},
      {"wait_for", "the next node starts when this one prints a line that begins so"},
      {"wait_timeout", "seconds to wait for that line, then the launch fails [10]"},
      {"restart", "when it ends: never, on-failure or always [never]"},
      {"max_restarts", "how often [10]"},
      {"restart_delay", "seconds between its end and its next start [1]"},
      {"required", "true: its failure fails the launch [false]"},
      {"stops_launch",
       "true: its end, well or not, stops the launch; exit code 3 is handed on [false]"},
      {"if", "false, no, 0 or empty: the node is left out [true]"}};
  return kKeys;
}

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
  } catch (const Error& error) {
    return tl::unexpected(error);
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}:{}: {}", path, error.mark.line + 1, error.msg));
  }
}

}  // namespace zbag
