// The databases that `export --format sqlite` makes: tables `tracks` and `fields` say which table
// is of which track, and what its columns hold.
#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "player/imports/format_reader.hpp"
#include "player/imports/rosbag2/sqlite_file.hpp"
#include "player/imports/tables/cell_value.hpp"
#include "player/imports/tables/column_fields.hpp"
#include "player/imports/tables/table_stamps.hpp"
#include "player/query/sql_text.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kTracksMax = 100'000;
constexpr std::size_t kColumnsMax = 2'000;  // of a table of SQLite, as it is built
constexpr int kOwnColumns = 2;              // seconds and nanoseconds in front of the fields

struct StoredTrack {
  std::string name;
  std::string table;
};
struct StoredField {
  std::string column;
  std::vector<std::string> path;
  std::string kind;  // name_of(ColumnKind)
};

// Whole numbers beyond int64 are texts: 0xffffffffffffffff.
bool append_hex(std::string_view text, std::string& out) {
  if (!text.starts_with("0x")) return false;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), number, 16);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  append_number(number, out);
  return true;
}

// Appends what the column of the row holds, NULL being nothing. False: it is not of that kind.
bool append_stored(const SqliteRows& row, int column, std::string_view kind, std::string& out) {
  const SqliteType type = row.type(column);
  if (type == SqliteType::kNull) return true;
  const std::string_view text = type == SqliteType::kText ? row.text(column) : "";
  if (kind == "bool" && type == SqliteType::kInteger) {
    item::append_item(out, [&](auto*& at) { item::put_bool(at, row.integer(column) != 0); });
  } else if (kind == "int" || kind == "unsigned" || kind == "huge") {
    if (type != SqliteType::kInteger) return append_hex(text, out);
    append_number(row.integer(column), out);
  } else if (kind == "double" && type == SqliteType::kReal) {
    append_number(row.real(column), out);
  } else if (kind == "text" && (type == SqliteType::kText || type == SqliteType::kBlob)) {
    item::append_text(out, type == SqliteType::kText ? text : text_of(row.bytes(column)));
  } else if (kind == "binary" && type == SqliteType::kBlob) {
    const std::span<const std::uint8_t> bytes = row.bytes(column);
    item::append_item(out, [&](auto*& at) { item::put_binary(at, bytes.size()); });
    out += text_of(bytes);
  } else {
    return type == SqliteType::kText && append_json(text, out);
  }
  return true;
}

class SqliteTracks : public FormatReader {
 public:
  SqliteTracks(std::string path, SqliteFile file)
      : path_(std::move(path)), file_(std::move(file)) {}

  Status open() {
    Result<SqliteRows> rows =
        file_.query("SELECT t.track, t.table_name FROM tracks AS t ORDER BY t.track");
    if (!rows) return tl::unexpected(rows.error());
    while (true) {
      const Result<bool> next = rows->next();
      if (!next) return tl::unexpected(next.error());
      if (!*next) return {};
      if (tracks_.size() == kTracksMax)
        return fail(ErrorCode::kUnsupported,
                    fmt::format("{}: more than {} tracks", path_, kTracksMax));
      tracks_.push_back({std::string(rows->text(0)), std::string(rows->text(1))});
    }
  }

  Status read(ImportSink& sink) override {
    for (at_ = 0; at_ < tracks_.size(); ++at_) {
      row_ = 0;
      Result<std::vector<StoredField>> fields = fields_of(tracks_[at_].table);
      if (!fields) return tl::unexpected(fields.error());
      if (Status read = read_table(*fields, sink); !read) return read;
    }
    return {};
  }

  std::string place() const override {
    if (at_ >= tracks_.size()) return path_;
    return fmt::format("{}: track {}, row {}", path_, printable(tracks_[at_].name), row_);
  }
  std::optional<double> share() const override {
    return tracks_.empty() ? 1.0 : static_cast<double>(at_) / static_cast<double>(tracks_.size());
  }

 private:
  tl::unexpected<Error> damaged(const std::string& table, const char* what) const {
    return fail(ErrorCode::kDamaged,
                fmt::format("{}: the fields of table {}: {}", path_, printable(table), what));
  }

