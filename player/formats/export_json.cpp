// The JSON family: json ({"entries":[rows],"count":n}), jsonl as rows, jsonl as a neutral
// recording.
//
// A row is `timestamp`, then the flattened fields (row_columns.hpp).

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "player/formats/exporter.hpp"
#include "player/formats/neutral_file.hpp"
#include "player/formats/output_file.hpp"
#include "player/formats/row_columns.hpp"
#include "schemas/chosen_fields.hpp"
#include "schemas/json_text.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// Text on its way into a file: what is large is written as it is made.
class FileText {
 public:
  std::string text;

  JsonDrain drain_to(OutputFile& file) {
    return [this, &file] { static_cast<void>(write_to(file)); };
  }
  // All of it.
  Status write_to(OutputFile& file) {
    if (written_) written_ = file.write(text);
    text.clear();
    return written_;
  }

 private:
  Status written_;
};

// What an exporter of rows is told before the first point, and the row it is at.
class Rows {
 public:
  explicit Rows(std::vector<std::string> chosen) : chosen_(std::move(chosen)) {}

  void begin(const ExportPlan& plan) { plan_ = plan; }
  std::vector<std::string> tracks() const {
    std::vector<std::string> names;
    for (const auto& [name, fields] : plan_.tracks) names.push_back(name);
    return names;
  }
  bool is_several() const { return plan_.tracks.size() > 1; }
  void note(const std::string& text) const {
    if (plan_.note) plan_.note(text);
  }

  void begin_track(const std::string& track) {
    const auto known = plan_.tracks.find(track);
    columns_ =
        RowColumns(track, known == plan_.tracks.end() ? std::set<std::string>() : known->second,
                   chosen_, plan_.note);
  }
  Status write(const PointView& point, std::string& out, const JsonDrain& drain) {
    const auto leaves = columns_.flatten(open_map(point.map).value_or(MapBytes{}));
    if (!leaves) return tl::unexpected(leaves.error());
    out += "{\"timestamp\":";
    out += seconds_text(point.stamp().seconds());
    for (const RowColumns::Leaf& leaf : *leaves) {
      out += ',';
      write_json_text(member_name(leaf.column, JsonDialect::kPlain), out);
      out += ':';
      write_json_item(leaf.value, out, JsonDialect::kPlain, drain);
    }
    out += '}';
    return {};
  }

 private:
  const std::vector<std::string> chosen_;
  ExportPlan plan_;
  RowColumns columns_;
};

// Files of rows below a folder, one a track; what is renamed is said.
Result<OutputFolder> plan_folder(const std::string& folder, const Rows& rows,
                                 const std::string& extension) {
  Result<OutputFolder> files = OutputFolder::plan(folder, rows.tracks(), extension);
  if (!files) return files;
  for (const auto& [track, file] : files->renamed())
    rows.note(
        fmt::format("track {} is written to {}, since its own name is a folder's", track, file));
  return files;
}

class NeutralExporter : public Exporter {
 public:
  NeutralExporter(OutputFile file, std::vector<std::string> columns)
      : file_(std::move(file)), columns_(std::move(columns)) {}

  Status write(const PointView& point) override {
    MapBytes map = open_map(point.map).value_or(MapBytes{});
    if (!columns_.empty()) {
      kept_.clear();
      append_chosen(map, columns_, kept_);
      map = *open_map(bytes_of(kept_));
    }
    write_neutral_line(point.track, point.stamp(), map, line_.text, line_.drain_to(file_));
    line_.text += '\n';
    return line_.write_to(file_);
  }
  Status finish() override {
    if (Status finished = file_.finish(); !finished) return finished;
    return file_.publish();
  }

 private:
  OutputFile file_;
  std::vector<std::string> columns_;
  std::string kept_;  // the fields that are chosen
  FileText line_;
};

// One file of rows a track below a folder, '/' kept as folders; all of them on stdout.
class RowsExporter : public Exporter {
 public:
  explicit RowsExporter(const ExportOptions& options)
      : folder_(options.out), rows_(options.columns) {}

