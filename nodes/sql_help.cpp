#include "nodes/sql_help.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "player/columns/column_names.hpp"
#include "player/query/sql_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Names = std::function<std::vector<std::string>()>;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// What stands behind `words`, up to the quote that ends it; empty: they are not there.
std::string_view quoted_behind(std::string_view message, std::string_view words) {
  const std::size_t found = message.find(words);
  if (found == std::string_view::npos) return {};
  const std::string_view rest = message.substr(found + words.size());
  return rest.substr(0, rest.find('"'));
}

// DuckDB takes linear.x for column x of table linear. Best the field that `sql` has in mind.
std::string nested_remedy(std::string_view message, std::string_view sql, const Names& names) {
  std::string_view outer = quoted_behind(message, "Referenced table \"");
  if (outer.empty()) outer = quoted_behind(message, "does not have a column named \"");
  if (outer.empty()) return {};
  const std::string begin = without_case("\"" + std::string(outer) + ".");
  const std::string asked = without_case(sql);
  std::string nested;
  for (const std::string& name : names()) {
    const std::string alike = without_case(name);
    if (!alike.starts_with(begin)) continue;
    const bool is_meant = has(asked, std::string_view(alike).substr(1, alike.size() - 2));
    if (is_meant || nested.empty()) nested = name;
    if (is_meant) break;
  }
  return nested.empty() ? std::string() : "; a nested field is written " + printable(nested);
}

bool writes(std::string_view sql) {
  constexpr std::string_view kWriting[] = {"insert", "drop", "alter", "merge"};
  SqlStatements statements = split_statements(sql);
  statements.whole.push_back(statements.rest);
  return std::any_of(statements.whole.begin(), statements.whole.end(), [&](const auto& one) {
    const std::vector<std::string> words = words_of(one);
    return !words.empty() &&
           std::find(std::begin(kWriting), std::end(kWriting), words.front()) != std::end(kWriting);
  });
}

std::string locked_remedy(std::string_view message) {
  if (has(message, "\"memory_limit\"") || has(message, "\"max_memory\""))
    return "; --memory MB sets it";
  if (has(message, "\"threads\"") || has(message, "\"worker_threads\""))
    return "; --threads N sets it";
  return "; --files allows it";
}

}  // namespace

std::string with_remedy(const std::string& message, std::string_view sql, const Names& names) {
  // DuckDB makes several of a PIVOT that has to look for its values first.
  if (has(message, "Cannot prepare multiple statements") && has(without_case(sql), "pivot"))
    return "PIVOT needs ON name IN (...), with the values that become columns";
  if (has(message, "Can only delete from base table") ||
      has(message, "Can only update base table") ||
      (has(message, "this does not look at tracks") && writes(sql)))
    return "bags are not written by sql; tables that it makes are";
  constexpr std::pair<std::string_view, std::string_view> kRemedies[] = {
      {"disabled by config", "; --files allows it"},
      {"failed to allocate data", "; --memory gives it more"},
      {"syntax error at or near \"/\"", "; a name with / is written \"robot/imu\""}};
  for (const auto& [words, remedy] : kRemedies) {
    if (has(message, words)) return message + std::string(remedy);
  }
  if (has(message, "configuration has been locked")) return message + locked_remedy(message);
  return message + nested_remedy(message, sql, names);
}

void explain_sql(OptionTable& options) {
  options.explain(
      {"Tables",
       {{"\"robot/imu\"",
         "A track: _ts (seconds), _ts_ns, of several bags bag, and its fields, nested ones as "
         "\"pose.x\"; names that differ in case alone get _2"},
        {"points tracks runs losses episodes",
         "What the bags hold and say of themselves; zbag.points where a track is called points"},
        {"zbag('day.zbag', 'robot/imu', since := 1795216430, until := 1795216440)",
         "A track of one bag, or of ['a.zbag', 'b.zbag'], in a span of time. A condition on _ts "
         "filters what was read: this, and --start and --end, read no more than is asked for"}}});
  options.explain(
      {"Values",
       {{"\"linear.x\"", "A nested field: one name, in double quotes"},
        {"ranges[1]", "The first of a list: they count from 1"},
        {"to_timestamp(_ts)", "The time as a TIMESTAMP (WITH TIME ZONE)"},
        {"NaN",
         "Greater than every number, and makes avg NaN; AND NOT isnan(x) leaves such "
         "rows out"},
        {"null \"inf\" \"-inf\"",
         "NaN and infinities in JSON, as cat and export write and import reads them; NULL "
         "is null, too. In CSV nan, inf, -inf"}}});
  options.explain({"Two tracks, each row with the last one before it of the other",
                   {{"SELECT s.steer, i.ax FROM drive s ASOF JOIN imu i ON s._ts >= i._ts", ""}}});
}

}  // namespace zbag
