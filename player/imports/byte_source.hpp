// The bytes of a file of text, plain or xz (by its first bytes, or its name), or of stdin.
//
// What is of another kind is refused by name, by its first bytes: a ROS 1 bag, an MCAP file,
// gzip... Reads as it goes: memory is bounded by a chunk. Not thread-safe. Blocks as the file does,
// but asks every tenth of a second, and before every chunk, whether to go on.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
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
  using GoesOn = std::function<bool()>;
  // "-" is stdin. kNotFound, kIo, kDamaged (of another kind, or no xz data where its name says so);
  // kClosed: it is not to go on. `goes_on` is asked by read(), too.
  static Result<ByteSource> open(const std::string& path, GoesOn goes_on = {});

  // Appends some bytes to `out`; false at the end. kDamaged: not whole xz data; kIo, kClosed.
  Result<bool> read(std::string& out);
  // How much of the file is read, 0 to 1; nullopt when nobody knows how long it is.
  std::optional<double> share() const;

 private:
  struct Xz;
  struct XzEnd {
    void operator()(Xz* xz) const;
  };
  ByteSource(std::string path, FileHandle file, GoesOn goes_on)
      : path_(std::move(path)), file_(std::move(file)), goes_on_(std::move(goes_on)) {}
  Status wait_for_bytes() const;
  Status begin_xz();
  Result<std::size_t> read_file(std::size_t at = 0);  // into in_
  Result<std::string_view> read_begin();
  Result<bool> read_xz(std::string& out);

  std::string path_;
  FileHandle file_;
  GoesOn goes_on_;
  std::uint64_t size_ = 0;  // of the file; 0: not known
  std::uint64_t done_ = 0;
  std::unique_ptr<Xz, XzEnd> xz_;
  std::vector<std::uint8_t> in_;
  std::string first_;  // read to see what it is, and not given out yet
  bool in_done_ = false;
  bool xz_done_ = false;
};

}  // namespace zbag
