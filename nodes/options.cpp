#include "nodes/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kCommandLine = "command line";

// "-n,--limit,--count" -> "limit", "count"; "BAG" -> "BAG"
std::vector<std::string> long_names(const std::string& names) {
  if (names.front() != '-') return {names};
  std::vector<std::string> found;
  for (const std::string& name : CLI::detail::split(names, ',')) {
    if (name.starts_with("--")) found.push_back(name.substr(2));
  }
  return found;
}

std::string variable_of(const std::string& name) {
  std::string variable = "ZBAG_" + name;
  for (char& c : variable)
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return variable;
}

std::vector<std::string> split_at_commas(const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const std::string& text : texts) {
    for (std::string& part : CLI::detail::split(text, ',')) parts.push_back(std::move(part));
  }
  return parts;
}

// What to write where the output stands among the bags: "x.mcap" of `export day.zbag x.mcap`.
std::string output_remedy(const std::deque<Option>& options) {
  for (const Option& option : options) {
    if (!option.is_positional || !option.is_list) continue;
    const std::vector<std::string> texts = option.texts();
    const bool is_one = texts.size() > 1 && texts.back().find('.') != std::string::npos &&
                        !texts.back().ends_with(".zbag");
    if (is_one) return fmt::format(": write -o {}", printable(texts.back()));
  }
  return "";
}

}  // namespace

Option& Option::required() {
  is_required = true;
  return *this;
}

Option& Option::comma_separated() {
  is_split_at_commas = true;
  return *this;
}

Option& Option::alias(std::string variable) {
  variables.push_back(std::move(variable));
  return *this;
}

Option& Option::not_of_the_run() {
  is_of_the_run = false;
  return *this;
}

Option& Option::one_alone() {
  is_one_alone = true;
  return *this;
}

OptionTable::OptionTable(CLI::App& root, const std::string& verb, const std::string& purpose,
                         const std::string& example)
    : app_(root.add_subcommand(verb)), purpose_(purpose), example_(example) {}

std::string OptionTable::verb() const { return app_->get_name(); }

Option& OptionTable::declare(const std::string& names, const std::string& metavar,
                             const std::string& help, bool is_flag) {
  Option& option = options_.emplace_back();
  option.aliases = long_names(names);
  option.name = option.aliases.front();
  option.aliases.erase(option.aliases.begin());
  option.short_name = names.starts_with("--") || names.front() != '-' ? "" : names.substr(0, 2);
  option.metavar = metavar;
  option.help = help;
  option.group = group_;
  option.is_positional = names.front() != '-';
  if (!option.is_positional) option.variables.push_back(variable_of(option.name));
  for (const std::string& alias : option.aliases) option.variables.push_back(variable_of(alias));
  option.parsed = is_flag ? app_->add_flag(names) : app_->add_option(names);
  return option;
}

Option& OptionTable::add_flag(const std::string& names, bool& bound, const std::string& help) {
  const OptionType<bool> type = option_type::yes_or_no();
  Option& option = declare(names, type.metavar, help, true);
  option.take = taker(type, [&bound](bool value) { bound = value; });
  option.texts = [&bound, text = type.text] { return std::vector{text(bound)}; };
  option.is_set = [] { return true; };
  option.value = [&bound] { return Value(bound); };
  return option;
}

void OptionTable::add_loudness(bool& quiet) {
  const GroupScope group(*this, OptionGroup::kEveryVerb);
  add("--log-level", log_level_,
      option_type::one_of<LogLevel>("LEVEL", {{"error", LogLevel::kError},
                                              {"warning", LogLevel::kWarning},
                                              {"info", LogLevel::kInfo}}),
      "How much is said: error, warning (and errors), or info (summaries and notices too)");
  add_flag("--quiet", quiet, "No summaries and notices, at any level");
}

void OptionTable::seal() {
  begin(OptionGroup::kEveryVerb);
  add("--color", colours_,
      option_type::one_of<ColourMode>("WHEN", {{"auto", ColourMode::kAuto},
                                               {"always", ColourMode::kAlways},
                                               {"never", ColourMode::kNever}}),
      "Colours: auto (on a terminal, unless NO_COLOR is set), always or never");
  const bool has_positional = std::any_of(options_.begin(), options_.end(),
                                          [](const Option& one) { return one.is_positional; });
  for (Option& option : options_) {
    if (option.metavar.empty()) continue;
    option.fallback = fmt::format("{}", fmt::join(option.texts(), ","));
    option.parsed->type_name(option.metavar);
    if (option.is_positional && option.is_required) option.parsed->required();
    if (option.is_split_at_commas) option.parsed->delimiter(',');
    if (!option.is_list && !option.is_one_alone) continue;
    option.parsed->expected(1, CLI::detail::expected_max_vector_size);
    // `play --track a day.zbag` must not take the bag for a second pattern.
    option.parsed->allow_extra_args(option.is_positional || !has_positional);
  }
  config_ = app_->add_option("--config")->type_name("FILE");
  set_ = app_->add_option("--set")->type_name("KEY=VALUE");
  for (CLI::Option* one : {config_, set_})
    one->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(false);
  print_config_ = app_->add_flag_callback("--print-config", [this] {
    for (const Option& option : options_) option.parsed->required(false);
  });
}

