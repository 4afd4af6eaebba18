// A file of HDF5 that is written once, from begin to end: groups, datasets that grow, attributes.
//
//   File file = File::create("run.h5", {.codec = Codec::kGzip, .level = 4}).value();
//   Group imu = file.root().child("imu").value();
//   Dataset ax = imu.dataset("ax", {.element = Element::kFloat64}, {.chunk_rows = 4096}).value();
//   ax.append(values.data(), values.size());
//   ax.set("unit", "m/s^2");
//   file.close();  // once nothing of it is open
//
// Everything that the library keeps track of has a checksum: its structures by the format of
// version 1.10, chunks of values by fletcher32. Texts and lists of any length, which it keeps
// beside the chunks, have none and are not compressed. Links and attributes can be listed in the
// order they were made in. Nothing in the file tells of when it was made. Not thread-safe. Errors:
// kDiskFull, kIo, kUnsupported (what HDF5 can not hold).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "player/exports/hdf5/row_type.hpp"
#include "player/hdf5/hdf5_id.hpp"
#include "schemas/result.hpp"

namespace zbag::hdf5 {

enum class Codec : std::uint8_t { kNone, kGzip, kLzf, kSzip };

struct Filters {
  Codec codec = Codec::kGzip;
  unsigned level = 4;  // of gzip: 1 to 9
};

// kUnsupported: the library is not there, or does not know the codec; says what to install.
Status check(const Filters& filters);

struct Layout {
  std::uint64_t chunk_rows = 1;  // at least 1
  bool is_true = false;          // of kBool: rows that nobody wrote are true
};

// What has attributes.
class Described {
 public:
  // REQUIRES: it has no attribute of that name. Text that is no UTF-8, or has a NUL, is written as
  // printable() has it, at full length.
  Status set(const char* name, std::string_view text);
  Status set(const char* name, double value);
  Status set(const char* name, std::int64_t value);

 protected:
  explicit Described(Id id) : id_(std::move(id)) {}
  Id id_;

 private:
  Status set(const char* name, hid_t type, const void* value);
};

class Dataset : public Described {
 public:
  // Rows of memory as they are: bytes of 0 and 1, numbers, `const char*` of texts that end with a
  // NUL, `hvl_t` of kAnyList.
  Status append(const void* values, std::uint64_t rows);
  // Rows that nobody wrote, up to `rows` in all.
  Status grow_to(std::uint64_t rows);
  std::uint64_t rows() const { return rows_; }

 private:
  friend class Group;
  Dataset(Id id, Id type, const RowType& row)
      : Described(std::move(id)), type_(std::move(type)), row_(row) {}

  Id type_;
  RowType row_;
  std::uint64_t rows_ = 0;
};

class Group : public Described {
 public:
  // The group of that name below this one, made where there is none. REQUIRES of names: UTF-8, not
  // empty, no NUL, no '/', not ".".
  Result<Group> child(const std::string& name);
  // REQUIRES: nothing has that name.
  Result<Dataset> dataset(const std::string& name, const RowType& row, const Layout& layout);

 private:
  friend class File;
  Group(Id id, Filters filters) : Described(std::move(id)), filters_(filters) {}
  Status add_filters(hid_t properties, const RowType& row, std::uint64_t chunk_elements) const;

  Filters filters_;
};

class File {
 public:
  // `path` is made, or emptied.
  static Result<File> create(const std::string& path, const Filters& filters);

  Result<Group> root();
  // All is in the file. REQUIRES: no group or dataset of it is open.
  Status close();

 private:
  File(Id id, Filters filters) : id_(std::move(id)), filters_(filters) {}

  Id id_;
  Filters filters_;
};

}  // namespace zbag::hdf5
