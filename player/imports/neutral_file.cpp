#include "player/imports/neutral_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <span>
#include <utility>

#include "player/imports/byte_source.hpp"
#include "player/imports/json_line.hpp"
#include "player/imports/outward_link.hpp"
#include "player/imports/quick_line.hpp"
#include "player/imports/rows_document.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/json_text.hpp"
#include "schemas/quantity_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLineBytesMax = 64u << 20;
constexpr std::uint64_t kPassedBytesMax = 256u << 20;  // of one that is longer, of blank ones

tl::unexpected<Error> bad(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

// Where a path beside the recording leads: kInvalid when that is out of its folder, as links may.
Result<std::string> path_beside(const fs::path& folder, const std::string& name) {
  if (track_name_fault(name) != nullptr) return bad("data_file is no path beside the file");
  std::error_code error;
  const fs::path root = folder.empty() ? fs::path(".") : folder;
  const fs::path path = fs::canonical(root / name, error);
  if (error) return bad(fmt::format("data_file {}: {}", printable(name), error.message()));
  if (leads_out_of(root, path))
    return bad(
        fmt::format("data_file {} is a link out of the recording's folder", printable(name)));
  if (!fs::is_regular_file(path, error))
    return bad(fmt::format("data_file {} is no file", printable(name)));
  return path.string();
}

// Bytes of a file beside the recording; never of one outside its folder.
Result<std::string> read_data_file(const fs::path& folder, const Fields& fields) {
  const auto* name = field_as<std::string>(fields, "data_file");
  if (name == nullptr) return bad("data_file is no path beside the file");
  Result<std::string> path = path_beside(folder, *name);
  if (!path) return path;
  std::error_code error;
  const std::uint64_t size = fs::file_size(*path, error);
  if (error) return bad(fmt::format("data_file {}: {}", printable(*name), error.message()));
  for (const char* part : {"data_offset", "data_len"}) {
    if (find_field(fields, part) != nullptr && int_field(fields, part).value_or(-1) < 0)
      return bad(fmt::format("{} is no whole number of bytes", part));
  }
  const std::uint64_t offset = uint_field(fields, "data_offset");
  const std::uint64_t length = uint_field(fields, "data_len", size - std::min(size, offset));
  if (offset > size || length > size - offset || length > kFrameBytesMax) {
    return bad(fmt::format("data_file {} has {} bytes, {} at {} are asked for", printable(*name),
                           size, length, offset));
  }
  const FileHandle file(std::fopen(path->c_str(), "rbe"));
  std::string bytes(length, '\0');
  if (!file || std::fseek(file.get(), static_cast<long>(offset), SEEK_SET) != 0 ||
      std::fread(bytes.data(), 1, length, file.get()) != length) {
    return bad(fmt::format("data_file {} cannot be read", printable(*name)));
  }
  return bytes;
}

Status inline_data(const fs::path& folder, Fields& fields) {
  Result<std::string> bytes = read_data_file(folder, fields);
  if (!bytes) return tl::unexpected(bytes.error());
  for (auto& [name, value] : fields) {
    if (name != "data_file") continue;
    name = "data";
    value = Binary{std::move(*bytes)};
    break;
  }
  std::erase_if(fields, [](const auto& field) {
    return field.first == "data_offset" || field.first == "data_len";
  });
  return check_unique(fields);
}

// Of which dialect a line is. One of `cat` is told by its beginning, as zbag writes it, and
// whatever the order of its members where it has no map `fields`, without which none is a neutral
// one.
enum class LineKind { kNeutral, kPoint, kRow };
LineKind kind_of(const Fields& line) {
  if (line.empty()) return LineKind::kNeutral;
  if (line.front().first == "timestamp") return LineKind::kRow;
  const Value* const fields = find_field(line, "fields");
  const bool has_fields = fields != nullptr && fields->get_if<Fields>() != nullptr;
  const bool begins_so = line.front().first == "_ts" && line.size() > 1 && line[1].first == "track";
  const bool is_neutral = has_fields && line.size() == 3;
  const bool is_point = find_field(line, "_ts") != nullptr && find_field(line, "track") != nullptr;
  const bool may_be_neutral = fields != nullptr || line.size() == 2;
  if (begins_so) return is_neutral ? LineKind::kNeutral : LineKind::kPoint;
  return is_point && !may_be_neutral ? LineKind::kPoint : LineKind::kNeutral;
}

Result<Timestamp> stamp_of(const Fields& line, const char* name) {
  const Value* value = find_field(line, name);
  const std::string* const text = value == nullptr ? nullptr : value->get_if<std::string>();
  const std::optional<double> seconds = value == nullptr  ? std::nullopt
                                        : text != nullptr ? parse_iso_time(*text)
                                                          : number_of(*value);
  if (!seconds)
    return bad(fmt::format("\"{}\" is missing or neither a number nor an ISO time", name));
  const std::optional<Timestamp> stamp = Timestamp::from_seconds(*seconds);
  if (!stamp) return bad(fmt::format("\"{}\" is outside years 1678-2262", name));
  return *stamp;
}

// {"_ts":..., "track":..., fields} as `cat` prints it; {"timestamp":..., fields} as export does,
// whose track the file's name is.
Result<NeutralFrame> frame_of_members(Fields line, std::string track, const char* time,
                                      std::string_view word) {
  const Result<Timestamp> stamp = stamp_of(line, time);
  if (!stamp) return tl::unexpected(stamp.error());
  std::erase_if(line, [&](const auto& member) {
    const std::string& name = member.first;
    return name == word || name == time || name == "_src" || name == "_seq";
  });
  // The only one, which would have made the line a neutral recording's.
  const bool is_escaped = line.size() == 1 && line.front().second.get_if<Fields>() != nullptr;
  if (Status resolved = resolve_fields(line, JsonDialect::kPlain); !resolved)
    return tl::unexpected(resolved.error());
  for (auto& [name, value] : line) name = unescaped_name(name, word);
  if (is_escaped) line.front().first = unescaped_name(line.front().first, "fields");
  return NeutralFrame{std::move(track), *stamp, std::move(line), {}};
}

Result<NeutralFrame> neutral_frame(Fields&& line, std::string track, const fs::path& folder) {
  const Result<Timestamp> stamp = stamp_of(line, "_ts");
  if (!stamp) return tl::unexpected(stamp.error());
  Fields* fields = nullptr;
  std::string ignored;
  for (auto& [name, value] : line) {
    const bool is_of_line = name == "track" || name == "_ts" || name == "_src" || name == "_seq";
    if (name == "fields") {
      fields = value.get_if<Fields>();
    } else if (!is_of_line && ignored.empty()) {
      ignored = name;
    }
  }
  if (fields == nullptr) return bad("\"fields\" is missing");
  const Value* const data_file = find_field(*fields, "data_file");
  const bool has_data = data_file != nullptr && data_file->get_if<Fields>() == nullptr;
  Status status = resolve_fields(*fields, JsonDialect::kNeutral);
  if (status && has_data) status = inline_data(folder, *fields);
  if (!status) return tl::unexpected(status.error());
  return NeutralFrame{std::move(track), *stamp, std::move(*fields), std::move(ignored)};
}

Result<NeutralFrame> parse_line(std::string_view text, const fs::path& folder,
                                const std::string& track_of_rows, std::size_t values_max) {
  Result<Value> parsed = parse_json_line(text, values_max);
  if (!parsed) return tl::unexpected(parsed.error());
  Fields* const line = parsed->get_if<Fields>();
  if (line == nullptr) return bad("not a JSON object");
  const LineKind kind = kind_of(*line);
  const std::string* const named = kind == LineKind::kRow ? &track_of_rows
                                   : find_field(*line, "track") == nullptr
                                       ? nullptr
                                       : find_field(*line, "track")->get_if<std::string>();
  if (named == nullptr) return bad("\"track\" is missing");
  if (kind == LineKind::kRow && named->empty())
    return fail(ErrorCode::kUnsupported,
                "rows of export do not say their track, which is the name of their file: give them "
                "in one that is called TRACK.jsonl");
  std::string track(plain_name(*named));
  if (const char* fault = track_name_fault(track))
    return bad(fmt::format("track name '{}' {}", printable(track), fault));
  switch (kind) {
    case LineKind::kPoint:
      return frame_of_members(std::move(*line), std::move(track), "_ts", "track");
    case LineKind::kRow:
      return frame_of_members(std::move(*line), std::move(track), "timestamp", "timestamp");
    case LineKind::kNeutral:
      break;
  }
  return neutral_frame(std::move(*line), std::move(track), folder);
}

}  // namespace

