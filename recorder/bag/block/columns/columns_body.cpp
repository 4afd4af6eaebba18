#include "recorder/bag/block/columns/columns_body.hpp"

#include <algorithm>

#include "recorder/bag/block/checksum.hpp"
#include "recorder/bag/block/columns/column_summary.hpp"
#include "recorder/bag/block/columns/map_joiner.hpp"
#include "schemas/put_item.hpp"

namespace zbag {
namespace {

// A column this large is compressed alone; smaller ones share a group until it is that large, for
// the sake of what a compressed piece costs at least.
constexpr std::size_t kGroupBytes = 2048;
constexpr std::size_t kGroupsMax = 2 + kBlockColumnsMax;
// A group that zstd makes smaller by less than a tenth is stored as it is: what it would save, the
// planes of noisy measurements mostly, costs every writer and reader several times what all the
// rest does. lz4 costs a reader little.
constexpr std::size_t kZstdGain = 10;
// Blocks that a group which was not worth compressing is left out at most.
constexpr std::size_t kRestsMax = 7;
// Columns before compression may be larger than rows: byte planes spread small numbers.
constexpr std::size_t kEncodedFactor = 2;
constexpr std::size_t kNodesMax = kBlockColumnsMax + kBlockPathsMax;

}  // namespace

std::span<const std::uint8_t> ColumnsEncoder::encode(std::span<const std::uint8_t> point_columns,
                                                     CompressionSpec compression,
                                                     std::size_t size_max, ColumnsHabits& habits) {
  const auto& columns = splitter_.columns();
  if (habits.columns_ != columns || habits.paths_ != splitter_.paths()) {
    habits.fields_.forget();
    habits.groups_.assign(1 + columns.size(), {});
    habits.records_.assign(columns.size(), {});
    habits.columns_ = columns;
    habits.paths_ = splitter_.paths();
    habits.names_ = names_sum(habits.paths_, columns);
  }
  const bool has_planes = choose_records(compression, habits);
  const bool has_numbers = std::any_of(columns.begin(), columns.end(),
                                       [](const Column& column) { return is_number(column.type); });
  if (!has_numbers && !has_planes) return {};
  const Squeeze squeeze = squeeze_for(compression);
  write_columns({squeeze, habits.fields_}, habits.records_);
  write_directory(squeeze);
  byte_io::push_bytes(head_, point_columns);
  if (head_.size() + data_.size() > kEncodedFactor * size_max) return {};
  table_.clear();
  stored_.clear();
  byte_io::push_varint(table_, 1 + groups_.size());
  write_group(head_, compression, 0, habits.groups_[0]);
  std::span<const std::uint8_t> rest(data_);
  for (const Group& group : groups_) {
    write_group(rest.first(group.bytes), compression, group.end, habits.groups_[1 + group.begin]);
    rest = rest.subspan(group.bytes);
  }
  body_.clear();
  byte_io::push_bytes(body_, table_);
  byte_io::push_bytes(body_, stored_);
  return body_;
}

std::uint64_t names_sum(std::span<const FieldPath> paths, std::span<const Column> columns) {
  Bytes names;
  for (const Column& column : columns) {
    if (!has_summary(column.type)) continue;
    for (std::uint32_t at = column.path + 1; at > 0; at = paths[at - 1].parent) {
      byte_io::push_varint(names, paths[at - 1].name.size() + 1);
      names.insert(names.end(), paths[at - 1].name.begin(), paths[at - 1].name.end());
    }
    names.push_back(0);
  }
  return block::sum_of(names);
}

std::span<const std::uint8_t> ColumnsEncoder::summary(const ColumnsHabits& habits) {
  summary_.clear();
  const auto points = static_cast<std::uint32_t>(splitter_.codes().size());
  std::span<const std::uint8_t> rest(data_);
  for (std::size_t i = 0; i < sizes_.size(); ++i) {
    const ColumnType type = splitter_.columns()[i].type;
    ByteInput stream(rest.first(sizes_[i]));
    rest = rest.subspan(sizes_[i]);
    if (!has_summary(type)) continue;
    if (summary_.empty()) byte_io::push_fixed(summary_, habits.names_);
    // What scales all numbers of a stream scales these.
    FloatForm form;
    std::uint8_t mapping = 0;
    if (type != ColumnType::kInt && stream.fixed(mapping)) take_form(mapping, stream, form);
    push_summary(summarize(type, splitter_.values(i)), form, points, summary_);
  }
  return summary_;
}

// Whether any column of bytes is better as planes. What was found is taken for ever more blocks as
// long as it is found again.
bool ColumnsEncoder::choose_records(CompressionSpec compression, ColumnsHabits& habits) {
  constexpr std::size_t kBytesMin = 4'096;
  constexpr std::size_t kRecordRestsMax = 63;
  bool has_planes = false;
  for (std::size_t i = 0; i < splitter_.columns().size(); ++i) {
    if (splitter_.columns()[i].type != ColumnType::kBinary) continue;
    const Bytes& bytes = splitter_.values(i).bytes;
    ColumnsHabits::Records& habit = habits.records_[i];
    if (habit.left > 0) {
      --habit.left;
    } else if (bytes.size() >= kBytesMin) {
      const RecordForm form = best_record_form(bytes, habit.form, compression, compressor_);
      habit.rests = form == habit.form ? std::min(habit.rests * 2 + 1, kRecordRestsMax) : 1;
      habit.left = habit.rests;
      habit.form = form;
    }
    has_planes = has_planes || !habit.form.is_plain();
  }
  return has_planes;
}

void ColumnsEncoder::write_columns(StreamAdvice advice,
                                   const std::vector<ColumnsHabits::Records>& records) {
  constexpr std::size_t kColumnStreamsMax = 2;
  data_.clear();
  sizes_.clear();
  groups_.clear();
  Group group{0, 0, 0};
  const auto end_group = [&](std::size_t end) {
    if (group.bytes > 0) groups_.push_back({group.begin, end, group.bytes});
    group = {end, end, 0};
  };
  for (std::size_t i = 0; i < splitter_.columns().size(); ++i) {
    const std::size_t begin = data_.size();
    advice.habits->go_to(i * kColumnStreamsMax);
    columns_.encode(splitter_.columns()[i].type, splitter_.values(i), advice, records[i].form,
                    data_);
    const std::size_t size = data_.size() - begin;
    sizes_.push_back(size);
    if (size >= kGroupBytes) end_group(i);
    group.bytes += size;
    if (group.bytes >= kGroupBytes) end_group(i + 1);
  }
  end_group(splitter_.columns().size());
}

void ColumnsEncoder::write_directory(Squeeze squeeze) {
  head_.clear();
  byte_io::push_varint(head_, splitter_.paths().size());
  for (const FieldPath& path : splitter_.paths()) {
    byte_io::push_varint(head_, path.parent);
    byte_io::push_varint(head_, path.name.size());
    head_.insert(head_.end(), path.name.begin(), path.name.end());
  }
  byte_io::push_varint(head_, sizes_.size());
  for (std::size_t i = 0; i < sizes_.size(); ++i) {
    head_.push_back(static_cast<std::uint8_t>(splitter_.columns()[i].type));
    byte_io::push_varint(head_, splitter_.columns()[i].path);
    byte_io::push_varint(head_, sizes_[i]);
  }
  byte_io::push_varint(head_, splitter_.shapes().size());
  for (const Shape& shape : splitter_.shapes()) {
    byte_io::push_varint(head_, shape.pairs);
    byte_io::push_varint(head_, shape.nodes.size());
    for (const ShapeNode& node : shape.nodes) {
      byte_io::push_varint(head_, node.is_map() ? node.path * 2 + 1 : node.column * 2);
      if (node.is_map()) byte_io::push_varint(head_, node.pairs);
    }
  }
  codes_.encode(splitter_.codes(), 1, squeeze, head_);
}

// A group that was not worth compressing time and again is tried ever more seldom. `end` tells it
// from others that begin where it does.
void ColumnsEncoder::write_group(std::span<const std::uint8_t> raw, CompressionSpec compression,
                                 std::size_t end, ColumnsHabits::Group& habit) {
  const std::size_t begin = stored_.size();
  std::size_t size = 0;
  if (habit.end != end) habit = {.end = end};
  if (habit.left > 0) {
    --habit.left;
  } else {
    size = compressor_.append(raw, compression, stored_);
    if (compression.kind == Compression::kZstd && size + raw.size() / kZstdGain > raw.size())
      size = 0;
    habit.rests = size > 0 ? 0 : std::min(habit.rests * 2 + 1, kRestsMax);
    habit.left = habit.rests;
  }
  if (size == 0) {
    stored_.resize(begin);
    byte_io::push_bytes(stored_, raw);
    size = raw.size();
  }
  byte_io::push_varint(table_, raw.size());
  byte_io::push_varint(table_, size);
}

std::optional<ColumnsBody> ColumnsBody::open(std::span<const std::uint8_t> bytes,
                                             Compression compression, std::uint32_t count,
                                             std::size_t size_max) {
  ColumnsBody body;
  body.compression_ = compression;
  body.size_max_ = size_max;
  if (size_max > kColumnsRawBytesMax || count > size_max) return std::nullopt;
  if (!body.read_groups(bytes) || !body.read_directory(count)) return std::nullopt;
  return body;
}

bool ColumnsBody::read_groups(std::span<const std::uint8_t> body) {
  ByteInput in(body);
  std::size_t count = 0;
  if (!in.bounded(count, kGroupsMax) || count == 0 || count > in.left()) return false;
  groups_.resize(count);
  std::vector<std::size_t> stored(count);
  std::size_t left = kEncodedFactor * size_max_;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Group& group = groups_[i];
    if (!in.bounded(group.raw_bytes, left) || !in.bounded(stored[i], group.raw_bytes)) return false;
    left -= group.raw_bytes;
    group.begin = begin;
    begin += i == 0 ? 0 : group.raw_bytes;  // the head is none of the columns' data
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!in.take(stored[i], groups_[i].stored)) return false;
  }
  return in.left() == 0;
}

