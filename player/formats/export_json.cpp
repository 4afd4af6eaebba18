// The JSON family: json ({"entries":[rows],"count":n}), jsonl as rows, jsonl as a neutral
// recording.
//
// A row is `timestamp`, then the flattened fields (requirements 1.5); a field of that name is
// written as `timestamp_`.

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

#include "player/formats/exporter.hpp"
#include "player/formats/neutral_file.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

// Makes `folder` and those it lies in. kExists names what stands in the way.
Status make_folder(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return {};
  fs::path so_far;
  for (const fs::path& part : folder) {
    so_far /= part;
    if (fs::exists(so_far, error) && !fs::is_directory(so_far, error)) {
      return fail(ErrorCode::kExists,
                  fmt::format("{} exists and is no folder; remove it or choose another name",
                              so_far.string()));
    }
  }
  fs::create_directories(folder, error);
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", folder.string(), error.message()));
  return {};
}

// A text file that is removed again unless it is finished. "-" is stdout.
class TextFile {
 public:
  static Result<TextFile> create(const std::string& path) {
    if (path == "-") return TextFile(path, stdout);
    std::error_code error;
    if (fs::exists(path, error))
      return fail(ErrorCode::kExists,
                  fmt::format("{} exists; remove it or choose another name", path));
    if (Status made = make_folder(fs::path(path).parent_path()); !made)
      return tl::unexpected(made.error());
    std::FILE* const file = std::fopen(path.c_str(), "wbxe");
    if (file == nullptr)
      return fail(ErrorCode::kIo, fmt::format("{}: {}", path, std::strerror(errno)));
    return TextFile(path, file);
  }
  TextFile(TextFile&& other) noexcept
      : path_(std::move(other.path_)),
        file_(std::exchange(other.file_, nullptr)),
        finished_(other.finished_) {}
  TextFile& operator=(TextFile&&) = delete;
  ~TextFile() {
    if (file_ == nullptr || file_ == stdout) return;
    std::fclose(file_);
    if (!finished_) std::remove(path_.c_str());
  }

  Status write(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) == text.size()) return {};
    return tl::unexpected(failure());
  }
  Status finish() {
    if (std::fflush(file_) != 0) return tl::unexpected(failure());
    finished_ = true;
    return {};
  }

 private:
  TextFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}
  Error failure() const {
    const ErrorCode code = errno == ENOSPC  ? ErrorCode::kDiskFull
                           : errno == EPIPE ? ErrorCode::kClosed
                                            : ErrorCode::kIo;
    return {code, fmt::format("{}: {}", path_ == "-" ? "stdout" : path_, std::strerror(errno))};
  }

  std::string path_;
  std::FILE* file_;
  bool finished_ = false;
};

void write_row(const PointView& point, const Fields& fields,
               const std::vector<std::string>& columns, std::string& out) {
  out += "{\"timestamp\":";
  out += seconds_text(point.stamp().seconds());
  Fields flat = flatten(fields, columns);
  for (auto& [name, value] : flat) {
    if (name == "timestamp") name = "timestamp_";
  }
  if (!flat.empty()) out += ',';
  write_json_members(flat, out);
  out += '}';
}

class NeutralExporter : public Exporter {
 public:
  NeutralExporter(TextFile file, std::vector<std::string> columns)
      : file_(std::move(file)), columns_(std::move(columns)) {}

  Status write(const PointView& point, const Fields& fields) override {
    line_.clear();
    Fields kept = fields;
    if (!columns_.empty()) {
      std::erase_if(kept, [&](const auto& field) {
        return std::find(columns_.begin(), columns_.end(), field.first) == columns_.end();
      });
    }
    write_neutral_line(point.track, point.stamp(), kept, line_);
    line_ += '\n';
    return file_.write(line_);
  }
  Status finish() override { return file_.finish(); }

 private:
  TextFile file_;
  std::vector<std::string> columns_;
  std::string line_;
};

// One file of rows a track below a folder, '/' kept as folders.
class RowsExporter : public Exporter {
 public:
  explicit RowsExporter(const ExportOptions& options)
      : folder_(options.out), columns_(options.columns) {}