struct NeutralReader::State {
  std::string path;
  fs::path folder;
  std::string track_of_rows;
  std::size_t values_max;
  ByteSource source;
  std::string buffer;
  std::size_t at = 0;
  std::size_t line = 0;
  std::uint64_t blank = 0;  // bytes since the last line that is not
  bool at_end = false;
  std::optional<RowsDocument> document;
  QuickLine quick;

  // Reads on. What was `at` before is gone.
  Status read_more();
  // The next row of `document`, in `buffer`, of `track_of_rows`; nullopt at the end.
  Result<std::optional<std::string_view>> next_row();
  // The next line without its end, in `buffer`; nullopt at the end of the file.
  Result<std::optional<std::string_view>> next_line();
  // The next one that has something on it.
  Result<std::optional<std::string_view>> next_filled_line();
  Result<NeutralFrame> parse(std::string_view text) const;
  // Passes over the rest of a line of which `done` bytes were too many.
  Status pass_line(std::uint64_t done);
  tl::unexpected<Error> fault(ErrorCode code, const std::string& what) const {
    return fail(code, fmt::format("{}:{}: {}", path, line, what));
  }
};

NeutralReader::NeutralReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
NeutralReader::NeutralReader(NeutralReader&&) noexcept = default;
NeutralReader& NeutralReader::operator=(NeutralReader&&) noexcept = default;
NeutralReader::~NeutralReader() = default;

