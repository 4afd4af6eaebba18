#include "nodes/settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "nodes/nearest.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"
#include "schemas/yaml_file.hpp"

namespace zbag {
namespace {

std::string place(const std::string& file, const YAML::Node& node) {
  return fmt::format("{}:{}", file, node.Mark().line + 1);
}

// Checks every key; those of `wanted`, a subset of `known`, are taken.
Status read_section(const std::string& file, const std::string& path, const YAML::Node& section,
                    const std::vector<std::string>& known, const std::vector<std::string>& wanted,
                    Settings& settings) {
  if (!section.IsMap()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: {}: expected options and values", place(file, section), path));
  }
  for (const auto& entry : section) {
    const auto key = entry.first.as<std::string>();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: {}.{}: no such option{}", place(file, entry.first), path,
                              printable(key), nearest_hint(key, known)));
    }
    if (std::find(wanted.begin(), wanted.end(), key) == wanted.end()) continue;
    settings[key] = {{}, fmt::format("{} ({}.{})", place(file, entry.first), path, key)};
    std::vector<std::string>& values = settings[key].values;
    if (entry.second.IsScalar()) {
      values.push_back(entry.second.as<std::string>());
    } else if (entry.second.IsSequence()) {
      for (const YAML::Node& item : entry.second) {
        if (!item.IsScalar())
          return fail(ErrorCode::kInvalid, fmt::format("{}: {}.{}: expected plain values",
                                                       place(file, item), path, key));
        values.push_back(item.as<std::string>());
      }
    } else {
      return fail(ErrorCode::kInvalid, fmt::format("{}: {}.{}: expected a value or a list",
                                                   place(file, entry.second), path, key));
    }
  }
  return {};
}

// `all` before the verb's own section, which is the stronger one.
Status read_document(const std::string& file, const YAML::Node& document, const std::string& verb,
                     const KnownOptions& known, Settings& settings) {
  if (!document.IsMap())
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: expected a map of verbs to options", place(file, document)));
  std::vector<std::string> verbs;
  std::vector<std::string> any;
  for (const auto& [name, options] : known) {
    verbs.push_back(name);
    any.insert(any.end(), options.begin(), options.end());
  }
  for (const auto& entry : document) {
    const auto key = entry.first.as<std::string>();
    if (key != "all" && !known.contains(key)) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: {}: no such verb{}", place(file, entry.first), printable(key),
                              nearest_hint(key, verbs)));
    }
  }
  verbs.erase(std::remove(verbs.begin(), verbs.end(), verb), verbs.end());
  verbs.insert(verbs.begin(), {"all", verb});
  for (const std::string& section : verbs) {
    const YAML::Node node = document[section];
    if (!node.IsDefined() || node.IsNull()) continue;  // all of it may be commented out
    const bool is_all = section == "all";
    const std::vector<std::string> wanted =
        is_all || section == verb ? known.at(verb) : std::vector<std::string>();
    if (Status status =
            read_section(file, section, node, is_all ? any : known.at(section), wanted, settings);
        !status)
      return status;
  }
  return {};
}

Status read_yaml(const std::string& file, const std::string& verb, const KnownOptions& known,
                 Settings& settings) {
  const Result<YAML::Node> document = load_yaml(file);
  if (!document) return tl::unexpected(document.error());
  try {
    return document->IsNull() ? Status() : read_document(file, *document, verb, known, settings);
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}:{}: {}", file, error.mark.line + 1, error.msg));
  }
}

void read_environment(const OptionTable& table, Settings& settings) {
  for (const Option& option : table.options()) {
    for (const std::string& variable : option.variables) {
      const char* const value = std::getenv(variable.c_str());
      if (value == nullptr || *value == '\0') continue;
      settings[option.name] = {{value}, variable};
      break;
    }
  }
}

Status read_set(const std::string& text, const std::string& verb,
                const std::vector<std::string>& known, Settings& settings) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos)
    return fail(ErrorCode::kInvalid,
                fmt::format("--set {}: write --set {}.option=value", text, verb));
  std::string key = text.substr(0, equals);
  if (key.starts_with(verb + ".")) key = key.substr(verb.size() + 1);
  if (std::find(known.begin(), known.end(), key) == known.end()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("--set {}: no such option{}", text, nearest_hint(key, known)));
  }
  settings[key] = {{text.substr(equals + 1)}, "--set"};
  return {};
}