bool ColumnsBody::raw_of(Group& group, std::span<const std::uint8_t>& raw) {
  if (group.stored.size() == group.raw_bytes) {
    raw = group.stored;
    return true;
  }
  if (group.raw.empty()) {
    Bytes made(group.raw_bytes);
    if (!decompress(compression_, group.stored, made)) return false;
    group.raw = std::move(made);
  }
  raw = group.raw;
  return true;
}

bool ColumnsBody::read_directory(std::uint32_t count) {
  std::span<const std::uint8_t> head;
  if (!raw_of(groups_[0], head)) return false;
  ByteInput in(head);
  if (!read_paths(in) || !read_columns(in) || !read_shapes(in)) return false;
  codes_.resize(count);
  if (!decode_ints(in, 1, codes_)) return false;
  const bool is_known = std::all_of(codes_.begin(), codes_.end(),
                                    [this](std::uint64_t code) { return code < shapes_.size(); });
  points_ = in;
  return is_known && count_points();
}

bool ColumnsBody::read_paths(ByteInput& in) {
  std::size_t count = 0;
  if (!in.bounded(count, kBlockPathsMax) || count > in.left()) return false;
  for (std::size_t i = 0; i < count; ++i) {
    FieldPath path;
    std::size_t size = 0;
    std::span<const std::uint8_t> name;
    if (!in.bounded(path.parent, i) || !in.bounded(size, in.left()) || !in.take(size, name))
      return false;
    path.name.assign(name.begin(), name.end());
    paths_.push_back(std::move(path));
  }
  return true;
}

