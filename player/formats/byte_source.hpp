// The bytes of a file of text, plain or xz (by its first bytes, or its name), or of stdin.
//
// What is of another kind is refused by name, by its first bytes: a ROS 1 bag, an MCAP file,
// gzip... Reads as it goes: memory is bounded by a chunk. Not thread-safe. Blocks as the file does.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, FileCloser>;

class ByteSource {
 public:
  // "-" is stdin. kNotFound, kIo, kDamaged (of another kind, or no xz data where its name says so).
  static Result<ByteSource> open(const std::string& path);

  // Appends some bytes to `out`; false at the end. kDamaged: not whole xz data.
  Result<bool> read(std::string& out);
  // How much of the file is read, 0 to 1; nullopt when nobody knows how long it is.
  std::optional<double> share() const;

 private:
  struct Xz;
  struct XzEnd {
    void operator()(Xz* xz) const;
  };
  ByteSource(std::string path, FileHandle file) : path_(std::move(path)), file_(std::move(file)) {}
  Status begin_xz();
  Result<std::size_t> read_file();  // into in_
  Result<bool> read_xz(std::string& out);

  std::string path_;
  FileHandle file_;
  std::uint64_t size_ = 0;  // of the file; 0: not known
  std::uint64_t done_ = 0;
  std::unique_ptr<Xz, XzEnd> xz_;
  std::vector<std::uint8_t> in_;
  std::string first_;  // read to see what it is, and not given out yet
  bool in_done_ = false;
  bool xz_done_ = false;
};

}  // namespace zbag
