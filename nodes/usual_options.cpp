#include "nodes/usual_options.hpp"

#include <fmt/format.h>

#include "nodes/time_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// What parse_range() will take once the bag's extent is known; empty: none.
OptionType<std::string> bag_time() {
  OptionType<std::string> type = option_type::any_text("TIME");
  type.parse = [](const std::string& text) -> Result<std::string> {
    if (text.empty()) return text;
    const Result<Timestamp> time = parse_time(text, TimeRange{0, 0});
    if (!time) return tl::unexpected(time.error());
    return text;
  };
  return type;
}

std::string compression_text(const CompressionSpec& spec) {
  switch (spec.kind) {
    case Compression::kNone:
      return "none";
    case Compression::kLz4:
      return "lz4";
    case Compression::kZstd:
      break;
  }
  return spec.level == 3 ? "zstd" : fmt::format("zstd:{}", spec.level);
}

OptionType<CompressionSpec> compression_spec() {
  return {
      "C",
      [](const std::string& text) -> Result<CompressionSpec> {
        if (text == "none") return CompressionSpec{Compression::kNone, 0};
        if (text == "lz4") return CompressionSpec{Compression::kLz4, 0};
        if (text == "zstd") return CompressionSpec{Compression::kZstd, 3};
        const bool has_level = text.starts_with("zstd:");
        const Result<std::uint64_t> level = parse_count(has_level ? text.substr(5) : "", {1, 22});
        if (level) return CompressionSpec{Compression::kZstd, static_cast<int>(*level)};
        return fail(ErrorCode::kInvalid, "use none, lz4, zstd or zstd:LEVEL with LEVEL 1 to 22");
      },
      compression_text,
      [](const CompressionSpec& spec) { return Value(compression_text(spec)); },
      {"none", "lz4", "zstd"}};
}

}  // namespace

void add_bus_options(OptionTable& options, BusArguments& arguments) {
  const GroupScope group(options, OptionGroup::kBus);
  options.add("--publish-to", arguments.urls.publish_to, option_type::any_text("URL"),
              "URL where publishers send (the broker's XSUB)");
  options.add("--subscribe-to", arguments.urls.subscribe_to, option_type::any_text("URL"),
              "URL where subscribers listen (the broker's XPUB)");
  options.add("--name", arguments.name, option_type::any_text("NODE"),
              "Name of this node on the bus and for zbag ctl [the verb]");
  options.add_loudness(arguments.quiet);
}

std::string nothing_heard(const BusUrls& urls) {
  return fmt::format("nothing from {} yet; is a broker running and somebody publishing to {}?",
                     urls.subscribe_to, urls.publish_to);
}

void add_wait(OptionTable& options, WaitSeconds& wait) {
  const GroupScope group(options, OptionGroup::kBus);
  options.add("--wait", wait, option_type::seconds<WaitSeconds>({0.0, 1e6}),
              "Seconds to wait at most for the first subscriber");
}

void add_compression(OptionTable& options, CompressionSpec& compression) {
  const GroupScope group(options, OptionGroup::kStorage);
  options.add("--compression", compression, compression_spec(), "none, lz4, zstd or zstd:LEVEL");
}

void add_tracks(OptionTable& options, std::vector<std::string>& tracks,
                std::vector<std::string>& excluded) {
  const GroupScope group(options, OptionGroup::kSelection);
  options.add_list("--track", tracks, option_type::track_pattern(),
                   "Only tracks that match: * is any text within a segment, ** any segments");
  options.add_list("--exclude", excluded, option_type::track_pattern(), "No tracks that match");
}

void add_columns(OptionTable& options, std::vector<std::string>& columns) {
  const GroupScope group(options, OptionGroup::kSelection);
  options
      .add_list("--columns,--fields", columns, option_type::any_text("A,B"),
                "Only these fields (nested ones as a.b), separated by commas")
      .comma_separated();
}

void add_times(OptionTable& options, SelectionArguments& arguments) {
  const GroupScope group(options, OptionGroup::kSelection);
  options.add("--start", arguments.start, bag_time(),
              "First time: seconds since the epoch, ISO 8601, or +10 / +1m30s after the bag's "
              "start, -5 before its end");
  options.add("--end", arguments.end, bag_time(), "Last time, included; written like --start");
  options.add("--duration", arguments.duration,
              option_type::or_zero(option_type::seconds<std::chrono::nanoseconds>({0.0, 1e9})),
              "Seconds of the recording from the first time on; 0: to the end");
}

void add_selection(OptionTable& options, SelectionArguments& arguments) {
  add_tracks(options, arguments.tracks, arguments.excluded);
  add_times(options, arguments);
  const GroupScope group(options, OptionGroup::kSelection);
  add_columns(options, arguments.columns);
  options.add("--limit", arguments.limit, option_type::count<std::uint64_t>("N", {0, 1e18}),
              "Stops after so many points; 0: at the end");
}

