#include "recorder/storage/schema_storage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/kinds/fit.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Tell = std::function<void(const std::string&)>;

// Once every kind has been said, all it does is hand on.
class SchemaStorage : public Storage {
 public:
  SchemaStorage(std::unique_ptr<Storage> inner, SchemaKinds kinds, Tell tell)
      : inner_(std::move(inner)), kinds_(std::move(kinds)), tell_(std::move(tell)) {}

  Result<WriteReport> write(const Batch& batch) override {
    Result<WriteReport> report = inner_->write(batch);
    if (report) say_kinds(batch);
    return report;
  }
  Result<std::unique_ptr<Prepared>> prepare(const Batch& batch) override {
    const bool has_news = std::ranges::any_of(
        batch.tracks, [&](const TrackBatch& track) { return begins(track) != kinds_.end(); });
    if (has_news) return nullptr;
    return inner_->prepare(batch);
  }
  Result<WriteReport> store(const Batch& batch, std::unique_ptr<Prepared> prepared) override {
    return inner_->store(batch, std::move(prepared));
  }
  void drop(std::unique_ptr<Prepared> prepared) override { inner_->drop(std::move(prepared)); }
  void forget_prepared() override { inner_->forget_prepared(); }
  Status attach(std::string_view name, std::string_view content) override {
    return inner_->attach(name, content);
  }
  void describe(const Fields& more) override { inner_->describe(more); }
  Status close() override { return inner_->close(); }
  void remove() override { inner_->remove(); }
  bool is_in_place() const override { return inner_->is_in_place(); }
  Status copy_to(const std::string& path) override { return inner_->copy_to(path); }
  std::uint64_t size_bytes() const override { return inner_->size_bytes(); }
  void give_back_reserve() override { inner_->give_back_reserve(); }
  void release_cache() override { inner_->release_cache(); }

 private:
  SchemaKinds::iterator begins(const TrackBatch& track) {
    if (kinds_.empty() || track.points.empty()) return kinds_.end();
    return kinds_.find(track.name);
  }

  // The batch is stored already: a kind that can not be is tried again with the next one.
  void say_kinds(const Batch& batch) {
    for (const TrackBatch& track : batch.tracks) {
      const auto found = begins(track);
      if (found == kinds_.end()) continue;
      const auto& [name, kind] = *found;
      const RowPoint& first = track.points.front();
      const Result<TrackSchema> fits = fit(kind, seen_fields(first.map()));
      if (!fits)
        tell_(fmt::format("track {} is no {}: {}; it gets no schema", printable(name),
                          printable(kind.name), fits.error().message));
      else if (!write_schema(name, kind, first.stamp(),
                             [&](const Batch& point) { return inner_->write(point); }))
        continue;
      kinds_.erase(found);
    }
  }

  const std::unique_ptr<Storage> inner_;
  SchemaKinds kinds_;  // not yet said
  const Tell tell_;
};

}  // namespace

OpenStorage with_schemas(OpenStorage open_storage, SchemaKinds kinds, Tell tell) {
  if (kinds.empty()) return open_storage;
  return [open = std::move(open_storage), kinds = std::move(kinds), tell = std::move(tell)](
             const std::string& path,
             const StorageOptions& options) -> Result<std::unique_ptr<Storage>> {
    Result<std::unique_ptr<Storage>> inner = open(path, options);
    if (!inner) return inner;
    return std::make_unique<SchemaStorage>(std::move(*inner), kinds, tell);
  };
}

}  // namespace zbag
