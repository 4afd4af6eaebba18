#include "recorder/storage/storage.hpp"

namespace zbag {

Result<std::unique_ptr<Storage::Prepared>> Storage::prepare(const Batch&) {
  return std::make_unique<Prepared>();
}

Result<WriteReport> Storage::store(const Batch& batch, std::unique_ptr<Prepared>) {
  return write(batch);
}

Status Storage::copy_to(const std::string& path) {
  return fail(ErrorCode::kInvalid,
              path + ": this kind of storage can not be copied while it is written");
}

Status Storage::attach(std::string_view, std::string_view) {
  return fail(ErrorCode::kUnsupported, "this kind of storage keeps no files");
}

void Storage::drop(std::unique_ptr<Prepared> prepared) { prepared.reset(); }

}  // namespace zbag
