#include "nodes/completion_words.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "bus/control.hpp"
#include "nodes/bag_paths.hpp"
#include "recorder/bag/read/bag_reader.hpp"

namespace zbag {
namespace {

constexpr std::size_t kBagsMax = 64;  // whose tracks are read: somebody waits

// An option as the command line has it, of the table or fixed.
struct KnownOption {
  std::string name;  // "--track"
  std::string short_name;
  std::string metavar;
  std::string help;
  std::vector<std::string> words;
};

// Of an option that takes a word or something else, too: were the word alone, the shell would put
// it there as if it were all there is.
std::vector<std::string> offered_words(const Option& option) {
  std::vector<std::string> words = option.words;
  const bool is_word = std::find(words.begin(), words.end(), option.fallback) != words.end();
  if (!words.empty() && !option.fallback.empty() && !is_word)
    words.insert(words.begin(), option.fallback);
  return words;
}

std::vector<KnownOption> options_of(const OptionTable& table) {
  std::vector<KnownOption> known;
  for (const Option& option : table.options()) {
    if (!option.is_positional)
      known.push_back({option.shown_name(), option.short_name, option.metavar, option.help,
                       offered_words(option)});
  }
  for (const OptionTable::Fixed& fixed : OptionTable::fixed_options())
    known.push_back({fixed.name, "", fixed.metavar, fixed.help, {}});
  return known;
}

std::vector<Candidate> as_candidates(const std::vector<std::string>& words) {
  std::vector<Candidate> candidates;
  candidates.reserve(words.size());
  for (const std::string& word : words) candidates.push_back({word, ""});
  return candidates;
}

// The words behind a verb: what is an argument, and of which option the last is a value.
class WordsSoFar {
 public:
  WordsSoFar(const OptionTable& table, std::vector<KnownOption> known,
             const std::vector<std::string>& words)
      : table_(table), known_(std::move(known)) {
    for (auto word = words.begin() + 1; word + 1 != words.end(); ++word) take(*word);
    current_ = words.back();
  }

  Completion completion() const {
    if (open_ != nullptr) return value_of(open_->metavar, open_->words, "", current_);
    const std::size_t equals = current_.find('=');
    if (!only_arguments_ && current_.starts_with("-")) {
      if (equals == std::string::npos) return option_names();
      const KnownOption* const option = find(current_.substr(0, equals));
      if (option == nullptr) return {};
      return value_of(option->metavar, option->words, current_.substr(0, equals + 1),
                      current_.substr(equals + 1));
    }
    const Option* const argument = argument_at(arguments_.size());
    return argument == nullptr ? Completion{}
                               : value_of(argument->metavar, argument->words, "", current_);
  }

 private:
  void take(const std::string& word) {
    if (open_ != nullptr) {
      open_ = nullptr;
    } else if (only_arguments_ || word.size() < 2 || word.front() != '-') {
      arguments_.push_back(word);
    } else if (word == "--") {
      only_arguments_ = true;
    } else if (const KnownOption* const option = find(word);
               option != nullptr && !option->metavar.empty()) {
      open_ = option;
    }
  }

  const KnownOption* find(const std::string& name) const {
    const auto found = std::find_if(known_.begin(), known_.end(), [&](const KnownOption& one) {
      return one.name == name || (!one.short_name.empty() && one.short_name == name);
    });
    return found == known_.end() ? nullptr : &*found;
  }

  // The argument that the word number `index` is; the last may be a list.
  const Option* argument_at(std::size_t index) const {
    const Option* last = nullptr;
    for (const Option& option : table_.options()) {
      if (!option.is_positional) continue;
      last = &option;
      if (index-- == 0) return last;
    }
    return last != nullptr && last->is_list ? last : nullptr;
  }

  Completion option_names() const {
    Completion names;
    for (const KnownOption& option : known_) names.candidates.push_back({option.name, option.help});
    return names;
  }

