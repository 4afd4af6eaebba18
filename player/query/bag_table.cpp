#include "player/query/bag_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include "player/columns/column_names.hpp"
#include "recorder/bag/read/track_split.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Blocks that a thread takes at a time: enough that the one before them, which it has to open for
// points that lie in it, is a small part.
constexpr std::size_t kBlocksOfStretch = 64;

struct Stretch {
  const NamedBag* bag;
  TimeRange range;
};

// Where the columns of a chunk come from: a field of the selection, or nullopt: the bag's name.
using Origins = std::vector<std::optional<std::size_t>>;

class StretchSource : public ChunkSource {
 public:
  StretchSource(ColumnCursor cursor, const std::string& bag, const Origins& origins,
                ReadWatch& watch)
      : cursor_(std::move(cursor)), bag_(bag), origins_(origins), watch_(watch) {}

  Result<bool> next(ColumnChunk& chunk) override {
    Result<bool> is_there = next_intact(chunk);
    const ColumnCursor::Cost cost = cursor_.cost();
    watch_.add({chunk.keys.size(), cost.blocks - counted_.blocks, cost.fields - counted_.fields});
    counted_ = cost;
    if (is_there && *is_there) put_bag(chunk);
    return is_there;
  }

 private:
  Result<bool> next_intact(ColumnChunk& chunk) {
    while (true) {
      Result<bool> is_there = cursor_.next(chunk);
      if (is_there || is_there.error().code != ErrorCode::kDamaged) return is_there;
      const std::optional<BagCursor::Damage> damage = cursor_.skip_damage();
      if (!damage) return is_there;
      watch_.leave_out(is_there.error().message + "; " + damage->text());
    }
  }

  void put_bag(ColumnChunk& chunk) const {
    for (std::size_t i = 0; i < origins_.size(); ++i) {
      if (origins_[i]) continue;
      FieldColumn column;
      FieldPart& part = column.parts.emplace_back();
      part.type = ColumnType::kText;
      part.count = chunk.keys.size();
      column.validity.assign(part.count, 1);
      for (std::size_t row = 0; row < part.count; ++row) {
        part.bytes.insert(part.bytes.end(), bag_.begin(), bag_.end());
        part.ends.push_back(part.bytes.size());
      }
      chunk.fields.insert(chunk.fields.begin() + static_cast<std::ptrdiff_t>(i), std::move(column));
    }
  }

  ColumnCursor cursor_;
  const std::string& bag_;
  const Origins& origins_;
  ReadWatch& watch_;
  ColumnCursor::Cost counted_;
};

class BagScan : public TableScan {
 public:
  BagScan(std::string track, std::vector<Stretch> stretches, std::vector<FieldNames> fields,
          Origins origins, ReadWatch& watch)
      : track_(std::move(track)),
        stretches_(std::move(stretches)),
        fields_(std::move(fields)),
        origins_(std::move(origins)),
        watch_(watch) {}

  std::size_t threads_max() const override { return stretches_.size(); }

  Result<std::unique_ptr<ChunkSource>> next_stretch() override {
    const std::size_t at = next_.fetch_add(1);
    if (at >= stretches_.size()) return nullptr;
    const Stretch& stretch = stretches_[at];
    Result<ColumnCursor> cursor = ColumnCursor::open(
        stretch.bag->reader, {.track = track_, .range = stretch.range, .fields = fields_});
    if (!cursor) return tl::unexpected(cursor.error());
    return std::make_unique<StretchSource>(std::move(*cursor), stretch.bag->name, origins_, watch_);
  }

 private:
  const std::string track_;
  const std::vector<Stretch> stretches_;
  const std::vector<FieldNames> fields_;
  const Origins origins_;
  ReadWatch& watch_;
  std::atomic<std::size_t> next_{0};
};

// Of numbers alone, or of lists of such.
bool is_of_numbers(std::set<ColumnType> types) {
  types.erase(ColumnType::kNil);
  const auto lists = static_cast<std::size_t>(std::count_if(types.begin(), types.end(), is_list));
  return std::all_of(types.begin(), types.end(), is_number) &&
         (lists == 0 || lists == types.size());
}

class BagTable : public SqlTable {
 public:
  BagTable(BagTableChoice choice, ReadWatch& watch) : choice_(std::move(choice)), watch_(watch) {}

