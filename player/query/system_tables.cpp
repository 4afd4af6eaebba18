#include "player/query/system_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "player/query/points_table.hpp"
#include "player/query/value_rows.hpp"
#include "schemas/check.hpp"

namespace zbag {
namespace {

using Row = std::vector<Value>;
using Columns = std::vector<TableColumn>;

constexpr ColumnKind kText = ColumnKind::kText;
constexpr ColumnKind kInt = ColumnKind::kInt;
constexpr ColumnKind kDouble = ColumnKind::kDouble;
constexpr ColumnKind kJson = ColumnKind::kJson;

Value lost_of(const std::optional<std::uint64_t>& lost) { return lost ? Value(*lost) : Value(); }

void add_tracks(const std::string& bag, const BagSummary& summary, std::vector<Row>& rows) {
  for (const TrackRecord& track : summary.tracks) {
    Fields fields;
    for (const auto& [name, types] : track.fields)
      fields.emplace_back(name, Array(types.begin(), types.end()));
    rows.push_back({bag, track.name, track.total(),
                    track.first ? Value(seconds_of_key(*track.first)) : Value(),
                    track.last ? Value(seconds_of_key(*track.last)) : Value(),
                    track.rate() ? Value(*track.rate()) : Value(), track.bytes, lost_of(track.lost),
                    track.fate.overwritten, std::move(fields)});
  }
}

void add_runs(const std::string& bag, const BagSummary& summary, std::vector<Row>& rows) {
  for (const RunRecord& run : summary.runs) {
    rows.push_back({bag, run.id, run.start, run.end ? Value(*run.end) : Value(),
                    run.closed ? "closed" : "open", run.host, run.version, run.config,
                    run.metadata});
  }
}

Value run_of(const BagSummary& summary, const LossRecord& loss) {
  for (const RunRecord& run : summary.runs) {
    if (run.start_ns() == loss.run_start_ns) return run.id;
  }
  return {};
}

void add_losses(const std::string& bag, const BagSummary& summary, std::vector<Row>& rows) {
  for (const LossRecord& loss : summary.losses) {
    rows.push_back({bag, run_of(summary, loss), loss.publisher, fmt::format("{:016x}", loss.src),
                    loss.track, loss.received, loss.lost, loss.missed_before});
  }
}

void add_none(const std::string&, const BagSummary&, std::vector<Row>&) {}

struct SystemTable {
  std::string name;
  Columns columns;
  void (*add)(const std::string& bag, const BagSummary& summary, std::vector<Row>& rows);
};

const std::vector<SystemTable>& known_tables() {
  static const std::vector<SystemTable> kTables = {{"tracks",
                                                    {{"bag", kText},
                                                     {"name", kText},
                                                     {"points", kInt},
                                                     {"first_ts", kDouble},
                                                     {"last_ts", kDouble},
                                                     {"rate_hz", kDouble},
                                                     {"bytes", kInt},
                                                     {"lost", kInt},
                                                     {"overwritten", kInt},
                                                     {"fields", kJson}},
                                                    add_tracks},
                                                   {"runs",
                                                    {{"bag", kText},
                                                     {"id", kInt},
                                                     {"start", kDouble},
                                                     {"end", kDouble},
                                                     {"status", kText},
                                                     {"host", kText},
                                                     {"version", kText},
                                                     {"config", kJson},
                                                     {"metadata", kJson}},
                                                    add_runs},
                                                   {"episodes",
                                                    {{"bag", kText},
                                                     {"id", kInt},
                                                     {"run", kInt},
                                                     {"start", kDouble},
                                                     {"end", kDouble},
                                                     {"status", kText},
                                                     {"label", kText},
                                                     {"comment", kText}},
                                                    add_none},
                                                   {"losses",
                                                    {{"bag", kText},
                                                     {"run", kInt},
                                                     {"publisher", kText},
                                                     {"src", kText},
                                                     {"track", kText},
                                                     {"received", kInt},
                                                     {"lost", kInt},
                                                     {"missed_before", kInt}},
                                                    add_losses}};
  return kTables;
}

// Rows that are all there; of such only the wanted columns are made.
class RowsTable : public SqlTable {
 public:
  RowsTable(const Columns& columns, std::vector<Row> rows)
      : columns_(columns), rows_(std::move(rows)) {}

  const Columns& columns() const override { return columns_; }
  std::uint64_t rows_about() const override { return rows_.size(); }
  Result<std::unique_ptr<TableScan>> scan(const std::vector<std::size_t>& wanted) const override {
    return std::make_unique<Scan>(std::make_unique<Source>(rows_, wanted));
  }

 private:
  class Source : public ChunkSource {
   public:
    Source(const std::vector<Row>& rows, std::vector<std::size_t> wanted)
        : rows_(rows), wanted_(std::move(wanted)) {}
    Result<bool> next(ColumnChunk& chunk) override {
      ValueRows values(wanted_.size());
      for (; at_ < rows_.size() && values.size() < kRowsMax; ++at_) {
        values.begin(0, 0.0);
        for (std::size_t i = 0; i < wanted_.size(); ++i) values.put(i, rows_[at_][wanted_[i]]);
      }
      chunk = values.take();
      return !chunk.keys.empty();
    }

   private:
    static constexpr std::size_t kRowsMax = 2'048;
    const std::vector<Row>& rows_;
    const std::vector<std::size_t> wanted_;
    std::size_t at_ = 0;
  };

  class Scan : public TableScan {
   public:
    explicit Scan(std::unique_ptr<Source> source) : source_(std::move(source)) {}
    Result<std::unique_ptr<ChunkSource>> next_stretch() override { return std::move(source_); }

   private:
    std::unique_ptr<Source> source_;
  };

  const Columns& columns_;
  const std::vector<Row> rows_;
};

}  // namespace

const std::vector<std::string>& system_table_names() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names{"points"};
    for (const SystemTable& table : known_tables()) names.push_back(table.name);
    return names;
  }();
  return kNames;
}

Result<std::unique_ptr<SqlTable>> make_system_table(const std::string& name,
                                                    std::vector<NamedBag> bags, TimeRange range,
                                                    ReadWatch& watch) {
  if (name == "points") return make_points_table(std::move(bags), range, watch);
  const auto& tables = known_tables();
  const auto table = std::find_if(tables.begin(), tables.end(),
                                  [&](const SystemTable& known) { return known.name == name; });
  ZBAG_CHECK(table != tables.end());
  std::vector<Row> rows;
  for (const NamedBag& bag : bags) {
    const Result<BagSummary> summary = bag.reader.summary();
    if (!summary) return tl::unexpected(summary.error());
    table->add(bag.name, *summary, rows);
  }
  return std::make_unique<RowsTable>(table->columns, std::move(rows));
}

}  // namespace zbag
