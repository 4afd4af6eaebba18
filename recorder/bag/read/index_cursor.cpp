#include "recorder/bag/read/index_cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "recorder/bag/read/bad_records.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/track_blocks.hpp"

namespace zbag {
namespace {

using Item = std::optional<TableCursor::Item>;

Result<std::optional<TrackRecord>> find_track(const Txn& txn, const BagTables& tables,
                                              const std::string& name) {
  const auto bytes = txn.get(tables.tracks, name);
  if (!bytes) return tl::unexpected(bytes.error());
  if (!*bytes) return std::optional<TrackRecord>();
  Result<TrackRecord> record = TrackRecord::decode(name, **bytes);
  if (!record) return tl::unexpected(record.error());
  return std::optional(std::move(*record));
}

// Finds points of a track by index. Late points have an entry in `order`, with their rank among
// late ones; all others fill the indices that are left, so their place in the main run is
// index - rank, or what the entry of a folded run says; the block that holds it is found by
// bisecting the key space.
class IndexReader {
 public:
  // What could not be read of a track, in whatever transaction.
  struct Damaged {
    std::vector<BlockKey> left_out;
    std::optional<TrackBlocks::Damage> found;  // that is not left out yet
  };

  IndexReader(const Txn& txn, BagFile& file, const TrackRecord& track, Damaged& damaged)
      : txn_(txn),
        tables_(file.tables()),
        cache_(file.block_cache()),
        track_(track),
        damaged_(damaged) {}

  // nullptr: it lay in a block that is left out. Valid until the transaction ends.
  Result<const StoredPoint*> at(std::uint64_t index) {
    Result<TableCursor> order = TableCursor::open(txn_, tables_.order);
    if (!order) return tl::unexpected(order.error());
    Result<Item> item = order->seek(OrderEntry{track_.id, index, 0, 0}.encode_key());
    if (!item) return tl::unexpected(item.error());
    const Result<std::optional<OrderEntry>> here = entry_of(*item);
    if (!here) return tl::unexpected(here.error());
    if (*here && (*here)->index == index) {
      return (*here)->is_folded() ? main(index, (*here)->main_ordinal(index)) : late(**here);
    }
    item = *item ? order->previous() : order->last();
    if (!item) return tl::unexpected(item.error());
    const Result<std::optional<OrderEntry>> before = entry_of(*item);
    if (!before) return tl::unexpected(before.error());
    return main(index, *before ? (*before)->main_ordinal(index) : index);
  }

 private:
  // nullopt: it is of another track. What cannot be told is an error: its key may be what is
  // damaged.
  Result<std::optional<OrderEntry>> entry_of(const Item& item) const {
    if (!item) return std::optional<OrderEntry>();
    const Result<OrderEntry> entry = OrderEntry::decode(item->key, item->value);
    if (!entry) return fail(entry.error(), fmt::format("track {}", track_.name));
    return entry->track == track_.id ? std::optional(*entry) : std::nullopt;
  }
  Error missing(std::uint64_t index) const {
    return {ErrorCode::kDamaged, fmt::format("track {}: no point of index {}", track_.name, index)};
  }

  Status load(const std::optional<BlockKey>& start) {
    Result<TrackBlocks> blocks = TrackBlocks::open(txn_, tables_.blocks, track_.id);
    if (!blocks) return tl::unexpected(blocks.error());
    Result<BlockGroup> group = blocks->load_again(start, damaged_.left_out, damaged_.found, cache_);
    if (!group) return fail(group.error(), fmt::format("track {}", track_.name));
    group_ = std::move(*group);
    return {};
  }

  const StoredPoint* late_in_group(const OrderEntry& entry) const {
    if (!group_) return nullptr;
    const auto key_of = [](const BlockGroup::Entry& one) { return one.point->key; };
    for (auto one = std::ranges::lower_bound(group_->entries, entry.key, {}, key_of);
         one != group_->entries.end() && key_of(*one) == entry.key; ++one) {
      if (!one->main_ordinal && one->point->index == entry.index) return one->point;
    }
    return nullptr;
  }

  Result<const StoredPoint*> late(const OrderEntry& entry) {
    // Late points that were written together mostly lie together.
    if (const StoredPoint* const found = late_in_group(entry)) return found;
    Result<TrackBlocks> blocks = TrackBlocks::open(txn_, tables_.blocks, track_.id);
    if (!blocks) return tl::unexpected(blocks.error());
    const Result<std::optional<BlockKey>> start = blocks->main_before(entry.key, false);
    if (!start) return tl::unexpected(start.error());
    // A main block may begin with the very key of a late point that lies in the group before.
    for (std::optional<BlockKey> at = *start;;) {
      if (Status status = load(at); !status) return tl::unexpected(status.error());
      if (const StoredPoint* const found = late_in_group(entry)) return found;
      if (!at || at->first < entry.key) break;
      const Result<std::optional<BlockKey>> before = blocks->main_before(*at);
      if (!before) return tl::unexpected(before.error());
      at = *before;
    }
    const bool is_left_out = std::ranges::any_of(damaged_.left_out, [&](const BlockKey& block) {
      return block.is_late() && block.first <= entry.key;
    });
    if (is_left_out) return nullptr;
    return tl::unexpected(missing(entry.index));
  }

