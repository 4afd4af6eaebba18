// A data set of a file as it is found: what is in it, and whether it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "player/imports/hdf5/source_file.hpp"
#include "player/imports/hdf5/stored_type.hpp"
#include "player/imports/tables/table_stamps.hpp"
#include "schemas/result.hpp"

namespace zbag::hdf5::reading {

struct StoredSet {
  static constexpr int kRankMax = 8;
  static constexpr std::size_t kChunkBytesMax = 256u << 20;

  std::string path = {};                // in the file
  std::string name = {};                // of the set, or of the member
  std::optional<unsigned> member = {};  // of a compound, if that alone is meant
  std::vector<std::size_t> dims = {};   // empty: it is one value
  StoredType type = {};
  std::vector<std::size_t> chunk = {};  // empty: it lies in one piece
  std::uint64_t stored_bytes = 0;       // on the disk
  bool is_of_matlab = false;            // the dimensions are the other way round
  std::optional<TimeUnit> unit = {};    // that an attribute says
  bool has_attributes = false;          // others than what is said here
};

// kUnsupported: it is not read, and why, as a phrase; kDamaged, kIo: it can not be read.
Result<StoredSet> look_at(const SourceFile& file, const std::string& path);
// The members of a set of compounds, each as a set; those that are not read are told in `passed`.
std::vector<StoredSet> members_of(const SourceFile& file, const StoredSet& set,
                                  std::vector<std::string>& passed);

// Of a row, in memory.
inline constexpr std::size_t kRowBytesMax = 64u << 20;

// Which elements of a set a row has.
struct RowShape {
  std::size_t time_axis = 0;
  std::vector<std::size_t> axes = {};  // the other dimensions, the outermost list of a row first
};
// Of a row, in memory.
double row_bytes_of(const StoredSet& set, const RowShape& shape);
// Where `rows` of the set are as many rows; nullopt: it has another length.
std::optional<RowShape> rows_of(const StoredSet& set, std::size_t rows);
// How long it is where it is of one value a row, whatever dimensions of 1 there are around.
std::optional<std::size_t> length_of(const StoredSet& set);

// Whether the file holds what could be that many elements, however they are compressed. It holds
// none of a set that was made and never written.
bool has_values(const StoredSet& set);
// The same of times, which hardly get smaller.
bool has_times(const StoredSet& set);

}  // namespace zbag::hdf5::reading
