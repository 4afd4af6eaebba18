#include "recorder/storage/storage.hpp"

#include "schemas/check.hpp"

namespace zbag {
namespace {

// Of a storage that has nothing to prepare.
struct Unprepared : Storage::Prepared {
  explicit Unprepared(const Batch& of) : batch(of) {}
  const Batch& batch;
};

}  // namespace

Result<std::unique_ptr<Storage::Prepared>> Storage::prepare(const Batch& batch) {
  return std::unique_ptr<Prepared>(std::make_unique<Unprepared>(batch));
}

Result<WriteReport> Storage::store(std::unique_ptr<Prepared> prepared) {
  const auto* const unprepared = static_cast<const Unprepared*>(prepared.get());
  ZBAG_CHECK(unprepared != nullptr);
  return write(unprepared->batch);
}

void Storage::drop(std::unique_ptr<Prepared> prepared) { prepared.reset(); }

}  // namespace zbag