  Result<std::vector<StoredField>> fields_of(const std::string& table) {
    Result<SqliteRows> rows = file_.query(fmt::format(
        "SELECT f.column_name, f.names, f.kind FROM fields AS f WHERE f.table_name = {} "
        "ORDER BY f.rowid",
        sql_text(table)));
    if (!rows) return tl::unexpected(rows.error());
    std::vector<StoredField> fields;
    std::vector<std::vector<std::string>> paths;
    while (true) {
      const Result<bool> next = rows->next();
      if (!next) return tl::unexpected(next.error());
      if (!*next) break;
      std::optional<std::vector<std::string>> path = path_of_json(rows->text(1));
      if (fields.size() == kColumnsMax) return damaged(table, "there are too many");
      if (!path) return damaged(table, "a name is none");
      paths.push_back(*path);
      fields.push_back({std::string(rows->text(0)), std::move(*path), std::string(rows->text(2))});
    }
    if (const char* const fault = fault_of(paths)) return damaged(table, fault);
    return fields;
  }

  Status read_table(const std::vector<StoredField>& fields, ImportSink& sink) {
    // With the table in front of it, what is no column is an error and no text.
    std::string sql = "SELECT t.timestamp, t._ts_ns";
    std::vector<std::vector<std::string>> paths;
    for (const StoredField& field : fields) {
      sql += ", t." + sql_name(field.column);
      paths.push_back(field.path);
    }
    sql += fmt::format(" FROM {} AS t ORDER BY t.rowid", sql_name(tracks_[at_].table));
    Result<SqliteRows> rows = file_.query(sql);
    if (!rows) return tl::unexpected(rows.error());
    ColumnFields maps(paths);
    std::string map;
    while (true) {
      const Result<bool> next = rows->next();
      if (!next) return tl::unexpected(next.error());
      if (!*next) return {};
      ++row_;
      const std::optional<Timestamp> stamp = stamp_of_row(*rows);
      if (!stamp || !put_values(*rows, fields)) {
        sink.refuse(
            fmt::format("{}: {}", place(),
                        stamp ? "a value is not of the kind of its field" : "it has no time"));
        continue;
      }
      map.clear();
      maps.append_map(values_, map);
      if (Status taken = sink.frame(tracks_[at_].name, *stamp, bytes_of(map)); !taken) return taken;
    }
  }

  static std::optional<Timestamp> stamp_of_row(const SqliteRows& row) {
    if (row.type(0) != SqliteType::kReal || row.type(1) != SqliteType::kInteger)
      return std::nullopt;
    return stamp_beside_key(row.real(0), row.integer(1));
  }

  bool put_values(const SqliteRows& row, const std::vector<StoredField>& fields) {
    items_.clear();
    ends_.clear();
    for (std::size_t n = 0; n < fields.size(); ++n) {
      if (!append_stored(row, kOwnColumns + static_cast<int>(n), fields[n].kind, items_))
        return false;
      ends_.push_back(items_.size());
    }
    put_views(items_, ends_, values_);
    return true;
  }

  const std::string path_;
  SqliteFile file_;
  std::vector<StoredTrack> tracks_;
  std::size_t at_ = 0;
  std::uint64_t row_ = 0;
  // Of the row at hand, as MessagePack.
  std::string items_;
  std::vector<std::size_t> ends_;
  std::vector<std::string_view> values_;
};

}  // namespace

bool is_own_sqlite(const std::string& path, std::string_view begin) {
  if (!begin.starts_with(std::string_view("SQLite format 3\0", 16))) return false;
  Result<SqliteFile> file = SqliteFile::open(path, {});
  if (!file) return false;
  const Result<bool> has_tracks = file->has_table("tracks");
  const Result<bool> has_fields = file->has_table("fields");
  return has_tracks && *has_tracks && has_fields && *has_fields;
}

Result<std::unique_ptr<FormatReader>> open_sqlite(const FoundRecording& recording,
                                                  const ImportOptions& options) {
  Result<SqliteFile> file = SqliteFile::open(recording.path, options.goes_on);
  if (!file) return tl::unexpected(file.error());
  auto tracks = std::make_unique<SqliteTracks>(recording.path, std::move(*file));
  if (Status opened = tracks->open(); !opened) return tl::unexpected(opened.error());
  return tracks;
}

}  // namespace zbag
