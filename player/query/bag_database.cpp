#include "player/query/bag_database.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "player/columns/column_names.hpp"
#include "player/query/sql_text.hpp"
#include "player/query/system_tables.hpp"
#include "recorder/bag/read/track_fields.hpp"
#include "schemas/mutex.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kTrackFunction = "zbag";
constexpr const char* kSchema = "zbag";  // of the system tables

std::string system_function(const std::string& table) { return "zbag_" + table; }

// In quotes, if DuckDB would take it for something else.
std::string name_in_sql(const std::string& name) {
  const bool is_plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
    return letter == '_' || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9');
  });
  const bool has_digit_first = is_plain && name.front() >= '0' && name.front() <= '9';
  return is_plain && !has_digit_first ? name : sql_name(name);
}

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
  FieldsShelf shelf;
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
    return make_bag_table(std::move(choice), shelf, watch);
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

  // DuckDB takes a name such as t.csv for a file before it asks us: a view, which comes first of
  // all, says that it is a track. Made anew for each statement, as columns may have changed.
  void show_before_files(const std::string& sql) {
    if (sql.find('.') == std::string::npos) return;
    const std::string alike = without_case(sql);
    std::set<std::string> meant;
    std::set<std::string> seen;
    const auto take = [&](const std::string& track, bool is_exact) {
      const bool is_file_like = track.find('.') != std::string::npos;
      const bool is_there =
          is_file_like &&
          (is_exact ? sql.find(track) : alike.find(without_case(track))) != std::string::npos;
      if (is_there && seen.insert(without_case(track)).second) meant.insert(track);
    };
    for (const bool is_exact : {true, false}) {
      for (const NamedBag& bag : bags) {
        const Result<BagSummary> summary = bag.reader.summary();
        if (!summary) continue;
        for (const TrackRecord& track : summary->tracks) take(track.name, is_exact);
      }
    }
    // A failure is told of what asks for the track.
    for (const std::string& track : meant)
      (void)database->run(fmt::format("CREATE OR REPLACE VIEW main.{} AS FROM {}('', {})",
                                      sql_name(track), kTrackFunction, sql_text(track)));
  }

  std::optional<NamedCall> look_up(const std::string& name) const {
    const std::optional<std::string> track = track_of(name);
    if (track) return NamedCall{kTrackFunction, {"", *track}};
    const auto& tables = system_table_names();
    const std::string lower = without_case(name);
    if (std::find(tables.begin(), tables.end(), lower) == tables.end()) return std::nullopt;
    return NamedCall{system_function(lower), {}};
  }

  std::string tell_unknown(const std::string& name) const {
    if (const auto track = track_of(name)) {
      const std::string written = printable(name_in_sql(*track));
      return fmt::format("this does not look at tracks; DESCRIBE {0} and FROM {0} do", written);
    }
    std::string text = "there is no table " + printable(name);
    if (!options.nearest) return text;
    std::vector<std::string> known = system_table_names();
    for (const NamedBag& bag : bags) {
      const Result<BagSummary> summary = bag.reader.summary();
      if (!summary) continue;
      for (const TrackRecord& track : summary->tracks) known.push_back(track.name);
    }
    const std::optional<std::string> near = options.nearest(name, known);
    if (near) return text + fmt::format("; did you mean {}?", printable(name_in_sql(*near)));
    return text + "; SHOW TABLES lists them";
  }

  Status add_tables() {
    Status added = database->add(
        {.name = kTrackFunction, .takes_track = true, .make = [this](const TableCall& call) {
           return track_table(call);
         }});
    if (added) added = database->run(fmt::format("CREATE SCHEMA {}", kSchema));
    for (const std::string& name : system_table_names()) {
      if (added)
        added =
            database->add({.name = system_function(name), .make = [this, name](const TableCall&) {
                             return make_system_table(name, bags, options.range, watch);
                           }});
      if (added)
        added = database->run(
            fmt::format("CREATE VIEW {}.{} AS FROM {}()", kSchema, name, system_function(name)));
    }
    database->set_lookup([this](const std::string& name) { return look_up(name); });
    database->set_before([this](const std::string& sql) { show_before_files(sql); });
    database->set_unknown_table([this](const std::string& name) { return tell_unknown(name); });
    return added;
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
  if (Status added = kept.add_tables(); !added) return tl::unexpected(added.error());
  return BagDatabase(std::move(state));
}

const std::string& BagDatabase::tables_query() {
  static const std::string kQuery = fmt::format(
      "SELECT name FROM (SELECT DISTINCT 0 AS part, name FROM {0}.tracks UNION ALL "
      "SELECT 1, table_name FROM information_schema.tables WHERE table_schema = 'main' AND "
      "table_name NOT IN (SELECT name FROM {0}.tracks) "
      "UNION ALL SELECT 2, '{0}.' || table_name FROM information_schema.tables "
      "WHERE table_schema = '{0}') ORDER BY part, name",
      kSchema);
  return kQuery;
}

Database& BagDatabase::database() { return *state_->database; }
std::vector<std::string> BagDatabase::names() const {
  std::set<std::string> names(system_table_names().begin(), system_table_names().end());
  for (const NamedBag& bag : state_->bags) {
    const Result<BagSummary> summary = bag.reader.summary();
    if (!summary) continue;
    for (const TrackRecord& track : summary->tracks) {
      names.insert(name_in_sql(track.name));
      if (!track.first) continue;
      const auto fields =
          read_track_fields(bag.reader, track.name, {.first = *track.first, .last = *track.first});
      if (!fields) continue;
      for (const TrackField& field : *fields)
        names.insert(name_in_sql(fmt::format("{}", fmt::join(field.names, "."))));
    }
  }
  return {names.begin(), names.end()};
}
ReadWatch& BagDatabase::watch() { return state_->watch; }
const ReadWatch& BagDatabase::watch() const { return state_->watch; }

}  // namespace zbag
