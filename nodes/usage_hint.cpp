#include "nodes/usage_hint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "nodes/nearest.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// What does it here.
const char* const kTap = "zbag tap prints frames as they pass";
const char* const kTopics = "zbag topics lists the tracks on the bus, zbag info those of a bag";
const char* const kRates = "zbag topics --watch shows the rate and bandwidth of every track";
const char* const kInfo = "zbag info shows what a bag holds";
const char* const kCat = "zbag cat prints the points of a bag, zbag tap what passes on the bus";
const char* const kPub = "zbag pub publishes a recording as its sensors did";
const char* const kPlay = "zbag play replays bags";
const char* const kRecord = "zbag record records the bus";
const char* const kCheck = "zbag check verifies a bag";
const char* const kRecover = "zbag recover saves what is intact of a damaged bag";
const char* const kCut = "zbag cut copies a choice of a bag's points into a new one";
const char* const kMerge = "zbag merge joins bags";
const char* const kCompact = "zbag compact rewrites a bag; record and import take --compression";
const char* const kExport = "zbag export writes a bag in another format, zbag import reads one";
const char* const kBroker = "zbag broker, or zbag record --with-broker, runs the bus";
const char* const kNodes = "zbag ctl lists the nodes that run";
const char* const kControl =
    "zbag ctl lists the nodes that run; zbag ctl NODE stop, pause or resume is for one of them";
const char* const kSplit =
    "zbag record --max-size parts a recording, zbag ctl record split at once";

const std::map<std::string, const char*>& words_of_others() {
  static const std::map<std::string, const char*> kWords = {
      {"echo", kTap},         {"listen", kTap},
      {"sub", kTap},          {"subscribe", kTap},
      {"sniff", kTap},        {"list", kTopics},
      {"ls", kTopics},        {"topic", kTopics},
      {"tracks", kTopics},    {"channels", kTopics},
      {"hz", kRates},         {"bw", kRates},
      {"delay", kRates},      {"top", kRates},
      {"stat", kInfo},        {"stats", kInfo},
      {"summary", kInfo},     {"describe", kInfo},
      {"inspect", kInfo},     {"show", kCat},
      {"print", kCat},        {"dump", kCat},
      {"view", kCat},         {"head", kCat},
      {"publish", kPub},      {"send", kPub},
      {"replay", kPlay},      {"run", "zbag launch starts the nodes of a file"},
      {"rec", kRecord},       {"log", kRecord},
      {"logger", kRecord},    {"capture", kRecord},
      {"verify", kCheck},     {"validate", kCheck},
      {"fsck", kCheck},       {"doctor", kCheck},
      {"fix", kRecover},      {"repair", kRecover},
      {"reindex", kRecover},  {"salvage", kRecover},
      {"filter", kCut},       {"trim", kCut},
      {"slice", kCut},        {"crop", kCut},
      {"join", kMerge},       {"concat", kMerge},
      {"compress", kCompact}, {"convert", kExport},
      {"core", kBroker},      {"master", kBroker},
      {"roscore", kBroker},   {"server", kBroker},
      {"proxy", kBroker},     {"nodes", kNodes},
      {"ps", kNodes},         {"status", kNodes},
      {"node", kNodes},       {"stop", kControl},
      {"start", kControl},    {"pause", kControl},
      {"resume", kControl},   {"kill", kControl},
      {"split", kSplit},      {"man", "zbag help explains the verbs"}};
  return kWords;
}

struct OptionOfOthers {
  std::string_view name;
  const char* ours;     // that the verb must have; null: it needs none
  const char* instead;  // what to write
};

