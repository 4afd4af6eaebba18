#include "recorder/bag/read/column_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "recorder/bag/block/block_fields.hpp"
#include "recorder/bag/read/bad_records.hpp"
#include "recorder/bag/read/track_blocks.hpp"

namespace zbag {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

FieldPart& part_of(FieldColumn& column, ColumnType type, std::uint8_t& code) {
  for (std::size_t i = 0; i < column.parts.size(); ++i) {
    code = static_cast<std::uint8_t>(i + 1);
    if (column.parts[i].type == type) return column.parts[i];
  }
  column.parts.emplace_back().type = type;
  code = static_cast<std::uint8_t>(column.parts.size());
  return column.parts.back();
}

// Appends the numbers [begin, end) of `values`.
void append_numbers(const ColumnValues& values, ColumnType type, std::size_t begin, std::size_t end,
                    FieldPart& part) {
  const auto append = [&](auto& to, auto convert) {
    const std::size_t before = to.size();
    to.resize(before + end - begin);
    std::transform(values.numbers.data() + begin, values.numbers.data() + end, to.data() + before,
                   convert);
  };
  switch (type) {
    case ColumnType::kBool:
      append(part.bools, [](std::uint64_t bits) { return static_cast<std::uint8_t>(bits); });
      break;
    case ColumnType::kFloat32:
    case ColumnType::kFloat32s:
      append(part.floats, [](std::uint64_t bits) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      });
      break;
    case ColumnType::kFloat64:
    case ColumnType::kFloat64s:
      append(part.doubles, [](std::uint64_t bits) { return std::bit_cast<double>(bits); });
      break;
    default: {
      const std::size_t before = part.ints.size();
      append(part.ints, [](std::uint64_t bits) { return static_cast<std::int64_t>(bits); });
      const auto& above = values.unsigned_at;
      for (auto it = std::lower_bound(above.begin(), above.end(), begin);
           it != above.end() && *it < end; ++it) {
        part.unsigned_at.push_back(before + *it - begin);
      }
    }
  }
}

// Appends the values of the source's points [begin, end).
void append_points(const BlockField::Source& source, std::size_t begin, std::size_t end,
                   FieldPart& part) {
  part.count += end - begin;
  if (source.type == ColumnType::kNil || begin == end) return;
  if (!is_list(source.type) && !is_bytes(source.type)) {
    append_numbers(source.values, source.type, begin, end, part);
    return;
  }
  const std::uint64_t from = begin == 0 ? 0 : source.ends[begin - 1];
  const std::uint64_t to = source.ends[end - 1];
  const std::uint64_t before = part.ends.empty() ? 0 : part.ends.back();
  for (std::size_t i = begin; i < end; ++i) part.ends.push_back(before + source.ends[i] - from);
  if (is_list(source.type)) {
    append_numbers(source.values, source.type, from, to, part);
  } else {
    byte_io::push_bytes(part.bytes, std::span(source.values.bytes).subspan(from, to - from));
  }
}

// A run of points of one block that are given out together.
struct Stretch {
  std::size_t member;
  std::size_t begin;
  std::size_t end;
};

void append_stretch(const BlockField& field, const Stretch& stretch, FieldColumn& column) {
  std::uint8_t code = 0;
  if (field.places.empty()) {
    const BlockField::Source& source = field.sources[0];
    append_points(source, stretch.begin, stretch.end, part_of(column, source.type, code));
    column.validity.insert(column.validity.end(), stretch.end - stretch.begin, code);
    return;
  }
  for (std::size_t i = stretch.begin; i < stretch.end; ++i) {
    const BlockField::Place place = field.at(i);
    code = 0;
    if (place.source > 0) {
      const BlockField::Source& source = field.sources[place.source - 1];
      append_points(source, place.number, place.number + 1, part_of(column, source.type, code));
    }
    column.validity.push_back(code);
  }
}

}  // namespace

FieldNames split_field(std::string_view dotted) {
  FieldNames names;
  while (true) {
    const std::size_t dot = dotted.find('.');
    names.emplace_back(dotted.substr(0, dot));
    if (dot == std::string_view::npos) return names;
    dotted.remove_prefix(dot + 1);
  }
}

bool FieldColumn::is_everywhere() const {
  return parts.size() == 1 && parts[0].count == validity.size();
}

void ColumnChunk::clear() {
  keys.clear();
  seconds.clear();
  fields.clear();
}