  // Pages are read from one index to the next: the group at hand, or the one behind it, has most
  // points, and only the first costs a search.
  Result<const StoredPoint*> main(std::uint64_t index, std::uint64_t ordinal) {
    if (is_decided(ordinal)) return in_group(ordinal);
    if (Status status = step(ordinal); !status) return tl::unexpected(status.error());
    if (is_decided(ordinal)) return in_group(ordinal);
    Result<BlockKey> block = bisect(ordinal);
    if (!block) return tl::unexpected(block.error());
    if (Status status = go_to(*block, ordinal); !status) return tl::unexpected(status.error());
    if (is_decided(ordinal)) return in_group(ordinal);
    // A block whose header can not be read was passed over.
    if (Status status = step(ordinal); !status) return tl::unexpected(status.error());
    if (is_decided(ordinal)) return in_group(ordinal);
    return tl::unexpected(missing(index));
  }

  // To the group behind the one at hand, if `ordinal` may lie there.
  Status step(std::uint64_t ordinal) {
    const bool is_behind = group_ && group_->next_start && ordinal_ahead(ordinal);
    return is_behind ? go_to(*group_->next_start, ordinal) : Status();
  }

  // Of a main block that is left out, the points from `ordinal` on are gone, as far as the next
  // begins; where its header can not be read, this one.
  Status go_to(BlockKey start, std::uint64_t ordinal) {
    if (Status status = load(start); !status) return status;
    if (std::ranges::find(damaged_.left_out, start) == damaged_.left_out.end()) return {};
    gone_first_ = ordinal;
    gone_limit_ = UINT64_MAX;
    if (!group_->next_start) return {};
    Result<TrackBlocks> blocks = TrackBlocks::open(txn_, tables_.blocks, track_.id);
    if (!blocks) return tl::unexpected(blocks.error());
    const Result<BlockHeader> next = blocks->header(*group_->next_start);
    gone_limit_ = next ? next->first_ordinal : ordinal + 1;
    return {};
  }

  // Whether it is known where the point is: in the group at hand, or nowhere.
  bool is_decided(std::uint64_t ordinal) const {
    return in_group(ordinal) != nullptr || (ordinal >= gone_first_ && ordinal < gone_limit_);
  }

  // Behind the group at hand. One that has no main block, before the first, tells nothing: yes.
  bool ordinal_ahead(std::uint64_t ordinal) const {
    for (const BlockGroup::Member& member : group_->members) {
      const BlockHeader& header = member.block->header();
      if (!header.is_late()) return ordinal >= header.first_ordinal + header.count;
    }
    return true;
  }

  const StoredPoint* in_group(std::uint64_t ordinal) const {
    if (!group_) return nullptr;
    for (const BlockGroup::Member& member : group_->members) {
      const BlockHeader& header = member.block->header();
      if (header.is_late() || ordinal < header.first_ordinal ||
          ordinal - header.first_ordinal >= header.count)
        continue;
      return &member.block->points()[ordinal - header.first_ordinal];
    }
    return nullptr;
  }

  // The last main block whose first ordinal is at most `ordinal`. There is no table by ordinal: it
  // would cost an entry a block on every write, and ordinals ascend with keys. So the space of keys
  // is halved, at most 64 times, each time with a look at the header of the block that lies there.
  Result<BlockKey> bisect(std::uint64_t ordinal) {
    Result<TrackBlocks> blocks = TrackBlocks::open(txn_, tables_.blocks, track_.id);
    if (!blocks) return tl::unexpected(blocks.error());
    std::int64_t low = track_.first.value_or(0);
    std::int64_t high = track_.last.value_or(0);
    std::optional<BlockKey> best;
    while (low <= high) {
      const std::int64_t middle =
          low + static_cast<std::int64_t>(
                    (static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low)) / 2);
      Result<std::optional<BlockKey>> block = blocks->main_before(middle, false);
      if (!block) return tl::unexpected(block.error());
      // Several blocks may begin with one key: step back to the one that fits.
      std::optional<BlockKey> candidate = *block;
      bool fits = false;
      while (candidate && !fits) {
        const Result<BlockHeader> header = blocks->header(*candidate);
        if (!header && header.error().code != ErrorCode::kDamaged)
          return tl::unexpected(header.error());
        fits = header && header->first_ordinal <= ordinal;
        if (fits) break;
        block = blocks->main_before(*candidate);
        if (!block) return tl::unexpected(block.error());
        // Of one whose header can not be read, the one before says on which side to go on.
        if (header && (!*block || (*block)->first != candidate->first)) break;
        candidate = *block;
      }
      // Without a block the key lies before the track: what is looked for lies behind.
      if (fits || !candidate) {
        if (candidate) best = candidate;
        if (middle == INT64_MAX) break;
        low = middle + 1;
      } else {
        if (candidate->first == INT64_MIN) break;
        high = std::min(middle, candidate->first) - 1;
      }
    }
    if (!best) return tl::unexpected(missing(ordinal));
    return *best;
  }

