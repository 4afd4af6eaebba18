#include "player/imports/rosbag2/db3_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "player/imports/messages/message_track.hpp"
#include "player/imports/rosbag2/sqlite_file.hpp"
#include "player/messages/ros2_types.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kQos = "offered_qos_profiles";  // in MCAP a channel's metadata have it
constexpr std::size_t kTopicsMax = 65'536;
constexpr std::size_t kDefinitionBytesMax = 64u << 20;  // of all topics
constexpr std::string_view kRos2 = "ros2msg";

class Db3File : public FormatReader {
 public:
  Db3File(SqliteFile file, std::string path, std::string name, ImportOptions options,
          bool is_packed)
      : file_(std::move(file)),
        path_(std::move(path)),
        name_(std::move(name)),
        options_(std::move(options)),
        is_packed_(is_packed) {}

  Status begin() {
    for (const char* const table : {"topics", "messages"}) {
      const Result<bool> has = file_.has_table(table);
      if (!has) return tl::unexpected(has.error());
      if (!*has)
        return fail(ErrorCode::kDamaged,
                    fmt::format("{}: a database without a table {}: no ROS 2 bag", name_, table));
    }
    if (Status read = unless_damaged(read_definitions()); !read) return read;
    if (Status read = unless_damaged(read_topics()); !read) return read;
    // Of one that is cut off, nobody knows.
    Result<SqliteRows> last = file_.query("SELECT max(rowid) FROM messages");
    const Result<bool> has = last ? last->next() : Result<bool>(false);
    if (has && *has) last_row_ = last->integer(0);
    return {};
  }

  Status read(ImportSink& sink) override {
    std::error_code error;
    if (std::filesystem::file_size(path_ + "-wal", error) > 0 && !error) {
      sink.note(
          fmt::format("{}-wal is not read: where its recorder was killed, its last messages "
                      "are there; sqlite3 {} 'PRAGMA wal_checkpoint' brings them in",
                      name_, name_));
    }
    Result<SqliteRows> rows = file_.query("SELECT rowid, topic_id, timestamp, data FROM messages");
    if (!rows) return tl::unexpected(rows.error());
    while (true) {
      const Result<bool> has = rows->next();
      if (!has) return tl::unexpected(has.error());
      if (!*has) return damage_ ? Status(tl::unexpected(*damage_)) : Status();
      if (!sink.goes_on()) return fail(ErrorCode::kClosed, name_ + ": stopped");
      row_ = rows->integer(0);
      ++messages_;
      const auto topic = topics_.find(rows->integer(1));
      if (topic == topics_.end()) {
        sink.refuse(fmt::format("{}: it is of topic {}, of which nothing is said", place(),
                                rows->integer(1)));
        continue;
      }
      if (rows->type(2) != SqliteType::kInteger) {
        sink.refuse(place() + ": its timestamp is no whole number");
        continue;
      }
      const std::int64_t ns = rows->integer(2);
      if (Status taken = topic->second.take(rows->bytes(3), {ns, ns}, *this, sink); !taken)
        return taken;
    }
  }

  std::string place() const override { return fmt::format("{}: message {}", name_, messages_); }
  std::optional<double> share() const override {
    if (last_row_ <= 0) return std::nullopt;
    return std::min(1.0, static_cast<double>(row_) / static_cast<double>(last_row_));
  }

 private:
  struct Definition {
    std::string encoding;
    std::string text;
  };

  // What a damaged page costs of these is told behind the messages that can be read.
  Status unless_damaged(Status read) {
    if (read || read.error().code != ErrorCode::kDamaged) return read;
    if (!damage_) damage_ = std::move(read.error());
    return {};
  }

