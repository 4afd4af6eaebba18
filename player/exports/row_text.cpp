#include "player/exports/row_text.hpp"

#include <utility>

namespace zbag {

RowColumns columns_of(const ExportSource& source, const std::string& track,
                      std::vector<std::string> words) {
  std::set<std::string> names;
  for (const auto& [field, types] : source.tracks().at(track).fields) names.insert(field);
  return {track, names, source.columns(), [&source](const std::string& text) { source.note(text); },
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

RowText::RowText(const ExportSource& source, const std::string& track)
    : columns_(columns_of(source, track)) {}

Status RowText::append(const PointView& point, FileText& line, OutputFile& file) {
  const auto leaves = columns_.flatten(open_map(point.map).value_or(MapBytes{}));
  if (!leaves) return tl::unexpected(leaves.error());
  line.text += "{\"timestamp\":";
  line.text += seconds_text(point.stamp().seconds());
  for (const RowColumns::Leaf& leaf : *leaves) {
    line.text += ',';
    write_json_text(member_name(leaf.column, JsonDialect::kPlain), line.text);
    line.text += ':';
    write_json_item(leaf.value, line.text, JsonDialect::kPlain, line.drain_to(file));
  }
  line.text += '}';
  return {};
}

}  // namespace zbag
