// What is written behind something that is known only when all points were read, such as their
// number: kept on disk meanwhile, so that memory stays bounded and points are read once.
//
//   Spool spool = Spool::create().value();
//   spool.write(line); ...
//   file.write(head);
//   spool.copy_to(file);
//
// A file without a name in the folder for temporary files; gone with the object. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string_view>

#include "player/exports/output_file.hpp"
#include "schemas/result.hpp"

namespace zbag {

class Spool {
 public:
  static Result<Spool> create();  // kIo, kDiskFull, as all calls

  Status write(std::string_view bytes);
  // From here on it is read, from its beginning.
  Status rewind();
  // Exactly so many bytes; false where there are none any more. kIo: fewer are left.
  Result<bool> read(void* bytes, std::size_t size);
  // All of it. Rewinds by itself.
  Status copy_to(OutputFile& file);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit Spool(std::FILE* file) : file_(file) {}

  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace zbag
