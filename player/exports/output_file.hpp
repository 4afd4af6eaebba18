// Files that an export writes: complete under another name first, so that no instant shows part of
// one, and none is left where the export fails.
//
//   OutputFile file = OutputFile::create("out/imu.jsonl").value();
//   file.write(line); ...
//   file.finish();   // complete on disk, still under the other name
//   file.publish();  // has its own name now
//
// What an export that was killed has left of NAME (`NAME.making-PID`) goes when NAME is written
// again. Not thread-safe. Errors: kExists, kDiskFull, kClosed (whoever reads stdout is gone), kIo.
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

// Of a file that has the name of an output.
enum class Existing : bool { kStays, kIsReplaced };
inline Existing existing_with(bool is_forced) {
  return is_forced ? Existing::kIsReplaced : Existing::kStays;
}

class OutputFile {
 public:
  // Makes the folders it lies in, too. "-" is stdout. kExists: something has that name which is not
  // to be replaced or no file, or a file stands where a folder must be.
  static Result<OutputFile> create(const std::string& path, Existing existing = Existing::kStays);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();  // removes it unless it was published, and the folders made for it if empty

  const std::string& path() const { return path_; }  // its own name
  bool is_stdout() const { return path_ == "-"; }
  Status write(std::string_view text);
  // For a library that opens files by name: the one to write to, instead of write(), and to close
  // before finish(). REQUIRES: it is not stdout.
  const std::string& by_name();
  Status finish();   // nothing can be written any more
  Status publish();  // REQUIRES: finish() returned well
  // As if it had not been published: the destructor removes it. REQUIRES: publish() returned well.
  void take_back() { made_ = path_; }

 private:
  OutputFile(std::string path, std::string made, std::FILE* file)
      : path_(std::move(path)), made_(std::move(made)), file_(file) {}
  Error failure() const;

  std::string path_;
  Existing existing_ = Existing::kStays;
  std::string made_;                       // the name under which it goes again; empty: it stays
  std::FILE* file_;                        // null once it is finished, or written by name
  std::vector<std::string> made_folders_;  // the outermost first
};

// What the operating system says of `what`: kDiskFull or kIo.
Error disk_error(const std::string& what, int code);

// Makes `folder` and those it lies in, and gives those that were not there, the outermost first.
// kExists names what stands in the way.
Result<std::vector<std::string>> make_output_folder(const std::string& folder);

// That a file may get that name; kExists: something has it that is not to be replaced, or no file.
Status check_output_file(const std::string& path, Existing existing);

// That an export may write files below `folder`. kExists: it is not empty, and what has the names
// of files is not to be replaced, or is no folder. What an export that was killed has left there
// counts for nothing.
Status check_output_folder(const std::string& folder, Existing existing);

// The files of an export that has one for each track, below a folder: their names are decided
// before anything is written, and they appear together when all of them are finished.
class OutputFolder {
 public:
  // '/' of track names is kept as folders. A track whose file would have the name of a folder of
  // others is written under another name. kExists: as check_output_folder(), or something that is
  // no file has the name of one. `extension` begins with its dot.
  static Result<OutputFolder> plan(std::string folder, const std::vector<std::string>& tracks,
                                   const std::string& extension,
                                   Existing existing = Existing::kStays);

  OutputFolder(OutputFolder&&) = default;
  OutputFolder& operator=(OutputFolder&&) = delete;
  ~OutputFolder();

  // Tracks that are written under other names than their own, by theirs.
  const std::map<std::string, std::string>& renamed() const { return renamed_; }

  // Ends the file before and begins that of `track`. REQUIRES: it was planned.
  Result<OutputFile*> begin(const std::string& track);
  Status publish();  // all of them, or none

 private:
  OutputFolder(std::string folder, Existing existing)
      : folder_(std::move(folder)), existing_(existing) {}
  Status finish_last();

  std::string folder_;
  Existing existing_;
  std::map<std::string, std::string> paths_;  // by track
  std::map<std::string, std::string> renamed_;
  std::vector<OutputFile> files_;  // all but the last are finished
  bool is_last_open_ = false;
};

}  // namespace zbag
