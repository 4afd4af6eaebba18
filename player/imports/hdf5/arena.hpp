// Memory for what HDF5 reads of no fixed size, of which there is a limit: all of it is free again
// at once. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace zbag::hdf5::reading {

class Arena {
 public:
  // Begins again, with so many bytes at most.
  void begin(std::size_t bytes_max);
  // Somebody has asked for more than there are.
  bool is_full() const { return is_full_; }

  // As H5Pset_vlen_mem_manager() has them; `arena` is one.
  static void* take(std::size_t bytes, void* arena);
  static void give_back(void*, void*) {}

 private:
  void* take(std::size_t bytes);

  std::vector<std::unique_ptr<std::uint8_t[]>> blocks_;
  std::size_t left_ = 0;  // of the limit
  std::size_t used_ = 0;  // of the last block
  std::size_t size_ = 0;  // of it
  bool is_full_ = false;
};

}  // namespace zbag::hdf5::reading
