// ROS 2 bags: the folder of one, with its files in SQLite or MCAP, plain or zstd; or such a file
// alone.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "player/imports/format_reader.hpp"
#include "player/imports/input_file.hpp"
#include "player/imports/mcap/mcap_file.hpp"
#include "player/imports/rosbag2/bag_folder.hpp"
#include "player/imports/rosbag2/db3_file.hpp"
#include "player/imports/unpack.hpp"
#include "player/query/aside_folder.hpp"

namespace zbag {
namespace {

bool is_mcap(std::string_view path) {
  return path.ends_with(".mcap") || path.ends_with(".mcap.zstd");
}

Result<std::unique_ptr<FormatReader>> open_plain(const std::string& path, const std::string& name,
                                                 const ImportOptions& options, bool is_packed) {
  return is_mcap(name) ? open_mcap_file(path, name, options, is_packed)
                       : open_db3(path, name, options, is_packed);
}

// One that is compressed whole is unpacked into a file that has no name as soon as it is open.
Result<std::unique_ptr<FormatReader>> open_part(const std::string& path,
                                                const ImportOptions& options, bool is_packed) {
  if (!path.ends_with(".zstd")) return open_plain(path, path, options, is_packed);
  Result<InputFile> packed = InputFile::open(path);
  if (!packed) return tl::unexpected(packed.error());
  const AsideFolder aside;
  const std::string plain = aside.path() + "/plain";
  const FileHandle file(aside.path().empty() ? nullptr : std::fopen(plain.c_str(), "wbxe"));
  if (!file)
    return fail(ErrorCode::kIo, path + ": there is no folder for temporary files to unpack it in");
  const Status unpacked = unpack_zstd_file(*packed, file.get(), aside.bytes_max(), options.goes_on);
  if (!unpacked) return tl::unexpected(unpacked.error());
  return open_plain(plain, path, options, is_packed);
}

class Rosbag2 : public FormatReader {
 public:
  Rosbag2(std::string path, BagFolder folder, ImportOptions options)
      : path_(std::move(path)), folder_(std::move(folder)), options_(std::move(options)) {}

  Status read(ImportSink& sink) override {
    if (!folder_.described.empty())
      sink.describe("rosbag2_bagfile_information", Value(folder_.described));
    Status damaged;  // the first of the parts that are: the others are read all the same
    for (; at_ < folder_.files.size(); ++at_) {
      Status read = read_part(sink);
      if (read) continue;
      if (read.error().code != ErrorCode::kDamaged) return read;
      if (damaged) {
        damaged = std::move(read);
      } else {
        sink.leave_out(read.error().message);
      }
    }
    return damaged;
  }

  std::string place() const override { return part_ ? part_->place() : path_; }
  std::optional<double> share() const override {
    const double of_part = part_ ? part_->share().value_or(0.0) : 0.0;
    return std::min(
        1.0, (static_cast<double>(at_) + of_part) / static_cast<double>(folder_.files.size()));
  }

 private:
  Status read_part(ImportSink& sink) {
    Result<std::unique_ptr<FormatReader>> part =
        open_part(folder_.files[at_], options_, folder_.has_packed_messages);
    if (!part) return tl::unexpected(part.error());
    part_ = std::move(*part);
    return part_->read(sink);
  }

  const std::string path_;
  const BagFolder folder_;
  const ImportOptions options_;
  std::size_t at_ = 0;
  std::unique_ptr<FormatReader> part_;
};

// What can be told before anything is written.
Status look_at(const BagFolder& folder) {
  for (const std::string& file : folder.files) {
    const Result<InputFile> opened = InputFile::open(file);
    if (!opened) return tl::unexpected(opened.error());
  }
  return {};
}

}  // namespace

bool is_rosbag2(const std::string& path, std::string_view begin) {
  if (!begin.empty()) {
    const bool is_packed = path.ends_with(".db3.zstd") || path.ends_with(".mcap.zstd");
    return is_packed || begin.starts_with(std::string_view("SQLite format 3\0", 16));
  }
  return is_rosbag2_folder(path);
}

Result<std::unique_ptr<FormatReader>> open_rosbag2(const FoundRecording& recording,
                                                   const ImportOptions& options) {
  BagFolder folder{.files = {recording.path}};
  std::error_code error;
  if (std::filesystem::is_directory(recording.path, error)) {
    Result<BagFolder> said = read_bag_folder(recording.path);
    if (!said) return tl::unexpected(said.error());
    folder = std::move(*said);
  } else if (!recording.path.ends_with(".zstd")) {
    return open_db3(recording.path, recording.path, options, false);
  }
  if (Status looked = look_at(folder); !looked) return tl::unexpected(looked.error());
  return std::make_unique<Rosbag2>(recording.path, std::move(folder), options);
}

}  // namespace zbag