// A scalar of YAML that reads back as `text`, whatever is in it.
std::string yaml_text(const std::string& text) {
  const bool is_plain =
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._") == std::string::npos;
  if (is_plain && !text.empty() && text != "null") return text;
  std::string quoted;
  write_json_text(text, quoted);
  return quoted;
}

// What names of files may hold can neither end a comment nor the text's encoding.
std::string comment_text(const std::string& text) {
  if (!is_utf8(text)) return printable(text);
  std::string quoted;
  write_json_text(text, quoted);
  return quoted.substr(1, quoted.size() - 2);
}

std::string yaml_value(const Option& option) {
  const std::vector<std::string> texts = option.texts();
  if (!option.is_list) return yaml_text(texts.front());
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + yaml_text(text);
  return "[" + list + "]";
}

}  // namespace

std::vector<std::string> unused_variables(const std::string& verb,
                                          const std::vector<std::string>& known) {
  constexpr std::array kOfOthers = {"PLUME_RECORD_BACKEND",   "PLUME_PARQUET_COMPRESSION",
                                    "PLUME_HDF5_COMPRESSION", "PLUME_ASYNC_IO",
                                    "PLUME_IO_WORKERS",       "PLUME_IO_QUEUE_SIZE",
                                    "PLUME_IO_TIMEOUT",       "PLUME_MAX_MEMORY_MB",
                                    "PLUME_RECORD_FULL",      "PLUME_RECORD_STEP_INTERVAL",
                                    "PLUME_DEBUG_RECORDING"};
  constexpr std::string_view kPrefix = "ZBAG_";
  std::vector<std::string> words;  // without the prefix, which all have in common
  for (const std::string& name : known) {
    if (name.starts_with(kPrefix)) words.push_back(name.substr(kPrefix.size()));
  }
  std::vector<std::string> said;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const std::string name(entry.substr(0, entry.find('=')));
    if (name.size() + 1 >= entry.size()) continue;  // empty
    const bool is_ours = name.starts_with(kPrefix);
    const bool is_used = std::find(known.begin(), known.end(), name) != known.end() ||
                         name == "ZBAG_RUNTIME_DIR" || name == "ZBAG_BIN" ||
                         name == "ZBAG_SOURCE" || name.starts_with("ZBAG_TEST_");
    const bool is_of_others =
        verb == "record" && std::find(kOfOthers.begin(), kOfOthers.end(), name) != kOfOthers.end();
    if (is_used || !(is_ours || is_of_others)) continue;
    const std::optional<std::string> near =
        is_ours ? nearest(name.substr(kPrefix.size()), words) : std::nullopt;
    said.push_back(fmt::format("{} is set and no option of zbag: not used{}", printable(name),
                               near ? fmt::format("; did you mean {}{}?", kPrefix, *near) : ""));
  }
  return said;
}

Result<Settings> read_settings(const OptionTable& table, const KnownOptions& known) {
  Settings settings;
  for (const std::string& file : table.config_files()) {
    if (Status status = read_yaml(file, table.verb(), known, settings); !status)
      return tl::unexpected(status.error());
    table.take_aliases(settings);
  }
  read_environment(table, settings);
  for (const std::string& set : table.sets()) {
    if (Status status = read_set(set, table.verb(), table.setting_names(), settings); !status)
      return tl::unexpected(status.error());
    table.take_aliases(settings);
  }
  return settings;
}

std::string settings_text(const OptionTable& table) {
  std::string text = table.verb() + ":\n";
  for (const Option& option : table.options()) {
    const std::vector<std::string> values = option.texts();
    const bool is_set = option.is_set() && !(option.is_positional && values.empty());
    // YAML is UTF-8: of other bytes, and of what no file can give, a comment tells.
    const bool is_text = std::all_of(values.begin(), values.end(), is_utf8);
    const bool is_yaml = is_text && !option.is_positional;
    if (!is_set) {
      text += fmt::format("  # {}: not set\n", option.name);
    } else {
      text += fmt::format(
          "  {}{}: {}  # {}\n", is_yaml ? "" : "# ", option.name,
          is_text ? yaml_value(option) : printable(fmt::format("{}", fmt::join(values, " "))),
          comment_text(option.origin));
    }
  }
  return text;
}

}  // namespace zbag
