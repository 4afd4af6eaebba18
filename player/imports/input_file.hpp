// The bytes of a file, read from its beginning on, with a place in it for errors.
//
// Blocks as the file does. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "player/imports/byte_source.hpp"
#include "schemas/byte_io.hpp"
#include "schemas/result.hpp"

namespace zbag {

class InputFile {
 public:
  // A regular file; kNotFound, kIo. `name`: what people are told it is called, where that is not
  // its path.
  static Result<InputFile> open(const std::string& path, const std::string& name = {});

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t at() const { return at_; }
  std::uint64_t left() const { return size_ - at_; }
  double share() const {
    return size_ == 0 ? 1.0 : static_cast<double>(at_) / static_cast<double>(size_);
  }

  // The next `bytes.size()` bytes. kDamaged: the file ends before; kIo.
  Status read(std::span<std::uint8_t> bytes);
  template <class T>
  Status read_number(T& value) {
    return read({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  }
  // Replaces `bytes` by the next `size`. kDamaged: more than `size_max`, which is asked before
  // memory is taken, or than the file has.
  Status read(std::uint64_t size, std::uint64_t size_max, Bytes& bytes);
  Status skip(std::uint64_t size);
  // Goes on from there. kDamaged: it lies behind the end.
  Status seek(std::uint64_t at);
  // Goes on where these bytes are next, in front of them; false: nowhere, and it is at its end.
  // REQUIRES: at most 16 bytes, one at least.
  Result<bool> seek_next(std::string_view bytes);

  // An error of the file at where it is read now.
  tl::unexpected<Error> fault(ErrorCode code, const std::string& what) const;

 private:
  InputFile(std::string path, FileHandle file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}

  std::string path_;
  FileHandle file_;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;
};

}  // namespace zbag