struct ColumnCursor::State {
  std::shared_ptr<BagFile> file;
  Selection selection;
  std::uint32_t track = 0;
  bool is_done = false;
  std::unique_ptr<ReadTxn> txn;
  SteadyTime txn_began{};
  std::optional<BlockKey> next_start;  // of the group to load; good within the transaction
  std::int64_t resume_key = 0;
  std::optional<BlockGroup::Place> last_given;
  std::vector<BlockKey> leave_out;
  std::optional<TrackBlocks::Damage> damage;
  BadRecords bad_records;

  Status find_track();
  Status ensure_txn();
  Result<BlockGroup> load();
  void move_on(const BlockGroup& group);
  std::vector<Stretch> stretches(const BlockGroup& group) const;
  Status append(BlockGroup& group, const std::vector<Stretch>& runs, ColumnChunk& chunk);
  bool is_wanted(const BlockGroup::Entry& entry) const;
  Error with_track(Error error) const {
    return {error.code,
            fmt::format("{}: track {}: {}", file->path(), selection.track, error.message)};
  }
};

ColumnCursor::ColumnCursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
ColumnCursor::ColumnCursor(ColumnCursor&&) noexcept = default;
ColumnCursor& ColumnCursor::operator=(ColumnCursor&&) noexcept = default;
ColumnCursor::~ColumnCursor() = default;

Result<ColumnCursor> ColumnCursor::open(const BagReader& reader, Selection selection) {
  auto state = std::make_unique<State>();
  state->file = reader.file();
  state->selection = std::move(selection);
  state->resume_key = state->selection.range.first;
  if (Status status = state->find_track(); !status)
    return tl::unexpected(state->with_track(status.error()));
  return ColumnCursor(std::move(state));
}

Status ColumnCursor::State::find_track() {
  if (Status status = ensure_txn(); !status) return status;
  bad_records.add_journal(*txn);
  const auto stored = txn->get(file->tables().tracks, selection.track);
  if (!stored) return tl::unexpected(stored.error());
  is_done = !*stored || selection.range.empty();
  if (is_done) return {};
  const Result<TrackExtent> extent = TrackExtent::decode(selection.track, **stored);
  if (!extent) return tl::unexpected(extent.error());
  track = extent->id;
  is_done =
      !extent->first || !extent->last || !selection.range.overlaps(*extent->first, *extent->last);
  return {};
}

Status ColumnCursor::State::ensure_txn() {
  const auto now = std::chrono::steady_clock::now();
  if (txn && now - txn_began <= kTxnAgeMax) return {};
  next_start.reset();
  txn.reset();
  Result<std::unique_ptr<ReadTxn>> begun = file->read();
  if (!begun) return tl::unexpected(begun.error());
  txn = std::move(*begun);
  txn_began = now;
  return {};
}

// The group to go on with: the next one, or by key where that is not known.
Result<BlockGroup> ColumnCursor::State::load() {
  if (Status status = ensure_txn(); !status) return tl::unexpected(status.error());
  Result<TrackBlocks> blocks = TrackBlocks::open(*txn, file->tables().blocks, track);
  if (!blocks) return tl::unexpected(blocks.error());
  std::optional<BlockKey> start = next_start;
  if (!start) {
    const Result<std::optional<BlockKey>> found = blocks->main_before(resume_key, true);
    if (!found) return tl::unexpected(found.error());
    start = *found;
  }
  return blocks->load(start, leave_out, damage, Block::Maps::kLater);
}

bool ColumnCursor::State::is_wanted(const BlockGroup::Entry& entry) const {
  const std::int64_t key = entry.point->key;
  if (key < resume_key || key > selection.range.last) return false;
  return !last_given || !last_given->covers(entry, false);
}

// The wanted entries of a group as runs within its blocks.
std::vector<Stretch> ColumnCursor::State::stretches(const BlockGroup& group) const {
  std::vector<Stretch> runs;
  for (const BlockGroup::Entry& entry : group.entries) {
    if (!is_wanted(entry)) continue;
    std::size_t member = runs.empty() ? 0 : runs.back().member;
    const auto number_in = [&](std::size_t i) {
      return static_cast<std::size_t>(entry.point - group.members[i].block->points().data());
    };
    const auto is_in = [&](std::size_t i) {
      const auto& points = group.members[i].block->points();
      return entry.point >= points.data() && entry.point < points.data() + points.size();
    };
    if (!is_in(member)) {
      member = 0;
      while (!is_in(member)) ++member;
    }
    const std::size_t number = number_in(member);
    if (!runs.empty() && runs.back().member == member && runs.back().end == number) {
      ++runs.back().end;
    } else {
      runs.push_back({member, number, number + 1});
    }
  }
  return runs;
}