  bool by_track() const override { return true; }  // so that one file is open at a time
  Status begin(const ExportPlan& plan) override {
    rows_.begin(plan);
    if (folder_ == "-") {
      Result<OutputFile> out = OutputFile::create("-");
      if (!out) return tl::unexpected(out.error());
      stdout_.emplace(std::move(*out));
      return {};
    }
    Result<OutputFolder> files = plan_folder(folder_, rows_, ".jsonl");
    if (!files) return tl::unexpected(files.error());
    files_.emplace(std::move(*files));
    return {};
  }
  Status write(const PointView& point) override {
    if (file_ == nullptr || point.track != track_) {
      if (Status status = open(std::string(point.track)); !status) return status;
    }
    if (Status row = rows_.write(point, line_.text, line_.drain_to(*file_)); !row) return row;
    line_.text += '\n';
    return line_.write_to(*file_);
  }
  Status finish() override { return stdout_ ? stdout_->finish() : files_->publish(); }

 private:
  Status open(std::string track) {
    rows_.begin_track(track);
    file_ = stdout_ ? &*stdout_ : nullptr;
    if (files_) {
      Result<OutputFile*> file = files_->begin(track);
      if (!file) return tl::unexpected(file.error());
      file_ = *file;
    }
    track_ = std::move(track);
    return {};
  }

  std::string folder_;
  Rows rows_;
  std::optional<OutputFile> stdout_;
  std::optional<OutputFolder> files_;
  OutputFile* file_ = nullptr;  // of the track at hand
  std::string track_;
  FileText line_;
};

// {"entries":[...],"count":n} of one track; {"tracks":{name: that, ...}} of several in one file; a
// file each below a folder. Written as points come: memory is bounded by a row.
class JsonExporter : public Exporter {
 public:
  explicit JsonExporter(const ExportOptions& options)
      : out_(options.out),
        to_folder_(out_ != "-" && !out_.ends_with(".json")),
        rows_(options.columns) {}

  bool by_track() const override { return true; }
  Status begin(const ExportPlan& plan) override {
    rows_.begin(plan);
    if (to_folder_) {
      Result<OutputFolder> files = plan_folder(out_, rows_, ".json");
      if (!files) return tl::unexpected(files.error());
      files_.emplace(std::move(*files));
      return {};
    }
    Result<OutputFile> one = OutputFile::create(out_);
    if (!one) return tl::unexpected(one.error());
    one_.emplace(std::move(*one));
    return {};
  }
  Status write(const PointView& point) override {
    if (file_ == nullptr || point.track != track_) {
      if (Status status = open(std::string(point.track)); !status) return status;
    } else {
      line_.text += ',';
    }
    if (Status row = rows_.write(point, line_.text, line_.drain_to(*file_)); !row) return row;
    ++count_;
    return line_.write_to(*file_);
  }
  Status finish() override {
    if (Status ended = end_track(true); !ended) return ended;
    if (files_) return files_->publish();
    if (file_ == nullptr) {
      const bool is_several = rows_.is_several();
      Status status =
          one_->write(is_several ? "{\"tracks\":{}}\n" : "{\"entries\":[],\"count\":0}\n");
      if (!status) return status;
    }
    if (Status finished = one_->finish(); !finished) return finished;
    return one_->publish();
  }

 private:
  bool in_one_object() const { return rows_.is_several() && !to_folder_; }
  // Behind the last row of a track. `is_last`: of all.
  Status end_track(bool is_last) {
    if (file_ == nullptr) return {};
    std::string end = "],\"count\":" + std::to_string(count_) + "}";
    if (!in_one_object()) end += '\n';
    if (in_one_object()) end += is_last ? "}}\n" : ",";
    return file_->write(end);
  }
  // Ends the track before, in its own file or in the common one, and begins `track`.
  Status open(std::string track) {
    if (Status ended = end_track(false); !ended) return ended;
    const bool is_first = file_ == nullptr;
    file_ = one_ ? &*one_ : nullptr;
    if (files_) {
      Result<OutputFile*> file = files_->begin(track);
      if (!file) return tl::unexpected(file.error());
      file_ = *file;
    }
    if (in_one_object()) {
      if (is_first) line_.text += "{\"tracks\":{";
      write_json_text(track, line_.text);
      line_.text += ':';
    }
    line_.text += "{\"entries\":[";
    rows_.begin_track(track);
    track_ = std::move(track);
    count_ = 0;
    return {};
  }

  std::string out_;
  bool to_folder_;
  Rows rows_;
  std::optional<OutputFile> one_;
  std::optional<OutputFolder> files_;
  OutputFile* file_ = nullptr;  // of the track at hand
  std::string track_;
  std::uint64_t count_ = 0;
  FileText line_;
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
  Result<OutputFile> file = OutputFile::create(options.out);
  if (!file) return tl::unexpected(file.error());
  return std::unique_ptr<Exporter>(
      std::make_unique<NeutralExporter>(std::move(*file), options.columns));
}

}  // namespace zbag