Result<NeutralReader> NeutralReader::open(const std::string& path, Options options) {
  Result<ByteSource> source = ByteSource::open(path, std::move(options.goes_on));
  if (!source) return tl::unexpected(source.error());
  const bool is_stdin = path == "-";
  const std::string name = fs::path(path).filename().string();
  std::error_code error;  // a pipe is called anything
  std::string track =
      track_of_rows_file(name).value_or(fs::is_regular_file(path, error) ? name : std::string());
  std::unique_ptr<State> state(new State{is_stdin ? "stdin" : path,
                                         fs::path(path).parent_path(),
                                         options.track_of_rows.value_or(std::move(track)),
                                         options.values_max,
                                         std::move(*source),
                                         {},
                                         0,
                                         0,
                                         0,
                                         false,
                                         {},
                                         QuickLine(options.values_max)});
  constexpr std::size_t kBegin = 16;  // which shows what it is
  while (state->buffer.size() < kBegin && !state->at_end) {
    if (Status read = state->read_more(); !read) return tl::unexpected(read.error());
  }
  state->document = RowsDocument::begun(state->buffer);
  return NeutralReader(std::move(state));
}

const std::string& NeutralReader::path() const { return state_->path; }
std::size_t NeutralReader::line() const { return state_->line; }
std::optional<double> NeutralReader::share() const { return state_->source.share(); }

Status NeutralReader::State::read_more() {
  buffer.erase(0, std::exchange(at, 0));
  const Result<bool> more = source.read(buffer);
  if (!more) return tl::unexpected(more.error());
  at_end = !*more;
  return {};
}

Result<std::optional<std::string_view>> NeutralReader::State::next_row() {
  while (true) {
    if (const auto piece = document->next(std::string_view(buffer).substr(at))) {
      at += piece->size;
      if (piece->is_row) {
        ++line;
        return std::optional(piece->text);
      }
      const Result<Value> name = parse_json_line(piece->text);
      const std::string* const track = name ? name->get_if<std::string>() : nullptr;
      if (track == nullptr) return fault(ErrorCode::kDamaged, "a track has no name");
      track_of_rows = *track;
      continue;
    }
    if (document->has_foreign())
      return fault(ErrorCode::kDamaged, "something that is no row of export stands behind it");
    if (at_end && document->is_whole()) return std::optional<std::string_view>();
    if (at_end) return fault(ErrorCode::kDamaged, "the file ends within its rows");
    if (buffer.size() - at > kLineBytesMax)
      return fault(ErrorCode::kDamaged, "a row of more than 64 MiB");
    if (Status read = read_more(); !read) return tl::unexpected(read.error());
  }
}