  // The name of a value says what it is; `begun` is what of it stands behind `front`.
  Completion value_of(const std::string& metavar, const std::vector<std::string>& words,
                      const std::string& front, const std::string& begun) const {
    if (metavar == "BAG") return {Completes::kBags, {}};
    if (metavar == "FILE" || metavar == "NEW" || metavar == "OUT") return {Completes::kFiles, {}};
    if (metavar == "DIR") return {Completes::kFolders, {}};
    Completion values;
    values.candidates = as_candidates(words);
    if (metavar == "PATTERN" || metavar == "TRACK") values.candidates = as_candidates(tracks());
    if (metavar == "A,B" || metavar == "FIELD")
      values.candidates = as_candidates(columns_behind(begun));
    if (metavar == "NODE" && open_ == nullptr && front.empty())
      values.candidates = as_candidates(running_nodes().value_or(std::vector<std::string>{}));
    if (metavar == "OP") values.candidates = operations();
    for (Candidate& candidate : values.candidates) candidate.word = front + candidate.word;
    return values;
  }

  std::vector<BagSummary> bags() const {
    std::vector<BagSummary> bags;
    for (std::size_t i = 0; i < arguments_.size() && bags.size() < kBagsMax; ++i) {
      const Option* const argument = argument_at(i);
      if (argument == nullptr || argument->metavar != "BAG") continue;
      const Result<BagPaths> named = find_bags({arguments_[i]}, [](const std::string&) {});
      if (!named) continue;
      for (const std::string& path : named->paths) {
        if (bags.size() == kBagsMax) break;
        const Result<BagReader> reader = BagReader::open(path);
        if (!reader) continue;
        if (Result<BagSummary> summary = reader->summary()) bags.push_back(std::move(*summary));
      }
    }
    return bags;
  }

  std::vector<std::string> tracks() const {
    std::set<std::string> names;
    for (const BagSummary& bag : bags()) {
      for (const TrackRecord& track : bag.tracks) names.insert(track.name);
    }
    return {names.begin(), names.end()};
  }

  // Fields behind those that `begun` names already: "ax," gives "ax,ay".
  std::vector<std::string> columns_behind(const std::string& begun) const {
    const std::size_t comma = begun.rfind(',');
    const std::string front = comma == std::string::npos ? "" : begun.substr(0, comma + 1);
    std::set<std::string> names;
    for (const BagSummary& bag : bags()) {
      for (const TrackRecord& track : bag.tracks) {
        for (const auto& [field, seen] : track.fields) names.insert(front + field);
      }
    }
    return {names.begin(), names.end()};
  }

  // Of the node that the line names.
  std::vector<Candidate> operations() const {
    std::vector<Candidate> found;
    if (arguments_.empty()) return found;
    Context context;
    const Result<Value> reply =
        control_call(context, arguments_.front(), "describe", {}, std::chrono::milliseconds(500));
    const Fields* const listed = reply ? reply->get_if<Fields>() : nullptr;
    if (listed == nullptr) return found;
    for (const auto& [name, summary] : *listed) {
      const auto* const text = summary.get_if<std::string>();
      found.push_back({name, text == nullptr ? "" : *text});
    }
    return found;
  }

  const OptionTable& table_;
  std::vector<KnownOption> known_;
  std::vector<std::string> arguments_;
  const KnownOption* open_ = nullptr;  // its value comes next
  bool only_arguments_ = false;        // "--" stands before
  std::string current_;
};

Completion verbs_of(const Verbs& verbs) {
  Completion all;
  for (const Verb& verb : verbs)
    all.candidates.push_back({verb.options->verb(), verb.options->purpose()});
  return all;
}

}  // namespace

Completion complete(const Verbs& verbs, const std::vector<std::string>& words) {
  if (words.empty()) return {};
  if (words.size() == 1) {
    if (words.front().starts_with("-"))
      return {Completes::kWords, {{"--help", ""}, {"--version", ""}}};
    return verbs_of(verbs);
  }
  if (words.front() == "help") return words.size() == 2 ? verbs_of(verbs) : Completion{};
  const Verb* const verb = find_verb(verbs, words.front());
  if (verb == nullptr) return {};
  return WordsSoFar(*verb->options, options_of(*verb->options), words).completion();
}

}  // namespace zbag