// Of ros2 bag and rosbag; a short one means something else in another verb.
constexpr std::array<OptionOfOthers, 36> kOptionsOfOthers = {
    {{"-a", "--with-broker", "every track is recorded that --track and --exclude do not leave out"},
     {"--all", "--with-broker",
      "every track is recorded that --track and --exclude do not leave out"},
     {"--all-topics", "--with-broker",
      "every track is recorded that --track and --exclude do not leave out"},
     {"-t", "--track", "write --track PATTERN"},
     {"--topic", "--track", "write --track PATTERN"},
     {"--topics", "--track", "write --track PATTERN"},
     {"--topic-name", "--track", "write --track PATTERN"},
     {"-e", "--track", "write --track PATTERN, with * and ** for segments"},
     {"--regex", "--track", "write --track PATTERN, with * and ** for segments"},
     {"-x", "--exclude", "write --exclude PATTERN"},
     {"--exclude-regex", "--exclude", "write --exclude PATTERN"},
     {"--exclude-topics", "--exclude", "write --exclude PATTERN"},
     {"-O", "--output", "write -o BAG"},
     {"--output-name", "--output", "write -o BAG"},
     {"-b", "--max-size", "write --max-size MB"},
     {"--max-bag-size", "--max-size", "write --max-size MB"},
     {"-d", "--max-duration", "write --max-duration S"},
     {"--max-bag-duration", "--max-duration", "write --max-duration S"},
     {"--max-splits", "--max-files", "write --max-files N"},
     {"--max-cache-size", "--buffer-mb", "write --buffer-mb MB"},
     {"--compression-mode", "--compression", "write --compression none, lz4 or zstd:LEVEL"},
     {"--compression-format", "--compression", "write --compression none, lz4 or zstd:LEVEL"},
     {"-j", "--compression", "write --compression zstd"},
     {"--bz2", "--compression", "write --compression zstd"},
     {"--lz4", "--compression", "write --compression lz4"},
     {"--custom-data", "--metadata", "write --metadata KEY=VALUE"},
     {"--node-name", "--name", "write --name NODE"},
     {"-r", "--rate", "write --rate R"},
     {"-l", "--loop", "write --loop"},
     {"--start-offset", "--start", "write --start +S"},
     {"--playback-duration", "--duration", "write --duration S"},
     {"--playback-until-sec", "--end", "write --end T"},
     {"-v", "--losses", "write --all"},
     {"--verbose", "--losses", "write --all"},
     {"-s", nullptr, "a bag has one storage; zbag export writes other formats"},
     {"--storage", nullptr, "a bag has one storage; zbag export writes other formats"}}};

// What verbs that look at tracks whole say to who asks for a part.
constexpr std::array<std::string_view, 6> kOptionsOfAPart = {"--start",   "--end",    "--duration",
                                                             "--columns", "--fields", "--limit"};
constexpr std::array<std::pair<std::string_view, const char*>, 2> kWholeTracks = {
    {{"check",
      "tracks are verified whole, with their counts, and --track chooses them; zbag cut of a part "
      "names what is damaged in it"},
     {"info", "tracks are shown whole, and --track chooses them; zbag cut makes a bag of a part"}}};

// Words that other tools put in front of a verb.
bool is_prefix(const std::string& word) {
  return word == "bag" || word == "topic" || word == "rosbag" || word == "ros2" || word == "mcap";
}

bool has(const std::vector<std::string>& options, const char* name) {
  return std::find(options.begin(), options.end(), name) != options.end();
}

}  // namespace

std::string verb_fault(const std::vector<std::string>& words,
                       const std::vector<std::string>& verbs) {
  const std::string fault = fmt::format("no verb '{}'", printable(words.front()));
  std::size_t at = 0;
  while (at + 1 < words.size() && is_prefix(words[at])) ++at;
  if (at > 0 && std::find(verbs.begin(), verbs.end(), words[at]) != verbs.end())
    return fmt::format("{}: write zbag {}", fault, words[at]);
  for (; at != std::string::npos; --at) {
    const auto found = words_of_others().find(words[at]);
    if (found != words_of_others().end()) return fmt::format("{}: {}", fault, found->second);
  }
  if (const std::optional<std::string> near = nearest(words.front(), verbs))
    return fmt::format("{}: did you mean {}?; see zbag help", fault, *near);
  return fault + "; zbag help lists them";
}

std::string option_fault(const std::string& word, const std::vector<std::string>& options,
                         const std::string& verb) {
  const std::string name = word.substr(0, word.find('='));
  const std::string fault = fmt::format("unknown option {}", printable(name));
  for (const OptionOfOthers& theirs : kOptionsOfOthers) {
    if (theirs.name == name && (theirs.ours == nullptr || has(options, theirs.ours)))
      return fmt::format("{}: {}", fault, theirs.instead);
  }
  const bool is_of_a_part =
      std::find(kOptionsOfAPart.begin(), kOptionsOfAPart.end(), name) != kOptionsOfAPart.end();
  for (const auto& [whole_verb, instead] : kWholeTracks) {
    if (is_of_a_part && verb == whole_verb) return fmt::format("{}: {}", fault, instead);
  }
  const std::optional<std::string> near = nearest(name, options);
  return near ? fmt::format("{}: did you mean {}?", fault, *near) : fault;
}

std::string argument_fault(const std::string& word, const std::vector<std::string>& options,
                           const std::string& track) {
  return fmt::format("'{}' is one argument too many{}", printable(word),
                     has(options, "--track") ? "; tracks are named with --track " + track : "");
}

}  // namespace zbag
