#include "player/exports/row_chunks.hpp"

#include <algorithm>

#include "schemas/json_text.hpp"
#include "schemas/shortest_text.hpp"

namespace zbag {

// A record that is full does not say all there is; columns of large frames are in memory more than
// once.
bool RowChunks::can_write(const TrackRecord& track) {
  constexpr std::uint64_t kColumnFrameBytesMax = 64u << 10;
  return track.fields.size() < kTrackFieldsMax &&
         track.bytes / std::max<std::uint64_t>(1, track.total()) <= kColumnFrameBytesMax &&
         std::none_of(track.fields.begin(), track.fields.end(),
                      [](const auto& field) { return field.second.contains("map"); });
}

RowChunks::RowChunks(std::vector<ExportField> fields, BinaryCells& binaries)
    : fields_(std::move(fields)), binaries_(binaries) {
  for (const ExportField& field : fields_) {
    std::string& member = members_.emplace_back(",");
    write_json_text(field.column, member);
    member += ':';
  }
}

Status RowChunks::append(const ColumnChunk& chunk, std::string_view end, FileText& lines,
                         OutputFile& file) {
  std::vector<Cells> columns(chunk.fields.begin(), chunk.fields.end());
  for (const double seconds : chunk.seconds) {
    lines.text += "{\"timestamp\":";
    append_shortest(seconds, lines.text);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Cell cell = columns[i].next();
      if (cell.is_missing()) continue;
      lines.text += members_[i];
      if (Status added = append_value(cell, fields_[i], lines.text); !added) return added;
    }
    lines.text += '}';
    lines.text += end;
    ++row_;
    if (Status written = lines.write_much_to(file); !written) return written;
  }
  return {};
}

Status RowChunks::append_value(const Cell& cell, const ExportField& field, std::string& out) {
  if (cell.type() != ColumnType::kBinary) {
    cell.append_json(out);
    return {};
  }
  const Result<std::string> text = binaries_.text_of(field.column, row_, cell.bytes());
  if (!text) return tl::unexpected(text.error());
  write_json_text(*text, out);
  return {};
}

}  // namespace zbag