Status ColumnCursor::State::append(BlockGroup& group, const std::vector<Stretch>& runs,
                                   ColumnChunk& chunk) {
  // Everything that can fail comes before `chunk` changes.
  std::vector<std::vector<BlockField>> fields(selection.fields.size());
  for (std::size_t f = 0; f < fields.size(); ++f) {
    for (BlockGroup::Member& member : group.members) {
      Result<BlockField> field = read_block_field(*member.block, selection.fields[f]);
      if (!field) {
        const BlockHeader& header = member.block->header();
        damage = TrackBlocks::Damage{member.key, header.last, header.count};
        return tl::unexpected(field.error());
      }
      fields[f].push_back(std::move(*field));
    }
  }
  chunk.fields.resize(fields.size());
  for (std::size_t f = 0; f < fields.size(); ++f) {
    chunk.fields[f].names = selection.fields[f];
    for (const Stretch& run : runs) append_stretch(fields[f][run.member], run, chunk.fields[f]);
  }
  for (const Stretch& run : runs) {
    const auto& points = group.members[run.member].block->points();
    for (std::size_t i = run.begin; i < run.end; ++i) {
      chunk.keys.push_back(points[i].key);
      chunk.seconds.push_back(points[i].seconds);
    }
  }
  return {};
}

// Notes where the group ends, and whether anything of the range may lie behind it.
void ColumnCursor::State::move_on(const BlockGroup& group) {
  for (auto entry = group.entries.rbegin(); entry != group.entries.rend(); ++entry) {
    if (!is_wanted(*entry)) continue;
    last_given = BlockGroup::Place::of(*entry);
    resume_key = last_given->key;
    break;
  }
  next_start = group.next_start;
  is_done = !next_start || next_start->first > selection.range.last;
}

Result<bool> ColumnCursor::append_next(ColumnChunk& chunk) {
  State& state = *state_;
  if (Status told = state.bad_records.first(state.file->path()); !told)
    return tl::unexpected(told.error());
  while (!state.is_done) {
    Result<BlockGroup> group = state.load();
    if (!group) return tl::unexpected(state.with_track(group.error()));
    const std::vector<Stretch> runs = state.stretches(*group);
    if (!runs.empty()) {
      if (Status status = state.append(*group, runs, chunk); !status)
        return tl::unexpected(state.with_track(status.error()));
    }
    state.move_on(*group);
    if (!runs.empty()) return true;
  }
  return false;
}

Result<bool> ColumnCursor::next(ColumnChunk& chunk) {
  chunk.clear();
  return append_next(chunk);
}

std::optional<BagCursor::Damage> ColumnCursor::skip_damage() {
  State& state = *state_;
  if (std::optional<BagCursor::Damage> record = state.bad_records.skip()) return record;
  const std::optional<TrackBlocks::Damage> damage = std::exchange(state.damage, std::nullopt);
  if (!damage) return std::nullopt;
  state.leave_out.push_back(damage->key);
  return BagCursor::Damage{state.selection.track, damage->key.first, damage->last, damage->points};
}

void ColumnCursor::release() {
  state_->txn.reset();
  state_->next_start.reset();
}

Result<ColumnChunk> read_columns(const BagReader& reader, const ColumnCursor::Selection& selection,
                                 std::size_t points_max) {
  Result<ColumnCursor> cursor = ColumnCursor::open(reader, selection);
  if (!cursor) return tl::unexpected(cursor.error());
  ColumnChunk chunk;
  for (bool more = true; more;) {
    const Result<bool> appended = cursor->append_next(chunk);
    if (!appended) return tl::unexpected(appended.error());
    more = *appended;
    if (chunk.keys.size() > points_max) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("track {}: more than {} points; read them chunk by chunk",
                              selection.track, points_max));
    }
  }
  chunk.fields.resize(selection.fields.size());
  for (std::size_t i = 0; i < selection.fields.size(); ++i)
    chunk.fields[i].names = selection.fields[i];
  return chunk;
}

}  // namespace zbag