Result<std::optional<std::string_view>> NeutralReader::State::next_line() {
  if (document) return next_row();
  std::size_t end = buffer.find('\n', at);
  while (end == std::string::npos && !at_end) {
    const std::size_t searched = buffer.size() - at;
    if (Status read = read_more(); !read) return tl::unexpected(read.error());
    end = buffer.find('\n', searched);
    if (end == std::string::npos && buffer.size() > kLineBytesMax) {
      ++line;
      if (Status passed = pass_line(buffer.size()); !passed) return tl::unexpected(passed.error());
      return fault(ErrorCode::kInvalid, "a line of more than 64 MiB");
    }
  }
  if (end == std::string::npos && at == buffer.size()) return std::optional<std::string_view>();
  if (end == std::string::npos) end = buffer.size();
  const std::string_view found(buffer.data() + at, end - at);
  at = std::min(end + 1, buffer.size());
  ++line;
  return std::optional(found);
}

Status NeutralReader::State::pass_line(std::uint64_t done) {
  while (true) {
    buffer.clear();
    const Result<bool> more = source.read(buffer);
    if (!more) return tl::unexpected(more.error());
    at_end = !*more;
    const std::size_t end = buffer.find('\n');
    at = end == std::string::npos ? buffer.size() : end + 1;
    if (at_end || end != std::string::npos) return {};
    done += buffer.size();
    // A few bytes of xz may stand for hours of this.
    if (done > kPassedBytesMax)
      return fault(ErrorCode::kDamaged, "a line of more than 256 MiB: this is no recording");
  }
}

Result<std::optional<std::string_view>> NeutralReader::State::next_filled_line() {
  while (true) {
    const Result<std::optional<std::string_view>> found = next_line();
    if (!found || !*found) return found;
    if ((*found)->find_first_not_of(" \t\r") == std::string_view::npos) {
      blank += (*found)->size() + 1;
      if (blank <= kPassedBytesMax) continue;
      return fault(ErrorCode::kDamaged, "more than 256 MiB of blank lines: this is no recording");
    }
    blank = 0;
    return found;
  }
}

Result<NeutralFrame> NeutralReader::State::parse(std::string_view text) const {
  Result<NeutralFrame> frame = parse_line(text, folder, track_of_rows, values_max);
  if (!frame) return fault(frame.error().code, frame.error().message);
  return frame;
}

Result<std::optional<NeutralFrame>> NeutralReader::next() {
  const Result<std::optional<std::string_view>> line = state_->next_filled_line();
  if (!line) return tl::unexpected(line.error());
  if (!*line) return std::optional<NeutralFrame>();
  Result<NeutralFrame> frame = state_->parse(**line);
  if (!frame) return tl::unexpected(frame.error());
  return std::optional(std::move(*frame));
}

Result<bool> NeutralReader::next(EncodedFrame& frame) {
  const Result<std::optional<std::string_view>> line = state_->next_filled_line();
  if (!line) return tl::unexpected(line.error());
  if (!*line) return false;
  if (state_->quick.read(**line, state_->track_of_rows, frame)) return true;
  Result<NeutralFrame> parsed = state_->parse(**line);
  if (!parsed) return tl::unexpected(parsed.error());
  frame.track = std::move(parsed->track);
  frame.stamp = parsed->stamp;
  frame.ignored = std::move(parsed->ignored);
  frame.map.clear();
  encode_fields(parsed->fields, frame.map);
  return true;
}

std::optional<std::string> track_of_rows_file(std::string name) {
  if (name.ends_with(".xz")) name.resize(name.size() - 3);
  for (const std::string_view extension : {".jsonl", ".json"}) {
    if (name.ends_with(extension)) return name.substr(0, name.size() - extension.size());
  }
  return std::nullopt;
}

void write_neutral_line(std::string_view track, Timestamp stamp, MapBytes fields, std::string& out,
                        const JsonDrain& drain) {
  out += "{\"track\":";
  write_json_text(track, out);
  out += ",\"_ts\":";
  out += seconds_text(stamp.seconds());
  out += ",\"fields\":{";
  write_json_members(fields, out, JsonDialect::kNeutral, drain);
  out += "}}";
}

}  // namespace zbag
