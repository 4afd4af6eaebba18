#include "player/query/bag_database.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "player/columns/column_names.hpp"
#include "schemas/mutex.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kTrackFunction = "zbag";

TimeRange range_of(const TableCall& call, TimeRange all) {
  TimeRange range = all;
  if (call.since) range.first = std::max(range.first, call.since->ns());
  if (call.until) range.last = std::min(range.last, call.until->ns());
  return range;
}

}  // namespace

struct BagDatabase::State {
  std::vector<NamedBag> bags;
  Options options;
  ReadWatch watch;
  Mutex mutex;
  std::set<std::string> noted ZBAG_GUARDED_BY(mutex);
  std::optional<Database> database;  // goes before what its tables are made of

  State(std::vector<NamedBag> bags_given, Options options_given)
      : bags(std::move(bags_given)), options(std::move(options_given)), watch(options.warn) {}

  void note(const std::string& text) {
    const MutexLock lock(mutex);
    if (noted.insert(text).second && options.note) options.note(text);
  }

  Result<std::unique_ptr<SqlTable>> track_table(const TableCall& call) {
    const bool is_of_all = call.bags == std::vector<std::string>{""};
    BagTableChoice choice{.track = call.track,
                          .range = range_of(call, is_of_all ? options.range : TimeRange::all()),
                          .note = [this](const std::string& text) { note(text); }};
    if (is_of_all) choice.bags = bags;
    for (const std::string& name : is_of_all ? std::vector<std::string>() : call.bags) {
      const auto known = std::find_if(bags.begin(), bags.end(),
                                      [&](const NamedBag& bag) { return bag.name == name; });
      if (known != bags.end()) {
        choice.bags.push_back(*known);
        continue;
      }
      Result<BagReader> opened = BagReader::open(name);
      if (!opened) return tl::unexpected(opened.error());
      choice.bags.push_back({name, std::move(*opened)});
    }
    return make_bag_table(std::move(choice), watch);
  }

  // The track that `name` means: the very one, else one that differs in case alone.
  std::optional<std::string> track_of(const std::string& name) const {
    std::optional<std::string> alike;
    for (const NamedBag& bag : bags) {
      const Result<BagSummary> summary = bag.reader.summary();
      if (!summary) continue;
      for (const TrackRecord& track : summary->tracks) {
        if (track.name == name) return name;
        if (without_case(track.name) == without_case(name)) alike = track.name;
      }
    }
    return alike;
  }

  std::optional<NamedCall> look_up(const std::string& name) const {
    const std::optional<std::string> track = track_of(name);
    if (track) return NamedCall{kTrackFunction, {"", *track}};
    return std::nullopt;
  }
};

BagDatabase::BagDatabase(std::unique_ptr<State> state) : state_(std::move(state)) {}
BagDatabase::BagDatabase(BagDatabase&&) noexcept = default;
BagDatabase& BagDatabase::operator=(BagDatabase&&) noexcept = default;
BagDatabase::~BagDatabase() = default;

Result<BagDatabase> BagDatabase::open(std::vector<NamedBag> bags, Options options) {
  Result<Database> database = Database::open(options.database);
  if (!database) return tl::unexpected(database.error());
  auto state = std::make_unique<State>(std::move(bags), std::move(options));
  State& kept = *state;
  kept.database = std::move(*database);
  Status added = kept.database->add(
      {.name = kTrackFunction, .takes_track = true, .make = [&kept](const TableCall& call) {
         return kept.track_table(call);
       }});
  if (!added) return tl::unexpected(added.error());
  kept.database->set_lookup([&kept](const std::string& name) { return kept.look_up(name); });
  return BagDatabase(std::move(state));
}

Database& BagDatabase::database() { return *state_->database; }
const ReadWatch& BagDatabase::watch() const { return state_->watch; }

}  // namespace zbag
