#include "recorder/bag/upkeep/compact.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <vector>

#include "recorder/bag/read/track_blocks.hpp"
#include "recorder/bag/upkeep/copy.hpp"

namespace zbag {
namespace {

constexpr double kCheckShare = 0.2;  // of the time, about

// The index of every point of a track's main run, asked for in the order of the run.
//
// Entries say it by index; what lies between two of them is a run of points with consecutive
// ordinals. Runs are read as far as the ordinal asked for, and kept until it has passed them:
// memory is how far points were late.
class ArrivalOrder {
 public:
  static Result<ArrivalOrder> open(const Txn& txn, Table order, std::uint32_t track) {
    Result<TableCursor> cursor = TableCursor::open(txn, order);
    if (!cursor) return tl::unexpected(cursor.error());
    ArrivalOrder arrival(std::move(*cursor), track);
    Status status = arrival.take(arrival.cursor_.seek(OrderEntry{track}.encode_key()));
    if (!status) return tl::unexpected(status.error());
    return arrival;
  }

  Result<std::uint64_t> index_of(std::uint64_t ordinal) {
    while (true) {
      while (!runs_.empty() && ordinal >= runs_.top().ordinal) {
        const Run& run = runs_.top();
        if (ordinal - run.ordinal < run.length) return run.index + (ordinal - run.ordinal);
        runs_.pop();
      }
      if (is_read_) {
        return fail(ErrorCode::kDamaged,
                    fmt::format("the order of arrival has no point of ordinal {}", ordinal));
      }
      if (Status status = read_run(); !status) return tl::unexpected(status.error());
    }
  }

 private:
  struct Run {
    std::uint64_t ordinal;
    std::uint64_t index;
    std::uint64_t length;
    friend bool operator>(const Run& a, const Run& b) { return a.ordinal > b.ordinal; }
  };
  ArrivalOrder(TableCursor cursor, std::uint32_t track)
      : cursor_(std::move(cursor)), track_(track) {}

  Status take(const Result<std::optional<TableCursor::Item>>& item) {
    if (!item) return tl::unexpected(item.error());
    entry_.reset();
    if (!*item) return {};
    const Result<OrderEntry> entry = OrderEntry::decode((*item)->key, (*item)->value);
    if (!entry) return tl::unexpected(entry.error());
    if (entry->track == track_) entry_ = *entry;
    return {};
  }

  // What lies before the next entry.
  Status read_run() {
    is_read_ = !entry_;
    next_.length = (entry_ ? entry_->index : UINT64_MAX) - next_.index;
    if (next_.length > 0) runs_.push(next_);
    if (!entry_) return {};
    // The entry of a late point speaks of those behind it.
    next_.index = entry_->index + (entry_->is_folded() ? 0 : 1);
    next_.ordinal = entry_->main_ordinal(next_.index);
    return take(cursor_.next());
  }

  TableCursor cursor_;
  std::uint32_t track_;
  std::optional<OrderEntry> entry_;  // the next one
  Run next_{};                       // what it ends
  bool is_read_ = false;
  std::priority_queue<Run, std::vector<Run>, std::greater<>> runs_;  // the lowest ordinal first
};

// Gathers where points of the new main run arrived, as entries of runs.
class OrderRuns {
 public:
  OrderRuns(BagCopy& copy, std::string track) : copy_(copy), track_(std::move(track)) {}

  Status add(std::uint64_t index, std::int64_t key) {
    const bool goes_on = index == next_index_;
    next_index_ = index + 1;
    const std::uint64_t ordinal = ordinal_++;
    return goes_on ? Status() : put({0, index, key, OrderEntry::kFolded | ordinal});
  }
  // Leads whatever is recorded later back to ordinal = index: the last point of the run is also the
  // last to have arrived, or an entry says so.
  Status close() {
    if (next_index_ != ordinal_) {
      if (Status status = put({0, ordinal_, 0, OrderEntry::kFolded | ordinal_}); !status)
        return status;
    }
    return copy_.add_order(track_, entries_);
  }

 private:
  Status put(OrderEntry entry) {
    constexpr std::size_t kEntriesMax = 4'096;
    entries_.push_back(entry);
    if (entries_.size() < kEntriesMax) return {};
    Status status = copy_.add_order(track_, entries_);
    entries_.clear();
    return status;
  }

  BagCopy& copy_;
  std::string track_;
  std::vector<OrderEntry> entries_;
  std::uint64_t ordinal_ = 0;
  std::uint64_t next_index_ = 0;
};

class Compaction {
 public:
  Compaction(BagFile& source, const Txn& txn, BagCopy& copy, std::uint64_t total,
             const Progress& progress)
      : source_(source), txn_(txn), copy_(copy), total_(total), progress_(progress) {}

  Status track(const TrackRecord& record) {
    Result<TrackBlocks> blocks = TrackBlocks::open(txn_, source_.tables().blocks, record.id);
    if (!blocks) return tl::unexpected(blocks.error());
    Result<ArrivalOrder> arrival = ArrivalOrder::open(txn_, source_.tables().order, record.id);
    if (!arrival) return tl::unexpected(arrival.error());
    OrderRuns runs(copy_, record.name);
    std::optional<BlockKey> start;
    do {
      std::optional<TrackBlocks::Damage> damage;
      const Result<BlockGroup> group = blocks->load(start, {}, damage);
      if (!group) return fail(group.error(), fmt::format("track {}", record.name));
      for (const BlockGroup::Entry& entry : group->entries) {
        if (Status status = point(record.name, entry, *arrival, runs); !status) return status;
      }
      start = group->next_start;
      if (progress_ && !progress_((1.0 - kCheckShare) * share())) return stopped();
    } while (start);
    return runs.close();
  }