const std::vector<OptionTable::Fixed>& OptionTable::fixed_options() {
  static const std::vector<Fixed> kFixed = {
      {"--config", "FILE", "YAML file with options: a map of verbs to options; may be repeated"},
      {"--set", "KEY=VALUE",
       "Sets one option, above the file and the environment; may be repeated"},
      {"--print-config", "",
       "Prints each option, its value and where that came from, as --config takes it; then ends"},
      {"--help", "", "Shows this help"}};
  return kFixed;
}

std::vector<std::string> OptionTable::unknown_words() const { return app_->remaining(); }

bool OptionTable::is_given(std::string_view name) const {
  return std::any_of(options_.begin(), options_.end(), [&](const Option& one) {
    return one.name == name && one.origin != "default";
  });
}

bool OptionTable::is_asked_for(std::string_view name) const {
  return std::any_of(options_.begin(), options_.end(), [&](const Option& one) {
    return one.name == name && (one.origin == kCommandLine || one.origin == "--set");
  });
}

std::vector<std::string> OptionTable::setting_names() const {
  std::vector<std::string> names;
  for (const Option& option : options_) {
    if (option.is_positional) continue;
    names.push_back(option.name);
    names.insert(names.end(), option.aliases.begin(), option.aliases.end());
  }
  return names;
}

void OptionTable::take_aliases(Settings& settings) const {
  for (const Option& option : options_) {
    for (const std::string& alias : option.aliases) {
      auto given = settings.extract(alias);
      if (!given.empty()) settings[option.name] = std::move(given.mapped());
    }
  }
}

std::vector<std::string> OptionTable::config_files() const { return config_->results(); }
std::vector<std::string> OptionTable::sets() const { return set_->results(); }
bool OptionTable::wants_print_config() const { return print_config_->count() > 0; }

Status OptionTable::take_values(Option& option, const Setting& setting) {
  const std::string origin =
      setting.origin.empty() ? "" : fmt::format(" (set by {})", setting.origin);
  const auto refuse = [&](const std::string& value, const std::string& why) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} {}: {}{}", option.shown_name(), printable(value), why, origin));
  };
  if (option.is_list) {
    option.clear();
  } else if (setting.values.size() != 1) {
    return refuse(fmt::format("{}", fmt::join(setting.values, " ")), "give one value");
  }
  for (const std::string& value : setting.values) {
    if (Status status = option.take(value); !status) return refuse(value, status.error().message);
  }
  option.origin = setting.origin.empty() ? kCommandLine : setting.origin;
  return {};
}

Status OptionTable::take(const Settings& settings) {
  for (Option& option : options_) {
    Status status;
    if (option.parsed->count() > 0) {
      std::vector<std::string> values = option.parsed->results();
      if (option.is_one_alone && values.size() > 1)
        return fail(ErrorCode::kInvalid, fmt::format("{} takes exactly one {}, not {}", verb(),
                                                     option.name, values.size()));
      if (!option.is_list) values = {values.back()};  // of a flag that is given twice, the last
      status = take_values(option, {std::move(values), ""});
    } else if (const auto found = settings.find(option.name);
               found != settings.end() && !option.is_positional) {
      Setting setting = found->second;
      if (option.is_split_at_commas) setting.values = split_at_commas(setting.values);
      status = take_values(option, setting);
    }
    if (!status) return status;
    if (option.is_required && !option.is_positional && !option.is_set() && !wants_print_config()) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("{} is required{}; see zbag {} --help", option.shown_name(),
                              option.name == "output" ? output_remedy(options_) : "", verb()));
    }
  }
  return {};
}

Fields OptionTable::run_configuration() const {
  Fields fields;
  for (const Option& option : options_) {
    if (!option.is_of_the_run) continue;
    std::string key = option.name;
    std::replace(key.begin(), key.end(), '-', '_');
    fields.emplace_back(std::move(key), option.value());
  }
  return fields;
}

}  // namespace zbag