bool ColumnsBody::read_columns(ByteInput& in) {
  std::size_t count = 0;
  if (!in.bounded(count, kBlockColumnsMax) || count > in.left()) return false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint8_t type = 0;
    Column column;
    std::size_t size = 0;
    if (!in.fixed(type) || type >= kColumnTypeCount) return false;
    if (paths_.empty() || !in.bounded(column.path, paths_.size() - 1)) return false;
    if (!in.bounded(size, kEncodedFactor * size_max_ - begin)) return false;
    column.type = static_cast<ColumnType>(type);
    columns_.push_back(column);
    begins_.push_back(begin);
    sizes_.push_back(size);
    begin += size;
  }
  return true;
}

bool ColumnsBody::read_shapes(ByteInput& in) {
  std::size_t count = 0;
  if (!in.bounded(count, kBlockShapesMax)) return false;
  for (std::size_t i = 0; i < count; ++i) {
    if (!read_shape(in, shapes_.emplace_back())) return false;
  }
  return true;
}

// Every map has as many nodes behind it as it says, and no column comes twice.
bool ColumnsBody::read_shape(ByteInput& in, Shape& shape) {
  std::size_t count = 0;
  if (!in.bounded(shape.pairs, kNodesMax) || !in.bounded(count, kNodesMax) || count > in.left())
    return false;
  std::vector<bool> met(columns_.size());
  std::vector<std::uint32_t> open{shape.pairs};
  for (std::size_t i = 0; i < count; ++i) {
    while (!open.empty() && open.back() == 0) open.pop_back();
    if (open.empty()) return false;
    --open.back();
    std::uint64_t number = 0;
    ShapeNode node;
    if (!in.varint(number)) return false;
    const std::uint64_t index = number / 2;
    if (number % 2 == 1) {
      if (index >= paths_.size() || !in.bounded(node.pairs, kNodesMax)) return false;
      node.path = static_cast<std::uint32_t>(index);
      if (open.size() == kColumnDepthMax) return false;
      open.push_back(node.pairs);
    } else {
      if (index >= columns_.size() || met[index]) return false;
      met[index] = true;
      node.column = static_cast<std::uint32_t>(index);
      node.path = columns_[index].path;
    }
    shape.nodes.push_back(node);
  }
  return std::all_of(open.begin(), open.end(), [](std::uint32_t left) { return left == 0; });
}

