// The options of a verb: one declaration each, from which everything else comes.
//
//   options.add("--buffer-mb", a->buffer_bytes, megabytes<std::size_t>({1, 1e6}), "Memory for ...")
//       .alias("PLUME_BUFFER_MEMORY_MB");
//
// That gives the command line, the key `buffer-mb` of --config and --set, ZBAG_BUFFER_MB, the line
// in --help, what a shell completes, the line of --print-config and what a bag keeps of the run.
// The default is what the bound variable holds at the declaration. Words are split by CLI11; what
// they mean, and whether it is allowed, is decided here, in one way wherever a value comes from.
//
// Bound variables must live as long as the table. For one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nodes/help_text.hpp"
#include "nodes/option_type.hpp"
#include "nodes/terminal.hpp"
#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace zbag {

// What an option is about: the headings of --help, in the order of the page.
enum class OptionGroup : std::uint8_t {
  kOwn,  // what only this verb does
  kSelection,
  kOutput,
  kFrames,
  kStorage,
  kBus,
  kEveryVerb,
};

struct Option {
  Option& required();                   // an error when no source gives it
  Option& comma_separated();            // a list may be written as A,B
  Option& alias(std::string variable);  // an environment variable beside ZBAG_NAME
  Option& not_of_the_run();             // a bag's configuration leaves it out
  Option& one_alone();                  // a positional one, of which several are told from one

  // "--sync", "BAG"
  std::string shown_name() const { return is_positional ? name : "--" + name; }

  std::string name;                  // long, without dashes; the first of several
  std::vector<std::string> aliases;  // the others
  std::string short_name;            // "-o", or nothing
  std::string metavar;               // of its value, in --help; empty: a flag
  std::string help;
  OptionGroup group = OptionGroup::kOwn;
  std::vector<std::string> words;  // it takes one of them, or what begins with one
  std::string fallback;            // what it is when nobody sets it, in --help
  bool is_positional = false;
  bool is_list = false;
  bool is_required = false;
  bool is_one_alone = false;
  bool is_split_at_commas = false;
  bool is_of_the_run = true;
  std::vector<std::string> variables;  // of the environment, the strongest first
  std::string origin = "default";      // of the present value

  std::function<void()> clear;                      // empties a list
  std::function<Status(const std::string&)> take;   // sets the bound variable, or adds to it
  std::function<std::vector<std::string>()> texts;  // what take() would make it of
  std::function<bool()> is_set;                     // false: it has no value at all
  std::function<Value()> value;                     // for a bag

  CLI::Option* parsed = nullptr;
};

// Values by option name, and where they come from: "ZBAG_SYNC", "c.yaml:3 (record.sync)".
struct Setting {
  std::vector<std::string> values;
  std::string origin;
};
using Settings = std::map<std::string, Setting>;

class OptionTable {
 public:
  // Adds the verb to `root`. `purpose` is a sentence without its full stop; help ends with
  // `example`.
  OptionTable(CLI::App& root, const std::string& verb, const std::string& purpose,
              const std::string& example);
  OptionTable(const OptionTable&) = delete;
  OptionTable& operator=(const OptionTable&) = delete;

  // `names` as "-o,--output"; without dashes it is a positional argument. Of several long names the
  // first is the option's, and the others are taken wherever that is.
  template <class T>
  Option& add(const std::string& names, T& bound, const OptionType<T>& type,
              const std::string& help);
  // One that may be unset, and is by default.
  template <class T>
  Option& add(const std::string& names, std::optional<T>& bound, const OptionType<T>& type,
              const std::string& help);
  // One that may be repeated.
  template <class T>
  Option& add_list(const std::string& names, std::vector<T>& bound, const OptionType<T>& type,
                   const std::string& help);
  Option& add_flag(const std::string& names, bool& bound, const std::string& help);
  // What is declared from here on is of that group. Gives back the one before.
  OptionGroup begin(OptionGroup group) { return std::exchange(group_, group); }
  // What --help tells besides, behind the options.
  void explain(HelpSection section) { sections_.push_back(std::move(section)); }
  // --quiet and --log-level.
  void add_loudness(bool& quiet);
  // --color, --config, --set and --print-config. To be called once, when all others are there.
  void seal();

  // After parsing: what the command line says, else `settings`, else the default. kInvalid names
  // option, value, what is allowed and where the value came from.
  Status take(const Settings& settings);

