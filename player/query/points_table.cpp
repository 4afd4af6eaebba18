#include "player/query/points_table.hpp"

#include <fmt/format.h>

#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "player/query/value_rows.hpp"
#include "recorder/bag/read/index_cursor.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

enum Column : std::size_t { kTrack, kIndex, kSeconds, kNanoseconds, kFields, kBag };

const std::vector<TableColumn>& point_columns() {
  using From = TableColumn::From;
  static const std::vector<TableColumn> kColumns = {
      {"track", ColumnKind::kText, From::kField},
      {"index", ColumnKind::kInt, From::kField},
      {"_ts", ColumnKind::kDouble, From::kSeconds},
      {"_ts_ns", ColumnKind::kInt, From::kNanoseconds},
      {"fields", ColumnKind::kJson, From::kField},
      {"bag", ColumnKind::kText, From::kField}};
  return kColumns;
}

struct TrackOfBag {
  const NamedBag* bag;
  std::string track;
};

struct PointsChoice {
  TimeRange range;
  std::vector<Column> wanted;  // that are no stamps
};

// The points of one track, from index 0 on.
class TrackPoints : public ChunkSource {
 public:
  TrackPoints(const TrackOfBag& source, IndexCursor cursor, const PointsChoice& choice,
              ReadWatch& watch)
      : source_(source), cursor_(std::move(cursor)), choice_(choice), watch_(watch) {}

  Result<bool> next(ColumnChunk& chunk) override {
    constexpr std::size_t kRowsMax = 2'048;
    constexpr std::size_t kBytesMax = 4u << 20;
    ValueRows rows(choice_.wanted.size());
    while (rows.size() < kRowsMax && rows.bytes() < kBytesMax) {
      const Result<std::optional<PointView>> point = cursor_.next();
      if (!point) {
        if (!pass_damage(point.error())) return tl::unexpected(point.error());
        continue;
      }
      tell_passed();
      if (!*point) break;
      const std::uint64_t index = cursor_.index() - 1;
      if (!choice_.range.contains((*point)->key)) continue;
      if (!check_map((*point)->map)) {
        watch_.leave_out(fmt::format("{}: track {}: point {} is malformed; it is left out",
                                     source_.bag->name, source_.track, index));
        continue;
      }
      put(**point, index, rows);
    }
    watch_.add({.points = rows.size()});
    chunk = rows.take();
    return !chunk.keys.empty();
  }

 private:
  void put(const PointView& point, std::uint64_t index, ValueRows& rows) const {
    rows.begin(point.key, point.seconds);
    for (std::size_t i = 0; i < choice_.wanted.size(); ++i) {
      switch (choice_.wanted[i]) {
        case kTrack:
          rows.put(i, source_.track);
          break;
        case kIndex:
          rows.put(i, index);
          break;
        case kFields:
          rows.put_item(i, text_of(point.map));
          break;
        default:
          rows.put(i, source_.bag->name);
      }
    }
  }

  // False: nobody gets past it. A block is left out at once; of what is no block, point after point
  // until one can be read.
  bool pass_damage(const Error& error) {
    if (error.code != ErrorCode::kDamaged) return false;
    if (const std::optional<BagCursor::Damage> damage = cursor_.skip_damage()) {
      tell_passed();
      watch_.leave_out(error.message + "; " + damage->text());
      return true;
    }
    if (!cursor_.skip_point()) return false;
    if (passed_++ == 0) passed_fault_ = error.message;
    return true;
  }
  void tell_passed() {
    if (const std::uint64_t points = std::exchange(passed_, 0); points > 0)
      watch_.leave_out(fmt::format("{}; {} points are left out", passed_fault_, points));
  }

  const TrackOfBag& source_;
  IndexCursor cursor_;
  const PointsChoice& choice_;
  ReadWatch& watch_;
  std::uint64_t passed_ = 0;  // points that could not be read, one after another, and what was said
  std::string passed_fault_;  // of the first
};

class PointsScan : public TableScan {
 public:
  PointsScan(std::vector<TrackOfBag> tracks, PointsChoice choice, ReadWatch& watch)
      : tracks_(std::move(tracks)), choice_(std::move(choice)), watch_(watch) {}

  std::size_t threads_max() const override { return tracks_.size(); }
  Result<std::unique_ptr<ChunkSource>> next_stretch() override {
    const std::size_t at = next_.fetch_add(1);
    if (at >= tracks_.size()) return nullptr;
    Result<IndexCursor> cursor =
        IndexCursor::open(tracks_[at].bag->reader.file(), tracks_[at].track, 0);
    if (!cursor) return tl::unexpected(cursor.error());
    return std::make_unique<TrackPoints>(tracks_[at], std::move(*cursor), choice_, watch_);
  }

 private:
  const std::vector<TrackOfBag> tracks_;
  const PointsChoice choice_;
  ReadWatch& watch_;
  std::atomic<std::size_t> next_{0};
};

class PointsTable : public SqlTable {
 public:
  PointsTable(std::vector<NamedBag> bags, TimeRange range, ReadWatch& watch)
      : bags_(std::move(bags)), range_(range), watch_(watch) {}

  Status look() {
    for (const NamedBag& bag : bags_) {
      const Result<BagSummary> summary = bag.reader.summary();
      if (!summary) return tl::unexpected(summary.error());
      for (const TrackRecord& track : summary->tracks) {
        tracks_.push_back({&bag, track.name});
        rows_about_ += track.total();
      }
    }
    return {};
  }

  const std::vector<TableColumn>& columns() const override { return point_columns(); }
  std::uint64_t rows_about() const override { return rows_about_; }
  Result<std::unique_ptr<TableScan>> scan(const std::vector<std::size_t>& wanted) const override {
    PointsChoice choice{range_, {}};
    for (const std::size_t at : wanted) {
      if (!point_columns()[at].is_stamp()) choice.wanted.push_back(static_cast<Column>(at));
    }
    watch_.expect(rows_about_);
    return std::make_unique<PointsScan>(tracks_, std::move(choice), watch_);
  }

 private:
  const std::vector<NamedBag> bags_;
  const TimeRange range_;
  ReadWatch& watch_;
  std::vector<TrackOfBag> tracks_;
  std::uint64_t rows_about_ = 0;
};

}  // namespace

Result<std::unique_ptr<SqlTable>> make_points_table(std::vector<NamedBag> bags, TimeRange range,
                                                    ReadWatch& watch) {
  auto table = std::make_unique<PointsTable>(std::move(bags), range, watch);
  if (Status status = table->look(); !status) return tl::unexpected(status.error());
  return table;
}

}  // namespace zbag
