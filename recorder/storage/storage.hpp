// Where the points of a recording go: the seam between the recorder and what keeps them.
//
// write() is all a storage must have; what it reports as written is durable. A recording forms
// batches on one thread and waits for the disk on another. A storage that has work for both of them
// overrides the pair prepare() and store(), so that they overlap:
//
//   prepare(1)  prepare(2)  prepare(3)
//               store(1)    store(2)    store(3)
//
// Left as they are, prepare() has nothing to do and store() writes the batch.
//
// A write that fails has changed nothing: the batch is untouched and may be written again.
// Not thread-safe: all calls belong to one thread, but store() and drop(), which may run on another
// beside prepare() alone. Blocks for as long as the disk does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "schemas/frame.hpp"
#include "schemas/points/batch.hpp"
#include "schemas/points/storage_options.hpp"
#include "schemas/result.hpp"

namespace zbag {

class Storage {
 public:
  // What prepare() has made of a batch. The rows are still the batch's, which outlives it.
  struct Prepared {
    virtual ~Prepared() = default;
  };

  virtual ~Storage() = default;

  virtual Result<WriteReport> write(const Batch& batch) = 0;

  // Null: the batch must see everything before it stored; it goes through write() once that is.
  // What was prepared is stored in the same order, or dropped.
  virtual Result<std::unique_ptr<Prepared>> prepare(const Batch& batch);
  // REQUIRES: `prepared` is what this storage has made of `batch`, which may lie elsewhere by now.
  virtual Result<WriteReport> store(const Batch& batch, std::unique_ptr<Prepared> prepared);
  // Lets go of a prepared batch that will not be stored, since one before it failed.
  virtual void drop(std::unique_ptr<Prepared> prepared);
  // To be called when a store() has failed and no prepared batch is left.
  virtual void forget_prepared() {}

  // Keeps a file under its name; one of that name is replaced. Durable when it returns. kInvalid: a
  // name that can not be kept; kUnsupported: it is too large, or this storage keeps none. As
  // store().
  virtual Status attach(std::string_view name, std::string_view content);
  // Adds to what is said of the run, which is kept when it ends; what has such a name is replaced.
  // As store().
  virtual void describe(const Fields& /*more*/) {}

  // Ends the run. Idempotent. What is not closed keeps its run open, as after a kill.
  virtual Status close() = 0;
  // Removes what its name leads to, where that is still this storage.
  virtual void remove() {}

  // Whether its name still leads to it: not so once somebody has removed it, or put something else
  // in its place. Beside store(), too.
  virtual bool is_in_place() const { return true; }
  // Copies what is stored into a new storage at `path`; durable when it returns well. kExists. As
  // write().
  virtual Status copy_to(const std::string& path);

  // What the disk holds of it so far. From any thread, beside all else.
  virtual std::uint64_t size_bytes() const = 0;
  // Gives back what is set aside of the disk until something is stored again, for a storage that
  // is to follow this one. As store().
  virtual void give_back_reserve() {}
  // Gives the kernel's cache of it to whoever needs it next. After close().
  virtual void release_cache() {}
};

// Makes the storage at `path`, or opens it to go on. kBusy names the present writer; kDiskFull,
// kDamaged, kNewerFormat, kIo.
using OpenStorage = std::function<Result<std::unique_ptr<Storage>>(const std::string& path,
                                                                   const StorageOptions& options)>;

}  // namespace zbag