void add_where(OptionTable& options, SelectionArguments& arguments) {
  const OptionType<PointCondition> condition = {
      "[TRACK:]EXPRESSION", [](const std::string& text) { return PointCondition::parse(text); },
      [](const PointCondition& given) { return given.text; },
      [](const PointCondition& given) { return Value(given.text); }};
  const GroupScope group(options, OptionGroup::kSelection);
  options.add("--where", arguments.where, condition, "Points of which this is true, as below");
  options.explain(
      {"Expressions",
       {{"ax > 3 and _ts < 12.5", "= != < <= > >= of fields, numbers, _ts; and, or, not, ( )"},
        {"mode in ('auto', 'hold')", "also between 1 and 5, contains, starts, ends 'text'"},
        {"position[0] < 0.5", "a value of a list; they count from 0 (in SQL from 1)"},
        {"pose.\"odd name\".x is null", "missing or nil; any other test of it matches nothing"},
        {"robot/imu: ax > 3", "of that track alone: points of others match nothing"}}});
}

void add_heard_tracks(OptionTable& options, std::vector<std::string>& patterns,
                      SelectionArguments& arguments) {
  options.add_list("PATTERN", patterns, option_type::track_pattern(), "The same as --track [all]");
  add_tracks(options, arguments.tracks, arguments.excluded);
}

std::vector<std::string> asked_tracks(std::vector<std::string> patterns,
                                      const SelectionArguments& arguments) {
  patterns.insert(patterns.end(), arguments.tracks.begin(), arguments.tracks.end());
  return patterns;
}

Result<TrackFilter> heard_tracks(std::vector<std::string> asked,
                                 const SelectionArguments& arguments,
                                 const std::vector<std::string>& always) {
  if (asked.empty() && !always.empty()) asked.emplace_back("**");
  asked.insert(asked.end(), always.begin(), always.end());
  return TrackFilter::parse(asked, arguments.excluded);
}

void add_bag(OptionTable& options, std::string& path, const std::string& help) {
  options.add("BAG", path, option_type::any_text("BAG"), help).required().one_alone();
}

void add_bags(OptionTable& options, std::vector<std::string>& named, const std::string& help) {
  options.add_list("BAG", named, option_type::any_text("BAG"), help + "; a folder: all in it")
      .required();
}

void add_new_bag(OptionTable& options, std::string& path, const std::string& metavar) {
  const GroupScope group(options, OptionGroup::kOutput);
  options
      .add("-o,--output", path, option_type::any_text(metavar), "Bag to write; never overwritten")
      .required();
}

void add_max_items(OptionTable& options, std::uint32_t& items_max) {
  const GroupScope group(options, OptionGroup::kFrames);
  options.add("--max-items", items_max, option_type::count<std::uint32_t>("N", {1'024.0, 4e9}),
              "Values one frame may hold, keys and what lies in arrays and maps counted; a frame "
              "with more is refused");
}

namespace {

OptionType<MergeRule> merge_rule() {
  const OptionType<MergeMode> mode =
      option_type::one_of<MergeMode>("MODE", {{"join", MergeMode::kJoin},
                                              {"shallow", MergeMode::kShallow},
                                              {"deep", MergeMode::kDeep},
                                              {"append", MergeMode::kAppend}});
  const auto text = [mode](const MergeRule& rule) {
    return (rule.tracks ? rule.tracks->str() + "=" : "") + mode.text(rule.mode);
  };
  return {"[PATTERN=]MODE",
          [mode](const std::string& given) -> Result<MergeRule> {
            MergeRule rule;
            const std::size_t at = given.rfind('=');
            if (at != std::string::npos) {
              Result<TrackPattern> tracks = TrackPattern::parse(given.substr(0, at));
              if (!tracks) return tl::unexpected(tracks.error());
              rule.tracks = std::move(*tracks);
            }
            const Result<MergeMode> parsed =
                mode.parse(at == std::string::npos ? given : given.substr(at + 1));
            if (!parsed) return tl::unexpected(parsed.error());
            rule.mode = *parsed;
            return rule;
          },
          text, [text](const MergeRule& rule) { return Value(text(rule)); }, mode.words};
}

}  // namespace

void add_merge_rules(OptionTable& options, MergeRules& rules) {
  const GroupScope group(options, OptionGroup::kFrames);
  options.add_list(
      "--merge", rules.rules, merge_rule(),
      "Frames of equal _ts: join (a different value makes a further point), shallow or "
      "deep (the later value wins), append; PATTERN=MODE for some tracks, the last wins");
}

}  // namespace zbag
