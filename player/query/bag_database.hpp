// SQL over bags: every track is a table of its name, and `zbag(BAG, TRACK)` one of any bag.
//
//   BagDatabase bags = BagDatabase::open({{"day.zbag", reader}}, {}).value();
//   bags.database().prepare(R"(SELECT avg(ax) FROM "robot/imu")").value().run(take);
//
// A name in SQL is that of a track, of whatever case if no other is meant, also where a file is
// called so; else that of a system table (system_tables.hpp). Tables are looked at anew by every
// statement, so that a bag may be recorded meanwhile: DuckDB refuses views whose columns have
// changed, and would need the fields of all tracks before the first answer. Not thread-safe, but
// for interrupting and watch().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "player/query/bag_table.hpp"
#include "player/query/database.hpp"
#include "player/query/read_watch.hpp"

namespace zbag {

class BagDatabase {
 public:
  struct Options {
    Database::Options database;
    TimeRange range = TimeRange::all();  // of tables by their names, and of zbag('', TRACK)
    // Told in one line, once each: what has another name in SQL; what is damaged and left out.
    std::function<void(const std::string&)> note;
    Warn warn;
    // The one of `known` that `name` may have been meant for. May be empty.
    std::function<std::optional<std::string>(const std::string& name,
                                             const std::vector<std::string>& known)>
        nearest;
  };
  // `bags` have different names. Errors as Database::open.
  static Result<BagDatabase> open(std::vector<NamedBag> bags, Options options);
  BagDatabase(BagDatabase&&) noexcept;
  BagDatabase& operator=(BagDatabase&&) noexcept;
  ~BagDatabase();

  Database& database();
  // Of tables, and of fields that tracks begin with, as SQL writes them; in their order.
  std::vector<std::string> names() const;
  // What SHOW TABLES would give if tracks were tables that DuckDB knows of.
  static const std::string& tables_query();
  ReadWatch& watch();
  const ReadWatch& watch() const;

 private:
  struct State;
  explicit BagDatabase(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zbag