  CLI::App& app() const { return *app_; }
  std::string verb() const;
  const std::string& purpose() const { return purpose_; }
  const std::string& example() const { return example_; }
  const std::vector<HelpSection>& sections() const { return sections_; }
  const std::deque<Option>& options() const { return options_; }
  // Whether somebody has said that one, by its long name, wherever.
  bool is_given(std::string_view name) const;
  // Whether it stands in the command itself.
  bool is_asked_for(std::string_view name) const;
  // Names that may stand in a file, in --set or, as ZBAG_NAME, in the environment.
  std::vector<std::string> setting_names() const;
  // Options of every verb that are about the others: they are set on the command line alone.
  struct Fixed {
    std::string name;
    std::string metavar;
    std::string help;
  };
  static const std::vector<Fixed>& fixed_options();
  // What was on the command line and is no option, argument or value.
  std::vector<std::string> unknown_words() const;
  // Gives values that stand under another name of an option to its own.
  void take_aliases(Settings& settings) const;
  std::vector<std::string> config_files() const;  // of --config, the strongest last
  std::vector<std::string> sets() const;          // of --set, likewise
  bool wants_print_config() const;
  LogLevel log_level() const { return log_level_; }
  ColourMode colours() const { return colours_; }

  // What the run was asked for, as a bag keeps it: `with_broker` for --with-broker.
  Fields run_configuration() const;

 private:
  Option& declare(const std::string& names, const std::string& metavar, const std::string& help,
                  bool is_flag = false);
  static Status take_values(Option& option, const Setting& setting);

  CLI::App* app_;
  std::string purpose_;
  std::string example_;
  std::vector<HelpSection> sections_;
  OptionGroup group_ = OptionGroup::kOwn;
  std::deque<Option> options_;  // addresses stay
  CLI::Option* config_ = nullptr;
  CLI::Option* set_ = nullptr;
  CLI::Option* print_config_ = nullptr;
  LogLevel log_level_ = LogLevel::kInfo;
  ColourMode colours_ = ColourMode::kAuto;
};

// The group of what is declared while this lives: for what several verbs declare.
class GroupScope {
 public:
  GroupScope(OptionTable& options, OptionGroup group)
      : options_(options), before_(options.begin(group)) {}
  ~GroupScope() { options_.begin(before_); }
  GroupScope(const GroupScope&) = delete;
  GroupScope& operator=(const GroupScope&) = delete;

 private:
  OptionTable& options_;
  OptionGroup before_;
};

// Parses a text and hands what it says to `store`, or gives back why it says nothing.
template <class T, class Store>
std::function<Status(const std::string&)> taker(const OptionType<T>& type, Store store) {
  return [parse = type.parse, store](const std::string& text) -> Status {
    Result<T> parsed = parse(text);
    if (!parsed) return tl::unexpected(parsed.error());
    store(std::move(*parsed));
    return {};
  };
}

template <class T>
Option& OptionTable::add(const std::string& names, T& bound, const OptionType<T>& type,
                         const std::string& help) {
  Option& option = declare(names, type.metavar, help);
  option.words = type.words;
  option.take = taker(type, [&bound](T value) { bound = std::move(value); });
  option.texts = [&bound, text = type.text] { return std::vector{text(bound)}; };
  option.is_set = [texts = option.texts, &option] {
    return !option.is_required || !texts().front().empty();
  };
  option.value = [&bound, value = type.value] { return value(bound); };
  return option;
}

template <class T>
Option& OptionTable::add(const std::string& names, std::optional<T>& bound,
                         const OptionType<T>& type, const std::string& help) {
  Option& option = declare(names, type.metavar, help);
  option.words = type.words;
  option.take = taker(type, [&bound](T value) { bound = std::move(value); });
  option.texts = [&bound, text = type.text] {
    return bound ? std::vector{text(*bound)} : std::vector<std::string>{};
  };
  option.is_set = [&bound] { return bound.has_value(); };
  option.value = [&bound, value = type.value] { return bound ? value(*bound) : Value(); };
  return option;
}

template <class T>
Option& OptionTable::add_list(const std::string& names, std::vector<T>& bound,
                              const OptionType<T>& type, const std::string& help) {
  Option& option = declare(names, type.metavar, help);
  option.words = type.words;
  option.is_list = true;
  option.clear = [&bound] { bound.clear(); };
  option.take = taker(type, [&bound](T value) { bound.push_back(std::move(value)); });
  option.texts = [&bound, text = type.text] {
    std::vector<std::string> texts;
    texts.reserve(bound.size());
    for (const T& value : bound) texts.push_back(text(value));
    return texts;
  };
  option.is_set = [] { return true; };
  option.value = [&bound, value = type.value] {
    Array values;
    for (const T& one : bound) values.push_back(value(one));
    return Value(std::move(values));
  };
  return option;
}

}  // namespace zbag
