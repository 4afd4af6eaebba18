// A bag as the storage of a recording: the default one.
//
// Where somebody cuts the file short while it is written, or writes over it in place, nothing more
// is written into it: every call says kDamaged. (What LMDB reads of it in that very instant raises
// SIGBUS.)
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/pages/meta_watch.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "recorder/storage/storage.hpp"

namespace zbag {

class LmdbStorage : public Storage {
 public:
  // Errors as BagWriter::open.
  static Result<std::unique_ptr<LmdbStorage>> open(const std::string& path, const BagOptions& bag,
                                                   const StorageOptions& options);

  Result<WriteReport> write(const Batch& batch) override;
  Result<std::unique_ptr<Prepared>> prepare(const Batch& batch) override;
  Result<WriteReport> store(const Batch& batch, std::unique_ptr<Prepared> prepared) override;
  void drop(std::unique_ptr<Prepared> prepared) override;
  void forget_prepared() override;
  Status attach(std::string_view name, std::string_view content) override;
  void describe(const Fields& more) override { writer_.describe(more); }
  Status close() override;
  void remove() override;
  bool is_in_place() const override;
  Status copy_to(const std::string& path) override;
  std::uint64_t size_bytes() const override;
  void give_back_reserve() override;
  void release_cache() override;

  // For readers beside the writer.
  std::shared_ptr<BagFile> file() const { return writer_.file(); }

 private:
  explicit LmdbStorage(BagWriter writer) : writer_(std::move(writer)) {}
  Status look_at_file();
  Status make_ready();
  Result<WriteReport> noted(Result<WriteReport> report);

  BagWriter writer_;
  MetaWatch meta_{writer_.file()->fd()};
  std::atomic<std::uint64_t> size_seen_{0};  // nobody of ours makes a bag's file smaller
};

// Opens bags.
OpenStorage lmdb_storage(BagOptions bag = {});

}  // namespace zbag
