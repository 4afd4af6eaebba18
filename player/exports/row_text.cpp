#include "player/exports/row_text.hpp"

namespace zbag {
namespace {

std::set<std::string> names_of(const TrackRecord& track) {
  std::set<std::string> names;
  for (const auto& [field, types] : track.fields) names.insert(field);
  return names;
}

}  // namespace

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
  return text.size() < kMuch ? Status() : write_to(file);
}

RowText::RowText(const ExportSource& source, const std::string& track)
    : columns_(track, names_of(source.tracks().at(track)), source.columns(),
               [&source](const std::string& text) { source.note(text); }) {}

Status RowText::append(const PointView& point, FileText& line, OutputFile& file) {
  const auto leaves = columns_.flatten(open_map(point.map).value_or(MapBytes{}));
  if (!leaves) return tl::unexpected(leaves.error());
  line.text += "{\"timestamp\":";
  line.text += seconds_text(point.stamp().seconds());
  for (const RowColumns::Leaf& leaf : *leaves) {
    line.text += member_of(leaf);
    write_json_item(leaf.value, line.text, JsonDialect::kPlain, line.drain_to(file));
  }
  line.text += '}';
  return {};
}

const std::string& RowText::member_of(const RowColumns::Leaf& leaf) {
  if (leaf.number >= members_.size()) members_.resize(leaf.number + 1);
  std::string& member = members_[leaf.number];
  if (member.empty()) {
    member += ',';
    write_json_text(member_name(leaf.column, JsonDialect::kPlain), member);
    member += ':';
  }
  return member;
}

}  // namespace zbag
