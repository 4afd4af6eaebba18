// images: the pictures of cameras as files, and an index that says when each was taken.
//
//   OUT/index.jsonl                   {"file":...,"track":...,"_ts":...,"_ts_ns":..., other fields}
//   OUT/images/<track>/000000_NS.jpg  number of the picture and its stamp in ns
//
// JPEG and PNG as the bytes they are; raw pixels as PGM, PPM (or PAM where they have alpha), which
// keep every bit.

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <utility>

#include "player/exports/exporter.hpp"
#include "player/exports/output_tree.hpp"
#include "player/exports/picture.hpp"
#include "player/exports/picture_track.hpp"
#include "player/exports/row_text.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

// A file below the folder that is made; its name is told as it will be.
class NewFile {
 public:
  static Result<NewFile> create(const std::string& folder, const std::string& name) {
    NewFile file(name, std::fopen((folder + "/" + name).c_str(), "wbxe"));
    if (file.file_ == nullptr) return file.failed();
    return file;
  }
  Status write(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size()) return {};
    return failed();
  }
  Status close() {
    if (std::fclose(file_.release()) == 0) return {};
    return failed();
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  NewFile(std::string name, std::FILE* file) : name_(std::move(name)), file_(file) {}
  tl::unexpected<Error> failed() const { return tl::unexpected(disk_error(name_, errno)); }

  std::string name_;
  std::unique_ptr<std::FILE, Close> file_;
};

const char* extension_of(const Picture& picture) {
  if (picture.form == PictureForm::kJpeg) return "jpg";
  if (picture.form == PictureForm::kPng) return "png";
  return picture.layout->channels == 1 ? "pgm" : picture.layout->channels == 3 ? "ppm" : "pam";
}

// Netpbm: red first, the high byte first.
std::string head_of(const Picture& raw) {
  const int most = raw.layout->bytes == 2 ? 65'535 : 255;
  if (raw.layout->channels == 4) {
    return fmt::format("P7\nWIDTH {}\nHEIGHT {}\nDEPTH 4\nMAXVAL {}\nTUPLTYPE RGB_ALPHA\nENDHDR\n",
                       raw.width, raw.height, most);
  }
  return fmt::format("P{}\n{} {}\n{}\n", raw.layout->channels == 1 ? 5 : 6, raw.width, raw.height,
                     most);
}

void append_row(const Picture& raw, std::uint32_t y, std::string& out) {
  const std::size_t begin = out.size();
  out += text_of(raw.row(y));
  const bool is_swapped = raw.layout->bytes == 2 && !raw.is_big_endian;
  const std::size_t pixel = raw.layout->size();
  for (std::size_t at = begin; at < out.size(); at += pixel) {
    if (raw.layout->is_blue_first) std::swap(out[at], out[at + 2]);
    if (is_swapped) std::swap(out[at], out[at + 1]);
  }
}

Status write_picture(const Picture& picture, NewFile& file) {
  if (picture.form != PictureForm::kRaw) return file.write(text_of(picture.bytes));
  std::string text = head_of(picture);
  for (std::uint32_t y = 0; y < picture.height; ++y) {
    append_row(picture, y, text);
    if (Status written = file.write(text); !written) return written;
    text.clear();
  }
  return {};
}

// The pictures of one track.
class ImageFolder {
 public:
  ImageFolder(const ExportSource& source, const std::string& track, std::string out)
      : track_(track),
        out_(std::move(out)),
        columns_(columns_of(source, track, {"file", "track", "_ts_ns"})) {}

  Status add(const Picture& picture, const PointView& point, NewFile& index) {
    const std::string folder = "images/" + track_;
    if (count_ == 0) {
      std::error_code error;
      fs::create_directories(out_ + "/" + folder, error);
      if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", folder, error.message()));
    }
    const std::string name =
        fmt::format("{}/{:06}_{}.{}", folder, count_++, point.key, extension_of(picture));
    Result<NewFile> file = NewFile::create(out_, name);
    if (!file) return tl::unexpected(file.error());
    if (Status written = write_picture(picture, *file); !written) return written;
    if (Status closed = file->close(); !closed) return closed;
    const Result<std::string> line = line_of(name, picture, point);
    if (!line) return tl::unexpected(line.error());
    return index.write(*line);
  }

 private:
  Result<std::string> line_of(const std::string& name, const Picture& picture,
                              const PointView& point) {
    const auto leaves = columns_.flatten(open_map(point.map).value_or(MapBytes{}));
    if (!leaves) return tl::unexpected(leaves.error());
    std::string line = "{\"file\":";
    write_json_text(name, line);
    line += ",\"track\":";
    write_json_text(track_, line);
    line +=
        fmt::format(",\"_ts\":{},\"_ts_ns\":{}", seconds_text(point.stamp().seconds()), point.key);
    for (const RowColumns::Leaf& leaf : *leaves) {
      const bool is_picture = leaf.value.data() <= picture.bytes.data() &&
                              picture.bytes.data() < leaf.value.data() + leaf.value.size();
      if (is_picture) continue;
      line += ',';
      write_json_text(member_name(leaf.column, JsonDialect::kPlain), line);
      line += ':';
      write_json_item(leaf.value, line);
    }
    line += "}\n";
    return line;
  }

  const std::string& track_;
  std::string out_;
  RowColumns columns_;
  std::uint64_t count_ = 0;
};

class ImagesExporter : public Exporter {
 public:
  explicit ImagesExporter(const ExportOptions& options)
      : out_(options.out), existing_(options.existing) {}

  Status write(ExportSource& source) override {
    Result<OutputTree> tree = OutputTree::create(out_, existing_);
    if (!tree) return tl::unexpected(tree.error());
    Result<NewFile> index = NewFile::create(tree->making(), "index.jsonl");
    if (!index) return tl::unexpected(index.error());
    std::uint64_t pictures = 0;
    for (const std::string& track : picture_tracks(source)) {
      ImageFolder folder(source, track, tree->making());
      const Result<std::uint64_t> taken =
          each_picture_of(source, track, [&](const Picture& picture, const PointView& point) {
            return folder.add(picture, point, *index);
          });
      if (!taken) return tl::unexpected(taken.error());
      pictures += *taken;
    }
    if (pictures == 0) return no_pictures();
    if (Status closed = index->close(); !closed) return closed;
    return tree->publish();
  }

 private:
  std::string out_;
  Existing existing_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_images_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<ImagesExporter>(options));
}

}  // namespace zbag
