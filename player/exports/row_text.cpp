#include "player/exports/row_text.hpp"

#include <utility>

#include "schemas/item.hpp"
#include "schemas/shortest_text.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {

RowColumns columns_of(const ExportSource& source, const std::string& track,
                      std::vector<std::string> words) {
  std::set<std::string> names;
  for (const auto& [field, types] : source.tracks().at(track).fields) names.insert(field);
  return {track, names, source.columns(),
          [&source, track](const std::string& field, const std::string& name) {
            source.notice_of_name(track, field, name);
          },
          std::move(words)};
}

JsonDrain FileText::drain_to(OutputFile& file) {
  return [this, &file] { static_cast<void>(write_to(file)); };
}

Status FileText::write_to(OutputFile& file) {
  if (written_) written_ = file.write(text);
  text.clear();
  return written_;
}

Status FileText::write_much_to(OutputFile& file) {
  constexpr std::size_t kMuch = 256u << 10;
  // Who reads along is to have what the export says it has written, when it is stopped.
  return text.size() < kMuch && !file.is_stdout() ? Status() : write_to(file);
}

RowText::RowText(const ExportSource& source, const std::string& track, BinaryCells& binaries,
                 std::string scope)
    : columns_(columns_of(source, track)), binaries_(binaries), scope_(std::move(scope)) {}

Status RowText::append(const PointView& point, FileText& line, OutputFile& file) {
  const auto leaves = columns_.flatten(open_map(point.map).value_or(MapBytes{}));
  if (!leaves) return tl::unexpected(leaves.error());
  line.text += "{\"timestamp\":";
  append_shortest(point.stamp().seconds(), line.text);
  for (const RowColumns::Leaf& leaf : *leaves) {
    line.text += member_of(leaf);
    if (Status added = append_value(leaf, line, file); !added) return added;
  }
  line.text += '}';
  ++row_;
  return {};
}

Status RowText::append_value(const RowColumns::Leaf& leaf, FileText& line, OutputFile& file) {
  item::Cursor value(leaf.value);
  std::span<const std::uint8_t> bytes;
  if (!item::take_binary(value, bytes)) {
    write_json_item(leaf.value, line.text, JsonDialect::kPlain, line.drain_to(file));
    return {};
  }
  const std::string column = scope_ + std::string(leaf.column);
  const Result<std::string> text = binaries_.text_of(column, row_, text_of(bytes));
  if (!text) return tl::unexpected(text.error());
  write_json_text(*text, line.text);
  return {};
}

const std::string& RowText::member_of(const RowColumns::Leaf& leaf) {
  if (leaf.number >= members_.size()) members_.resize(leaf.number + 1);
  std::string& member = members_[leaf.number];
  if (member.empty()) {
    member += ',';
    write_json_text(leaf.column, member);
    member += ':';
  }
  return member;
}

}  // namespace zbag