  // Finds the columns.
  Status look(FieldsShelf& shelf) {
    FieldsMet met;
    bool is_known = false;
    for (const NamedBag& bag : choice_.bags) {
      const Result<BagSummary> summary = bag.reader.summary();
      if (!summary) return tl::unexpected(summary.error());
      for (const TrackRecord& track : summary->tracks) {
        if (track.name != choice_.track) continue;
        is_known = true;
        rows_about_ += track.total();
      }
      auto fields = shelf.fields_of(bag, choice_.track);
      if (!fields) return tl::unexpected(fields.error());
      for (FieldsShelf::Field& one : *fields) {
        auto& [types, values] = met[one.field.names];
        types.merge(one.field.types);
        values |= one.values;
      }
    }
    if (!is_known)
      return fail(ErrorCode::kNotFound, "there is no track " + printable(choice_.track));
    add_columns(met);
    return {};
  }

  const std::vector<TableColumn>& columns() const override { return columns_; }
  std::uint64_t rows_about() const override { return rows_about_; }

  Result<std::unique_ptr<TableScan>> scan(const std::vector<std::size_t>& wanted) const override {
    std::vector<FieldNames> fields;
    Origins origins;
    for (const std::size_t at : wanted) {
      if (columns_[at].is_stamp()) continue;
      const bool is_field = !fields_[at].empty();
      origins.push_back(is_field ? std::optional(fields.size()) : std::nullopt);
      if (is_field) fields.push_back(fields_[at]);
    }
    std::vector<Stretch> stretches;
    for (const NamedBag& bag : choice_.bags) {
      const auto ranges = split_track(bag.reader, choice_.track, choice_.range, kBlocksOfStretch);
      if (!ranges) return tl::unexpected(ranges.error());
      for (const TimeRange& range : *ranges) stretches.push_back({&bag, range});
    }
    watch_.expect(rows_about_);
    return std::make_unique<BagScan>(choice_.track, std::move(stretches), std::move(fields),
                                     std::move(origins), watch_);
  }

 private:
  using FieldsMet = std::map<FieldNames, std::pair<std::set<ColumnType>, FieldValues>>;

  void add_columns(const FieldsMet& met) {
    ColumnNames names;
    const auto add = [&](TableColumn column, FieldNames field) {
      column.name = names.add(column.name);
      columns_.push_back(std::move(column));
      fields_.push_back(std::move(field));
    };
    add({"_ts", ColumnKind::kDouble, TableColumn::From::kSeconds}, {});
    add({"_ts_ns", ColumnKind::kInt, TableColumn::From::kNanoseconds}, {});
    if (choice_.bags.size() > 1) add({"bag", ColumnKind::kText}, {});
    for (const auto& [field, known] : met) {
      const std::string dotted = fmt::format("{}", fmt::join(field, "."));
      add({dotted, kind_of(known.first, known.second)}, field);
      if (!choice_.note) continue;
      if (columns_.back().kind == ColumnKind::kJson && is_of_numbers(known.first)) {
        choice_.note(fmt::format("track {}: field {} is JSON: a DOUBLE would round its integers",
                                 printable(choice_.track), printable(dotted)));
      }
      if (columns_.back().name == dotted) continue;
      choice_.note(fmt::format("track {}: field {} is column {}", printable(choice_.track),
                               printable(dotted), printable(columns_.back().name)));
    }
  }

  const BagTableChoice choice_;
  ReadWatch& watch_;
  std::vector<TableColumn> columns_;
  std::vector<FieldNames> fields_;  // of each column; empty: it is none
  std::uint64_t rows_about_ = 0;
};

}  // namespace

Result<std::vector<FieldsShelf::Field>> FieldsShelf::fields_of(const NamedBag& bag,
                                                               const std::string& track) {
  constexpr std::size_t kTracksMax = 1'000;
  const Key key{bag.name, track};
  {
    const MutexLock lock(mutex_);
    const auto found = kept_.find(key);
    if (found != kept_.end()) return found->second;
  }
  const bool stays = !bag.reader.file()->is_being_written();
  Result<std::vector<TrackField>> fields = read_track_fields(bag.reader, track);
  if (!fields) return tl::unexpected(fields.error());
  const auto values = read_field_values(bag.reader, track, *fields);
  if (!values) return tl::unexpected(values.error());
  std::vector<Field> both;
  for (std::size_t i = 0; i < fields->size(); ++i)
    both.push_back({std::move((*fields)[i]), (*values)[i]});
  if (!stays) return both;
  const MutexLock lock(mutex_);
  if (kept_.size() < kTracksMax) kept_.emplace(key, both);
  return both;
}

Result<std::unique_ptr<SqlTable>> make_bag_table(BagTableChoice choice, FieldsShelf& shelf,
                                                 ReadWatch& watch) {
  auto table = std::make_unique<BagTable>(std::move(choice), watch);
  if (Status status = table->look(shelf); !status) return tl::unexpected(status.error());
  return table;
}

}  // namespace zbag
