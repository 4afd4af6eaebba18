// The folder of an export that is many files, whole or not there at all: it is made under another
// name beside its own. Where that is a folder already, its files move in when they are whole. What
// a kill leaves of it goes when NAME is written again.
//
//   OutputTree tree = OutputTree::create("set").value();
//   write files below tree.making(), or by tree.write("a", bytes);
//   tree.publish();
//
// Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "player/exports/output_file.hpp"
#include "recorder/bag/pages/file_descriptor.hpp"
#include "schemas/result.hpp"

namespace zbag {

class OutputTree {
 public:
  // kExists: as check_output_folder(), or a file stands where a folder must be. kInvalid: "-".
  static Result<OutputTree> create(const std::string& path, Existing existing = Existing::kStays);
  OutputTree(OutputTree&& other) noexcept;
  OutputTree& operator=(OutputTree&&) = delete;
  ~OutputTree();  // removes it unless it was published, and the folders made for it if empty

  // Where to write for now; the files are closed before publish().
  const std::string& making() const { return made_; }
  // A file of these bytes. REQUIRES: `name` is new there; folders in it are there already.
  Status write(const std::string& name, std::string_view bytes);
  // All files are on disk, then the folder has its name. Of a folder that is there only files of
  // these names are replaced, where they are to be: kExists, before any is, where one is not.
  Status publish();
  // As if it had not been published: the destructor removes it, but does not bring back what was
  // replaced. REQUIRES: publish() returned well.
  void take_back();

 private:
  OutputTree(std::string path, std::string made, Existing existing)
      : path_(std::move(path)), made_(std::move(made)), existing_(existing) {}
  Status move_in();
  void remove_moved();

  std::string path_;
  std::string made_;  // empty once it was published
  Existing existing_;
  std::unique_ptr<FileDescriptor> lock_;   // on the folder: says that its maker lives
  bool was_there_ = false;                 // the folder, and what was published has moved in
  std::vector<std::string> moved_;         // what has, to be removed again
  std::vector<std::string> made_folders_;  // the outermost first
};

}  // namespace zbag