  bool by_track() const override { return true; }  // so that one file is open at a time
  Status write(const PointView& point, const Fields& fields) override {
    if (!file_ || point.track != track_) {
      if (Status status = open(point.track); !status) return status;
    }
    line_.clear();
    write_row(point, fields, columns_, line_);
    line_ += '\n';
    return file_->write(line_);
  }
  Status finish() override {
    if (file_) return file_->finish();
    return make_folder(folder_);  // an export of nothing is an empty folder
  }

 private:
  Status open(std::string_view track) {
    if (file_) {
      if (Status status = file_->finish(); !status) return status;
      file_.reset();
    }
    track_ = track;
    const bool is_stdout = folder_ == "-";
    Result<TextFile> file = TextFile::create(is_stdout ? "-" : folder_ + "/" + track_ + ".jsonl");
    if (!file) return tl::unexpected(file.error());
    file_.emplace(std::move(*file));
    return {};
  }

  std::string folder_;
  std::vector<std::string> columns_;
  std::string track_;
  std::string line_;
  std::optional<TextFile> file_;
};

// {"entries":[...],"count":n} of one track; {"tracks":{name: that, ...}} of several in one file; a
// file each below a folder. Written as points come: memory is bounded by a row.
class JsonExporter : public Exporter {
 public:
  explicit JsonExporter(const ExportOptions& options)
      : out_(options.out),
        columns_(options.columns),
        to_folder_(out_ != "-" && !out_.ends_with(".json")) {}

  bool by_track() const override { return true; }
  void begin(std::size_t tracks) override { is_several_ = tracks > 1; }
  Status write(const PointView& point, const Fields& fields) override {
    line_.clear();
    if (count_ == 0 || point.track != track_) {
      if (Status status = open(std::string(point.track)); !status) return status;
    } else {
      line_ += ',';
    }
    write_row(point, fields, columns_, line_);
    ++count_;
    return file_->write(line_);
  }
  Status finish() override {
    if (!file_ && to_folder_) return make_folder(out_);  // an export of nothing is an empty folder
    if (!file_) {
      if (Status status = create(out_); !status) return status;
      return close_file(is_several_ ? "{\"tracks\":{}}\n" : "{\"entries\":[],\"count\":0}\n");
    }
    return close_file(end_of_entries() + (in_one_object() ? "}}\n" : "\n"));
  }

 private:
  bool in_one_object() const { return is_several_ && !to_folder_; }
  std::string end_of_entries() const { return "],\"count\":" + std::to_string(count_) + "}"; }
  Status create(const std::string& path) {
    Result<TextFile> file = TextFile::create(path);
    if (!file) return tl::unexpected(file.error());
    file_.emplace(std::move(*file));
    return {};
  }
  Status close_file(const std::string& end) {
    if (Status status = file_->write(end); !status) return status;
    return file_->finish();
  }
  // Ends the track before, in its own file or in the common one, and begins `track`.
  Status open(std::string track) {
    if (file_ && !in_one_object()) {
      if (Status status = close_file(end_of_entries() + "\n"); !status) return status;
      file_.reset();
    }
    if (in_one_object()) line_ = file_ ? end_of_entries() + "," : "{\"tracks\":{";
    if (!file_) {
      if (Status status = create(to_folder_ ? out_ + "/" + track + ".json" : out_); !status)
        return status;
    }
    if (in_one_object()) {
      write_json_text(track, line_);
      line_ += ':';
    }
    line_ += "{\"entries\":[";
    track_ = std::move(track);
    count_ = 0;
    return {};
  }

  std::string out_;
  std::vector<std::string> columns_;
  bool to_folder_;
  bool is_several_ = false;
  std::string track_;
  std::uint64_t count_ = 0;
  std::string line_;
  std::optional<TextFile> file_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_json_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<JsonExporter>(options));
}

Result<std::unique_ptr<Exporter>> make_jsonl_exporter(const ExportOptions& options) {
  const bool is_file = options.out == "-" || options.out.ends_with(".jsonl");
  const bool is_neutral = options.layout == ExportLayout::kNeutral ||
                          (options.layout == ExportLayout::kByName && is_file);
  if (!is_neutral) return std::unique_ptr<Exporter>(std::make_unique<RowsExporter>(options));
  Result<TextFile> file = TextFile::create(options.out);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<Exporter>(
      std::make_unique<NeutralExporter>(std::move(*file), options.columns));
}

}  // namespace zbag
