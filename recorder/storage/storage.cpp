#include "recorder/storage/storage.hpp"

namespace zbag {

Result<std::unique_ptr<Storage::Prepared>> Storage::prepare(const Batch&) {
  return std::make_unique<Prepared>();
}

Result<WriteReport> Storage::store(const Batch& batch, std::unique_ptr<Prepared>) {
  return write(batch);
}

void Storage::drop(std::unique_ptr<Prepared> prepared) { prepared.reset(); }

}  // namespace zbag