  Status read_definitions() {
    const Result<bool> has = file_.has_table("message_definitions");
    if (!has || !*has) return has ? Status() : tl::unexpected(has.error());
    Result<SqliteRows> rows = file_.query(
        "SELECT topic_type, encoding, encoded_message_definition FROM message_definitions");
    if (!rows) return tl::unexpected(rows.error());
    std::size_t bytes = 0;
    while (true) {
      const Result<bool> more = rows->next();
      if (!more || !*more) return more ? Status() : tl::unexpected(more.error());
      const std::string_view text = rows->text(2);
      bytes += text.size();
      if (bytes > kDefinitionBytesMax || definitions_.size() == kTopicsMax)
        return fail(ErrorCode::kDamaged, name_ + ": definitions of more than 64 MiB");
      definitions_.try_emplace(std::string(rows->text(0)),
                               Definition{std::string(rows->text(1)), std::string(text)});
    }
  }

  // The first versions of ROS 2 have none.
  Result<bool> has_column_of_qos() {
    Result<SqliteRows> rows = file_.query(
        fmt::format("SELECT 1 FROM pragma_table_info('topics') WHERE name = '{}'", kQos));
    return rows ? rows->next() : Result<bool>(tl::unexpected(rows.error()));
  }

  Status read_topics() {
    const Result<bool> has_qos = has_column_of_qos();
    if (!has_qos) return tl::unexpected(has_qos.error());
    Result<SqliteRows> rows = file_.query(fmt::format(
        "SELECT id, name, type, serialization_format, {} FROM topics", *has_qos ? kQos : "''"));
    if (!rows) return tl::unexpected(rows.error());
    std::size_t bytes = 0;
    while (true) {
      const Result<bool> more = rows->next();
      if (!more || !*more) return more ? Status() : tl::unexpected(more.error());
      std::vector<OriginalSchema> schemas =
          schemas_of(std::string(rows->text(2)), std::string(rows->text(3)));
      const std::string_view qos = rows->text(4);
      for (OriginalSchema& schema : schemas) {
        if (!qos.empty()) schema.metadata[kQos] = qos;
        bytes += schema.text.size() + qos.size();
      }
      if (topics_.size() == kTopicsMax || bytes > kDefinitionBytesMax)
        return fail(ErrorCode::kDamaged, name_ + ": more than 65,536 topics, or 64 MiB of types");
      topics_.try_emplace(rows->integer(0), std::string(rows->text(1)), std::move(schemas),
                          options_, is_packed_);
    }
  }

  // What the recording says, else what is known here. An empty text is that of a message without
  // members, or of one that its recorder has not found: whose encoding is `unknown`.
  std::vector<OriginalSchema> schemas_of(const std::string& type,
                                         const std::string& messages) const {
    OriginalSchema schema{.name = type, .messages = messages};
    const auto said = definitions_.find(type);
    if (said != definitions_.end() &&
        (!said->second.text.empty() || said->second.encoding == kRos2)) {
      schema.encoding = said->second.encoding;
      schema.text = said->second.text;
    }
    std::vector<OriginalSchema> known;
    if (schema.text.empty()) {
      for (std::string& text : ros2_definitions(type))
        known.push_back({type, std::string(kRos2), std::move(text), messages});
    }
    return known.empty() ? std::vector{std::move(schema)} : known;
  }

  SqliteFile file_;
  const std::string path_;
  const std::string name_;
  const ImportOptions options_;
  const bool is_packed_;
  std::map<std::string, Definition> definitions_;
  std::map<std::int64_t, MessageTrack> topics_;
  std::optional<Error> damage_;
  std::int64_t row_ = 0;
  std::int64_t last_row_ = 0;
  std::uint64_t messages_ = 0;
};

}  // namespace

Result<std::unique_ptr<FormatReader>> open_db3(const std::string& path, const std::string& name,
                                               const ImportOptions& options, bool is_packed) {
  Result<SqliteFile> file = SqliteFile::open(path, options.goes_on);
  if (!file) return tl::unexpected(file.error());
  auto made = std::make_unique<Db3File>(std::move(*file), path, name, options, is_packed);
  if (Status begun = made->begin(); !begun) return tl::unexpected(begun.error());
  return made;
}

}  // namespace zbag
