// A bag as the storage of a recording: the default one.
#pragma once

#include <memory>
#include <string>

#include "recorder/bag/bag_file.hpp"
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
  Status close() override;
  std::uint64_t size_bytes() const override;
  void give_back_reserve() override;
  void release_cache() override;

  // For readers beside the writer.
  std::shared_ptr<BagFile> file() const { return writer_.file(); }

 private:
  explicit LmdbStorage(BagWriter writer) : writer_(std::move(writer)) {}

  BagWriter writer_;
};

// Opens bags.
OpenStorage lmdb_storage(BagOptions bag = {});

}  // namespace zbag
