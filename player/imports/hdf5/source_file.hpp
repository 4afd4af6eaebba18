// A file of HDF5 that is read. Links out of it are not followed.
//
// Blocks as the file does. Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "player/hdf5/hdf5_id.hpp"
#include "schemas/result.hpp"

namespace zbag::hdf5::reading {

class SourceFile {
 public:
  // kNotFound, kIo; kDamaged: it is none, or not whole; kUnsupported: the library is not there.
  // `goes_on` is called whenever something of it is opened.
  static Result<SourceFile> open(const std::string& path, std::function<bool()> goes_on);

  const std::string& path() const { return path_; }
  // The group, data set or type there, "a/b", empty being the root; not open where there is none,
  // or it can not be read.
  Id object(const std::string& at) const;
  // A data set, of whose chunks up to `cache_bytes` stay in memory.
  Id dataset(const std::string& at, std::size_t cache_bytes) const;

  // What the library says of the call that has just failed, at an object: kIo where the system is
  // the reason, else kDamaged.
  tl::unexpected<Error> fault(const std::string& at) const;
  // "run.h5: /a/b"
  std::string place(const std::string& at) const;

 private:
  SourceFile(std::string path, std::function<bool()> goes_on, Id file, Id links)
      : path_(std::move(path)),
        goes_on_(std::move(goes_on)),
        file_(std::move(file)),
        links_(std::move(links)) {}

  std::string path_;
  std::function<bool()> goes_on_;
  Id file_;
  Id links_;  // how they are followed
};

}  // namespace zbag::hdf5::reading
