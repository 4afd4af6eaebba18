// Bytes in formats of text: as base64 or hex, or in files of their own beside the file that then
// names them.
//
//   BinaryCells cells(BinaryAs::kFiles, "out/cam.csv");
//   cells.text_of("jpeg", 0, bytes);  // "cam.files/000000.jpeg", relative to where cam.csv lies
//   cells.publish();
//
// Not thread-safe. Errors as OutputTree.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "player/exports/exporter.hpp"
#include "player/exports/output_tree.hpp"
#include "schemas/result.hpp"

namespace zbag {

class BinaryCells {
 public:
  // `path`: of the file that the text goes to; its name has an extension. It may be made already,
  // and goes only behind this, which may lie in a folder made for it.
  BinaryCells(BinaryAs as, std::string path, Existing existing = Existing::kStays)
      : as_(as), path_(std::move(path)), existing_(existing) {}

  // What stands for `bytes` in that column of that row. kExists: of files, see OutputTree.
  Result<std::string> text_of(std::string_view column, std::uint64_t row, std::string_view bytes);
  Status publish();  // the files, if there are any
  // What was published is as if it had not been: the destructor removes it.
  void take_back();

 private:
  const std::string& extension_of(std::string_view column);

  BinaryAs as_;
  std::string path_;
  Existing existing_;
  std::optional<OutputTree> files_;  // once the first is written
  bool is_published_ = false;
  std::map<std::string, std::string, std::less<>> extensions_;  // by column
  std::set<std::string> taken_;
};

}  // namespace zbag