  const Txn& txn_;
  const BagTables& tables_;
  BlockCache& cache_;
  const TrackRecord& track_;
  Damaged& damaged_;
  std::optional<BlockGroup> group_;
  std::uint64_t gone_first_ = 0;  // ordinals that lay in a block that is left out
  std::uint64_t gone_limit_ = 0;
};

}  // namespace

struct IndexCursor::State {
  std::shared_ptr<BagFile> file;
  std::string name;
  std::uint64_t index = 0;
  std::unique_ptr<ReadTxn> txn;
  std::chrono::steady_clock::time_point txn_began{};
  std::uint32_t since_clock = 0;
  std::optional<TrackRecord> track;  // as it is in `txn`
  IndexReader::Damaged damaged;
  std::optional<IndexReader> reader;  // in `txn`, of `track`
  BadRecords bad_records;

  bool has_next() const { return track && index < track->total(); }
  Status begin();
  void end_when_old();
};

IndexCursor::IndexCursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
IndexCursor::IndexCursor(IndexCursor&&) noexcept = default;
IndexCursor& IndexCursor::operator=(IndexCursor&&) noexcept = default;
IndexCursor::~IndexCursor() = default;

Status IndexCursor::State::begin() {
  if (txn) return {};
  Result<std::unique_ptr<ReadTxn>> begun = file->read();
  if (!begun) return tl::unexpected(begun.error());
  Result<std::optional<TrackRecord>> found = find_track(**begun, file->tables(), name);
  if (!found) return tl::unexpected(found.error());
  txn = std::move(*begun);
  txn_began = std::chrono::steady_clock::now();
  track = std::move(*found);
  if (track) reader.emplace(*txn, *file, *track, damaged);
  return {};
}

void IndexCursor::State::end_when_old() {
  constexpr std::uint32_t kClockEvery = 64;
  if (++since_clock < kClockEvery) return;
  since_clock = 0;
  if (std::chrono::steady_clock::now() - txn_began <= kTxnAgeMax) return;
  reader.reset();
  txn.reset();
}

Result<IndexCursor> IndexCursor::open(std::shared_ptr<BagFile> file, std::string track,
                                      std::uint64_t start) {
  std::unique_ptr<State> state(
      new State{.file = std::move(file), .name = std::move(track), .index = start});
  if (Status begun = state->begin(); !begun) return tl::unexpected(begun.error());
  state->bad_records.add_journal(*state->txn);
  return IndexCursor(std::move(state));
}

Result<std::optional<PointView>> IndexCursor::next() {
  State& state = *state_;
  if (Status told = state.bad_records.first(state.file->path()); !told)
    return tl::unexpected(told.error());
  state.end_when_old();
  if (Status begun = state.begin(); !begun) return tl::unexpected(begun.error());
  state.damaged.found.reset();
  while (state.has_next()) {
    const Result<const StoredPoint*> point = state.reader->at(state.index);
    if (!point) return fail(point.error(), state.file->path());
    ++state.index;
    if (*point != nullptr) return std::optional(view_of(state.name, **point));
  }
  return std::optional<PointView>();
}

std::optional<BagCursor::Damage> IndexCursor::skip_damage() {
  State& state = *state_;
  if (std::optional<BagCursor::Damage> record = state.bad_records.skip()) return record;
  const auto found = std::exchange(state.damaged.found, std::nullopt);
  if (!found) return std::nullopt;
  state.damaged.left_out.push_back(found->key);
  return BagCursor::Damage{state.name, found->key.first, found->last, found->points};
}

bool IndexCursor::skip_point() {
  const bool is_there = state_->has_next();
  if (is_there) ++state_->index;
  return is_there;
}

std::uint64_t IndexCursor::index() const { return state_->index; }
bool IndexCursor::has_next() const { return state_->has_next(); }

Result<Page> BagReader::read_page(const std::string& name, std::uint64_t start,
                                  std::size_t limit) const {
  Result<IndexCursor> cursor = IndexCursor::open(file_, name, start);
  if (!cursor) return tl::unexpected(cursor.error());
  Page page;
  page.start_index = static_cast<std::int64_t>(start);
  while (page.points.size() < limit) {
    const std::uint64_t index = cursor->index();
    const Result<std::optional<PointView>> point = cursor->next();
    if (!point) return tl::unexpected(point.error());
    if (!*point) break;
    Result<Fields> fields = (*point)->fields();
    if (!fields) return fail(fields.error(), file_->path());
    page.points.push_back(Point{**point, index, std::move(*fields)});
  }
  page.total = page.points.size();
  page.end_index = page.start_index - 1 + static_cast<std::int64_t>(page.total);
  page.has_more = cursor->has_next();
  return page;
}

}  // namespace zbag