bool ColumnsBody::count_points() {
  std::vector<std::size_t> of_shape(shapes_.size());
  for (const std::uint64_t code : codes_) ++of_shape[code];
  counts_.assign(columns_.size(), 0);
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    for (const ShapeNode& node : shapes_[i].nodes) {
      if (!node.is_map()) counts_[node.column] += of_shape[i];
    }
  }
  return true;
}

std::vector<std::string> ColumnsBody::names_of(std::size_t column) const {
  std::vector<std::string> names;
  for (std::uint32_t at = columns_[column].path + 1; at > 0; at = paths_[at - 1].parent)
    names.push_back(paths_[at - 1].name);
  std::reverse(names.begin(), names.end());
  return names;
}

bool ColumnsBody::has_column(std::size_t shape, std::size_t column) const {
  const auto& nodes = shapes_[shape].nodes;
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const ShapeNode& node) { return node.column == column; });
}

bool ColumnsBody::read(std::size_t column, ColumnValues& values) {
  return read(column, size_max_, values);
}

// The one that holds the column's data; nullptr: none does.
ColumnsBody::Group* ColumnsBody::group_of(std::size_t column) {
  const std::size_t begin = begins_[column];
  // The last group that begins at or before the column.
  const auto behind =
      std::upper_bound(groups_.begin() + 1, groups_.end(), begin,
                       [](std::size_t at, const Group& group) { return at < group.begin; });
  if (behind == groups_.begin() + 1) return nullptr;
  Group& group = *(behind - 1);
  const std::size_t within = begin - group.begin;
  const bool is_whole = within <= group.raw_bytes && sizes_[column] <= group.raw_bytes - within;
  return is_whole ? &group : nullptr;
}

// The column as it is encoded.
bool ColumnsBody::raw_of(std::size_t column, std::span<const std::uint8_t>& raw) {
  raw = {};
  if (sizes_[column] == 0) return true;
  Group* const group = group_of(column);
  if (group == nullptr || !raw_of(*group, raw)) return false;
  raw = raw.subspan(begins_[column] - group->begin, sizes_[column]);
  return true;
}

bool ColumnsBody::has_directory_of(const ColumnsBody& other) const {
  return paths_ == other.paths_ && columns_ == other.columns_ && shapes_ == other.shapes_ &&
         codes_ == other.codes_;
}

bool ColumnsBody::has_data_of(ColumnsBody& other, std::size_t column) {
  if (sizes_[column] != other.sizes_[column]) return false;
  if (sizes_[column] == 0) return true;
  const Group* const mine = group_of(column);
  const Group* const others = other.group_of(column);
  if (mine == nullptr || others == nullptr) return false;
  const bool is_at_one_place =
      begins_[column] - mine->begin == other.begins_[column] - others->begin;
  if (is_at_one_place && compression_ == other.compression_ &&
      mine->raw_bytes == others->raw_bytes && std::ranges::equal(mine->stored, others->stored))
    return true;
  std::span<const std::uint8_t> raw;
  std::span<const std::uint8_t> raw_of_other;
  return raw_of(column, raw) && other.raw_of(column, raw_of_other) &&
         std::ranges::equal(raw, raw_of_other);
}

bool ColumnsBody::read(std::size_t column, std::size_t size_max, ColumnValues& values) {
  std::span<const std::uint8_t> data;
  if (!raw_of(column, data)) return false;
  return decode_column(ByteInput(data), columns_[column].type, counts_[column], size_max, values);
}

// The joiner wants room for a whole head, however small the last one turns out.
std::size_t ColumnsBody::maps_room() const { return size_max_ + item::kHeadMax; }

bool ColumnsBody::read_maps(std::span<std::uint8_t> room, std::vector<std::size_t>& lengths) {
  // Every value takes a byte of a row at least, so all of them together are bounded as one is.
  std::size_t left = size_max_;
  std::vector<ColumnValues> values(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!read(i, left, values[i])) return false;
    const std::size_t taken = std::max(
        {counts_[i], values[i].numbers.size(), values[i].bytes.size(), values[i].lengths.size()});
    left -= taken;
  }
  return join_maps(paths_, shapes_, columns_, values, codes_, room, lengths);
}

}  // namespace zbag
