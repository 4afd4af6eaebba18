// The folder of an export that is many files, whole or not there at all: it is made under another
// name beside its own.
//
//   OutputTree tree = OutputTree::create("set").value();
//   write files below tree.making(), or by tree.write("a", bytes);
//   tree.publish();
//
// Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

class OutputTree {
 public:
  // kExists: something has that name which is not an empty folder, or a file stands where a folder
  // must be. A folder that holds anything is never replaced. kInvalid: "-".
  static Result<OutputTree> create(const std::string& path);
  OutputTree(OutputTree&& other) noexcept;
  OutputTree& operator=(OutputTree&&) = delete;
  ~OutputTree();  // removes it unless it was published, and the folders made for it if empty

  // Where to write for now; the files are closed before publish().
  const std::string& making() const { return made_; }
  // A file of these bytes. REQUIRES: `name` is new there; folders in it are there already.
  Status write(const std::string& name, std::string_view bytes);
  // All files are on disk, then the folder has its name.
  Status publish();
  // As if it had not been published: the destructor removes it. REQUIRES: publish() returned well.
  void take_back() { made_ = path_; }

 private:
  OutputTree(std::string path, std::string made) : path_(std::move(path)), made_(std::move(made)) {}

  std::string path_;
  std::string made_;                       // empty once it was published
  std::vector<std::string> made_folders_;  // the outermost first
};

}  // namespace zbag
