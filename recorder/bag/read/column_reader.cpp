#include "recorder/bag/read/column_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "recorder/bag/block/block_fields.hpp"
#include "recorder/bag/read/column_append.hpp"
#include "recorder/bag/read/group_walk.hpp"
#include "schemas/split_text.hpp"

namespace zbag {

FieldNames split_field(std::string_view dotted) { return split_at(dotted, '.'); }

bool FieldColumn::is_everywhere() const {
  return parts.size() == 1 && parts[0].count == validity.size();
}

void ColumnChunk::clear() {
  keys.clear();
  seconds.clear();
  fields.clear();
}

struct ColumnCursor::State {
  GroupWalk walk;
  std::vector<FieldNames> fields;
  std::uint64_t fields_read = 0;

  Status append(BlockGroup& group, const std::vector<PointRun>& runs, ColumnChunk& chunk);
};

ColumnCursor::ColumnCursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
ColumnCursor::ColumnCursor(ColumnCursor&&) noexcept = default;
ColumnCursor& ColumnCursor::operator=(ColumnCursor&&) noexcept = default;
ColumnCursor::~ColumnCursor() = default;

Result<ColumnCursor> ColumnCursor::open(const BagReader& reader, Selection selection) {
  Result<GroupWalk> walk =
      GroupWalk::open(reader.file(), std::move(selection.track), selection.range);
  if (!walk) return tl::unexpected(walk.error());
  return ColumnCursor(
      std::make_unique<State>(State{std::move(*walk), std::move(selection.fields)}));
}

Status ColumnCursor::State::append(BlockGroup& group, const std::vector<PointRun>& runs,
                                   ColumnChunk& chunk) {
  // Everything that can fail comes before `chunk` changes.
  std::vector<std::vector<BlockField>> values(fields.size());
  for (std::size_t f = 0; f < fields.size(); ++f) {
    for (BlockGroup::Member& member : group.members) {
      Result<BlockField> field = read_block_field(*member.block, fields[f]);
      if (!field) {
        walk.note_damage(member);
        return tl::unexpected(field.error());
      }
      values[f].push_back(std::move(*field));
      ++fields_read;
    }
  }
  chunk.fields.resize(fields.size());
  for (std::size_t f = 0; f < fields.size(); ++f) {
    chunk.fields[f].names = fields[f];
    for (const PointRun& run : runs)
      append_points(values[f][run.member], run.begin, run.end, chunk.fields[f]);
  }
  for (const PointRun& run : runs) {
    const std::span points(group.members[run.member].block->points());
    const auto of_run = points.subspan(run.begin, run.end - run.begin);
    const std::size_t before = chunk.keys.size();
    chunk.keys.resize(before + of_run.size());
    chunk.seconds.resize(before + of_run.size());
    std::ranges::transform(of_run, chunk.keys.begin() + static_cast<std::ptrdiff_t>(before),
                           &StoredPoint::key);
    std::ranges::transform(of_run, chunk.seconds.begin() + static_cast<std::ptrdiff_t>(before),
                           &StoredPoint::seconds);
  }
  return {};
}

Result<bool> ColumnCursor::append_next(ColumnChunk& chunk) {
  State& state = *state_;
  while (!state.walk.is_done()) {
    Result<BlockGroup> group = state.walk.load();
    if (!group) return tl::unexpected(group.error());
    const std::vector<PointRun> runs = state.walk.wanted(*group);
    if (!runs.empty()) {
      if (Status status = state.append(*group, runs, chunk); !status)
        return tl::unexpected(state.walk.with_track(status.error()));
    }
    state.walk.move_on(*group);
    if (!runs.empty()) return true;
  }
  return false;
}

Result<bool> ColumnCursor::next(ColumnChunk& chunk) {
  chunk.clear();
  return append_next(chunk);
}

std::optional<BagCursor::Damage> ColumnCursor::skip_damage() { return state_->walk.skip_damage(); }

void ColumnCursor::release() { state_->walk.release(); }

ColumnCursor::Cost ColumnCursor::cost() const {
  return {state_->walk.blocks_read(), state_->fields_read};
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
