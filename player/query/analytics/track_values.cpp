#include "player/query/analytics/track_values.hpp"

#include <algorithm>
#include <utility>

namespace zbag {
namespace {

template <class T>
void append(const std::vector<T>& from, std::size_t begin, std::size_t end, std::vector<T>& to) {
  const auto at = [&](std::size_t i) { return from.begin() + static_cast<std::ptrdiff_t>(i); };
  to.insert(to.end(), at(begin), at(end));
}

}  // namespace

void ValueChunk::clear() {
  keys.clear();
  for (std::vector<double>& one : numbers) one.clear();
  groups.clear();
}

Result<TrackValues> TrackValues::open(std::span<const BagReader> bags, Query query) {
  TrackValues values(std::move(query));
  ColumnCursor::Selection selection{values.query_.track, values.query_.range, {}};
  for (const ValueField& field : values.query_.fields) selection.fields.push_back(field.names);
  if (values.query_.group) selection.fields.push_back(values.query_.group->names);
  for (const BagReader& bag : bags) {
    Result<ColumnCursor> cursor = ColumnCursor::open(bag, selection);
    if (!cursor) return tl::unexpected(cursor.error());
    values.bags_.push_back({std::move(*cursor)});
  }
  return values;
}

// Reads what comes next of `bag`, when all before it was given.
Status TrackValues::fill(Bag& bag) {
  while (!bag.is_done && bag.at == bag.chunk.keys.size()) {
    const Result<bool> more = bag.cursor.next(columns_);
    if (more) {
      bag.is_done = !*more;
      bag.at = 0;
      bag.chunk.clear();
      convert(columns_, bag.chunk);
      continue;
    }
    if (more.error().code != ErrorCode::kDamaged) return tl::unexpected(more.error());
    const std::optional<BagCursor::Damage> damage = bag.cursor.skip_damage();
    if (!damage) return tl::unexpected(more.error());
    ++left_out_;
    if (query_.warn) query_.warn(more.error().message + "; " + damage->text());
  }
  return {};
}

void TrackValues::convert(const ColumnChunk& columns, ValueChunk& chunk) {
  chunk.keys = columns.keys;
  chunk.numbers.resize(query_.fields.size());
  if (columns.keys.empty()) return;
  for (std::size_t i = 0; i < query_.fields.size(); ++i)
    append_numbers(columns.fields[i], query_.fields[i].element, chunk.numbers[i], skipped_[i]);
  if (query_.group) append_groups(columns.fields.back(), chunk.groups);
}

// Behind the points that `bag`, whose turn it is, gives before another one's come.
std::size_t TrackValues::end_of_run(std::size_t bag) const {
  const std::vector<std::int64_t>& keys = bags_[bag].chunk.keys;
  auto end = keys.end();
  const auto begin = keys.begin() + static_cast<std::ptrdiff_t>(bags_[bag].at);
  for (std::size_t other = 0; other < bags_.size(); ++other) {
    if (other == bag || bags_[other].is_done) continue;
    // Of equal keys those of the bag that was named first come first.
    end = bag < other ? std::upper_bound(begin, end, bags_[other].key())
                      : std::lower_bound(begin, end, bags_[other].key());
  }
  return static_cast<std::size_t>(end - keys.begin());
}

Result<bool> TrackValues::next(ValueChunk& chunk) {
  chunk.clear();
  chunk.numbers.resize(query_.fields.size());
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < bags_.size(); ++i) {
    if (Status filled = fill(bags_[i]); !filled) return tl::unexpected(filled.error());
    if (bags_[i].is_done) continue;
    if (!first || bags_[i].key() < bags_[*first].key()) first = i;
  }
  if (!first) return false;
  Bag& bag = bags_[*first];
  const std::size_t end = end_of_run(*first);
  points_ += end - bag.at;
  if (bag.at == 0 && end == bag.chunk.keys.size()) {
    std::swap(chunk, bag.chunk);
    bag.at = 0;
    return true;
  }
  append(bag.chunk.keys, bag.at, end, chunk.keys);
  for (std::size_t i = 0; i < chunk.numbers.size(); ++i)
    append(bag.chunk.numbers[i], bag.at, end, chunk.numbers[i]);
  if (query_.group) append(bag.chunk.groups, bag.at, end, chunk.groups);
  bag.at = end;
  return true;
}

}  // namespace zbag
