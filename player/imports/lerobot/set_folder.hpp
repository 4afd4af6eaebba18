// The folder of a LeRobotDataset, whose files are found by paths below it and nowhere else.
//
// The store of the Hugging Face Hub keeps a set as links, in a folder `snapshots/REVISION`, to
// files that lie beside `snapshots`: those are followed, and no others that lead out of the folder.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

// Whether there is one at `path`.
bool is_lerobot_folder(const std::string& path);

class SetFolder {
 public:
  explicit SetFolder(std::string path);

  const std::string& path() const { return path_; }
  // What people are told that a file is called.
  std::string name_of(const std::string& relative) const { return path_ + "/" + relative; }
  // Where it lies. Errors name it: kNotFound; kDamaged: a link that leads out of the folder, or
  // no file. REQUIRES: a path of ours, or of a PathTemplate.
  Result<std::string> find(const std::string& relative) const;
  // All of a file. As find(), and kIo; kDamaged: it has more bytes.
  Result<std::string> read(const std::string& relative, std::size_t bytes_max) const;
  // The files */*.parquet below `relative`, in the order of their names; none where it is no
  // folder. kDamaged: there are more than `files_max`.
  Result<std::vector<std::string>> parquet_files(const std::string& relative,
                                                 std::size_t files_max) const;

 private:
  const std::string path_;
  std::filesystem::path home_;  // what links may lead to
};

}  // namespace zbag