  static tl::unexpected<Error> stopped() {
    return fail(ErrorCode::kClosed, "stopped; nothing was changed");
  }

 private:
  double share() const {
    return total_ == 0 ? 1.0 : static_cast<double>(done_) / static_cast<double>(total_);
  }

  Status point(const std::string& track, const BlockGroup::Entry& entry, ArrivalOrder& arrival,
               OrderRuns& runs) {
    const Result<bool> added = copy_.add(view_of(track, *entry.point));
    if (!added) return tl::unexpected(added.error());
    if (!*added) {
      return fail(ErrorCode::kDamaged, fmt::format("track {} at {}: a point's fields are malformed",
                                                   track, seconds_text(entry.point->seconds)));
    }
    ++done_;
    Result<std::uint64_t> index = entry.point->index;
    if (entry.main_ordinal) index = arrival.index_of(*entry.main_ordinal);
    if (!index) return tl::unexpected(index.error());
    return runs.add(*index, entry.point->key);
  }

  BagFile& source_;
  const Txn& txn_;
  BagCopy& copy_;
  std::uint64_t total_;
  const Progress& progress_;
  std::uint64_t done_ = 0;
};

// That the new bag is whole and holds as many points of every track as the old one.
Status verify(const std::string& path, const BagSummary& before, const Progress& progress) {
  const Result<CheckReport> report = check_bag(path, [&](double share) {
    return !progress || progress(1.0 - kCheckShare + kCheckShare * share);
  });
  if (!report) return tl::unexpected(report.error());
  if (!report->problems.empty()) return fail(ErrorCode::kIo, report->problems.front().what);
  const Result<BagReader> reader = BagReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  const Result<BagSummary> after = reader->summary();
  if (!after) return tl::unexpected(after.error());
  const auto same = [](const TrackRecord& a, const TrackRecord& b) {
    return a.name == b.name && a.total() == b.total() && a.fate == b.fate;
  };
  if (!std::equal(before.tracks.begin(), before.tracks.end(), after->tracks.begin(),
                  after->tracks.end(), same))
    return fail(ErrorCode::kDamaged, "its counters do not fit its points; see zbag check");
  return {};
}

Result<std::shared_ptr<BagFile>> open_source(const std::string& path, bool in_place) {
  constexpr const char* kRemedy = "stop the recording first, or compact a copy made with zbag cut";
  Result<std::shared_ptr<BagFile>> file =
      in_place ? BagFile::open_to_write(path, 0) : BagFile::open_to_read(path);
  if (!file && file.error().code == ErrorCode::kBusy)
    return fail(ErrorCode::kBusy, fmt::format("{}; {}", file.error().message, kRemedy));
  if (file && !in_place && (*file)->is_being_written())
    return fail(ErrorCode::kBusy, fmt::format("{} is being recorded; {}", path, kRemedy));
  return file;
}

Status copy_all(const std::shared_ptr<BagFile>& source, const BagSummary& summary, BagCopy& copy,
                const Progress& progress) {
  Result<std::unique_ptr<ReadTxn>> txn = source->read();
  if (!txn) return tl::unexpected(txn.error());
  Compaction compaction(*source, **txn, copy, summary.points(), progress);
  for (const TrackRecord& track : summary.tracks) {
    if (track.total() == 0) continue;
    if (Status status = compaction.track(track); !status) return status;
  }
  txn->reset();
  if (Status status = copy.finish(summary, source.get()); !status) return status;
  if (!copy.left_out().empty()) return fail(ErrorCode::kDamaged, copy.left_out().front());
  return verify(copy.made_path(), summary, progress);
}

Result<CompactReport> compact_file(const std::shared_ptr<BagFile>& source, const std::string& path,
                                   const std::optional<std::string>& out,
                                   const Progress& progress) {
  const Result<BagSummary> summary = BagReader(source).summary();
  if (!summary) return tl::unexpected(summary.error());
  if (Status whole = summary->whole(); !whole) return tl::unexpected(whole.error());
  for (const TrackRecord& track : summary->tracks) {
    if (const auto fault = track.fate_fault())
      return fail(ErrorCode::kDamaged, fmt::format("{}: track {}: {}", path, track.name, *fault));
  }
  const Result<CompressionSpec> compression = usual_compression(*source);
  if (!compression) return tl::unexpected(compression.error());
  BagCopy::Options options{.compression = *compression, .node = "compact"};
  Result<BagCopy> copy =
      out ? BagCopy::create(*out, options) : BagCopy::create_beside(path, options);
  if (!copy) return tl::unexpected(copy.error());
  CompactReport report{.points = summary->points(), .bytes_before = summary->size_bytes};
  for (const TrackRecord& track : summary->tracks) report.folded += track.late_points;
  Status status = copy_all(source, *summary, *copy, progress);
  if (status) status = out ? copy->publish() : copy->replace(*source);
  if (!status) return fail(status.error(), path);
  struct stat made {};
  if (::stat(out.value_or(path).c_str(), &made) == 0)
    report.bytes_after = static_cast<std::uint64_t>(made.st_size);
  return report;
}

}  // namespace

Result<CompactReport> compact_bag(const std::string& path, const std::optional<std::string>& out,
                                  const Progress& progress) {
  const Result<std::shared_ptr<BagFile>> source = open_source(path, !out);
  if (!source) return tl::unexpected(source.error());
  Result<CompactReport> report = compact_file(*source, path, out, progress);
  if (report || report.error().code != ErrorCode::kDamaged) return report;
  return fail(ErrorCode::kDamaged,
              report.error().message + "; nothing was changed; zbag recover saves what is intact");
}

}  // namespace zbag
