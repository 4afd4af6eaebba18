#include "nodes/settings.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

namespace zbag {
namespace {

// Values of options, by long name without dashes; a list for options that may be repeated.
struct Setting {
  std::vector<std::string> values;
  std::string origin;
};
using Layer = std::map<std::string, Setting>;

constexpr std::array<std::pair<const char*, const char*>, 4> kPlumeNames = {{
    {"PLUME_BUFFER_SIZE", "buffer-points"},
    {"PLUME_BUFFER_MEMORY_MB", "buffer-mb"},
    {"PLUME_FLUSH_INTERVAL", "flush-interval"},
    {"PLUME_OUTPUT_DIR", "base-directory"},
}};

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (name != "help" && name != "config" && name != "set") names.push_back(name);
    }
  }
  return names;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string place(const std::string& file, const YAML::Node& node) {
  return fmt::format("{}:{}", file, node.Mark().line + 1);
}

}  // namespace

std::string nearest_hint(const std::string& name, const std::vector<std::string>& known) {
  const auto best =
      std::min_element(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
        return edit_distance(name, a) < edit_distance(name, b);
      });
  return best == known.end() || edit_distance(name, *best) > 3
             ? std::string()
             : fmt::format("; did you mean {}?", *best);
}

namespace {

Status read_section(const std::string& file, const std::string& path, const YAML::Node& section,
                    const std::vector<std::string>& known, bool must_know, Layer& layer) {
  if (!section.IsMap()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: {}: expected options and values", place(file, section), path));
  }
  for (const auto& entry : section) {
    const auto key = entry.first.as<std::string>();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      if (!must_know) continue;
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: {}.{}: no such option{}", place(file, entry.first), path, key,
                              nearest_hint(key, known)));
    }
    layer[key] = {{}, fmt::format("{} ({}.{})", place(file, entry.first), path, key)};
    std::vector<std::string>& values = layer[key].values;
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

Status read_yaml(const std::string& file, const CLI::App& root, const std::string& verb,
                 const std::vector<std::string>& known, Layer& layer) {
  try {
    const YAML::Node document = YAML::LoadFile(file);
    if (document.IsNull()) return {};
    if (!document.IsMap())
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: expected a map of verbs to options", place(file, document)));
    std::vector<std::string> verbs{"all"};
    for (const CLI::App* app : root.get_subcommands({})) verbs.push_back(app->get_name());
    for (const auto& entry : document) {
      const auto key = entry.first.as<std::string>();
      if (std::find(verbs.begin(), verbs.end(), key) == verbs.end()) {
        return fail(ErrorCode::kInvalid,
                    fmt::format("{}: {}: no such verb{}", place(file, entry.first), key,
                                nearest_hint(key, verbs)));
      }
    }
    for (const char* section : {"all", verb.c_str()}) {
      const YAML::Node node = document[section];
      if (!node.IsDefined()) continue;
      if (Status status =
              read_section(file, section, node, known, std::string_view(section) != "all", layer);
          !status)
        return status;
    }
    return {};
  } catch (const YAML::BadFile&) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: no such file, or not readable", file));
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}:{}: {}", file, error.mark.line + 1, error.msg));
  }
}

void read_environment(const std::vector<std::string>& known, Layer& layer) {
  const auto take = [&](const char* variable, const std::string& option) {
    const char* const value = std::getenv(variable);
    if (value != nullptr && *value != '\0') layer[option] = {{value}, variable};
  };
  for (const auto& [variable, option] : kPlumeNames) {
    if (std::find(known.begin(), known.end(), option) != known.end()) take(variable, option);
  }
  for (const std::string& option : known) {
    std::string variable = "ZBAG_" + option;
    for (char& c : variable)
      c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    take(variable.c_str(), option);
  }
}

Status read_set(const std::string& text, const std::string& verb,
                const std::vector<std::string>& known, Layer& layer) {
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
  layer[key] = {{text.substr(equals + 1)}, "--set"};
  return {};
}

// Takes "--name VALUE" and "--name=VALUE" out of `arguments`.
std::vector<std::string> extract(std::vector<std::string>& arguments, const std::string& name) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < arguments.size();) {
    const std::string flag = "--" + name;
    if (arguments[i] == "--") break;
    if (arguments[i] == flag && i + 1 < arguments.size()) {
      values.push_back(arguments[i + 1]);
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i),
                      arguments.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    } else if (arguments[i].starts_with(flag + "=")) {
      values.push_back(arguments[i].substr(flag.size() + 1));
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  return values;
}

bool is_given(const CLI::App& app, const std::vector<std::string>& arguments,
              const std::string& name) {
  std::vector<std::string> spellings;
  const CLI::Option* const option = app.get_option("--" + name);
  for (const std::string& longer : option->get_lnames()) spellings.push_back("--" + longer);
  for (const std::string& shorter : option->get_snames()) spellings.push_back("-" + shorter);
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return std::any_of(spellings.begin(), spellings.end(), [&](const std::string& spelling) {
      const bool is_short = spelling[1] != '-';
      return argument == spelling || argument.starts_with(spelling + "=") ||
             (is_short && argument.starts_with(spelling));
    });
  });
}

}  // namespace

void add_settings_options(CLI::App& app) {
  // Here for --help alone: layered_arguments() takes both out before parsing.
  app.add_option_function<std::string>(
         "--config", [](const std::string&) {}, "YAML file with options: a map of verbs to options")
      ->type_name("FILE");
  app.add_option_function<std::vector<std::string>>(
         "--set", [](const std::vector<std::string>&) {},
         "Sets one option, above the file and the environment")
      ->type_name("KEY=VALUE");
  bool has_positional = false;
  for (const CLI::Option* option : app.get_options())
    has_positional = has_positional || option->get_positional();
  for (CLI::Option* option : app.get_options()) {
    if (option->get_default_str() == "[]") option->default_str("");
    // `play --track a day.zbag` must not take the bag for a second pattern.
    if (has_positional && !option->get_positional() && option->get_items_expected_max() > 1)
      option->allow_extra_args(false);
  }
}

const CLI::App* find_verb(const CLI::App& root, const std::string& name) {
  for (const CLI::App* app : root.get_subcommands({})) {
    if (app->get_name() == name) return app;
  }
  return nullptr;
}

Result<std::vector<std::string>> layered_arguments(const CLI::App& root,
                                                   const std::vector<std::string>& given,
                                                   Origins& origins) {
  if (given.empty()) return given;
  const std::string& verb = given.front();
  const CLI::App* const app = find_verb(root, verb);
  if (app == nullptr) return given;
  std::vector<std::string> rest(given.begin() + 1, given.end());
  const std::vector<std::string> files = extract(rest, "config");
  const std::vector<std::string> sets = extract(rest, "set");
  const std::vector<std::string> known = option_names(*app);
  Layer layer;
  for (const std::string& file : files) {
    if (Status status = read_yaml(file, root, verb, known, layer); !status)
      return tl::unexpected(status.error());
  }
  read_environment(known, layer);
  for (const std::string& set : sets) {
    if (Status status = read_set(set, verb, known, layer); !status)
      return tl::unexpected(status.error());
  }
  std::vector<std::string> arguments{verb};
  for (const auto& [name, setting] : layer) {
    if (is_given(*app, rest, name)) continue;
    origins[name] = setting.origin;
    for (const std::string& value : setting.values)
      arguments.push_back(fmt::format("--{}={}", name, value));
  }
  arguments.insert(arguments.end(), rest.begin(), rest.end());
  return arguments;
}

}  // namespace zbag
