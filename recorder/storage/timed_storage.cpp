#include "recorder/storage/timed_storage.hpp"

#include <chrono>
#include <utility>

#include "recorder/bag/pages/commit_clock.hpp"

namespace zbag {
namespace {

// The phase `commit`, of which what LMDB takes to make it durable is the phase `fsync`.
class Committing {
 public:
  explicit Committing(PhaseTimer& timer)
      : timer_(timer), phase_(timer.phase("commit")), before_(committing_time_of_thread()) {}
  ~Committing() { timer_.give("fsync", committing_time_of_thread() - before_); }
  Committing(const Committing&) = delete;
  Committing& operator=(const Committing&) = delete;

 private:
  PhaseTimer& timer_;
  const PhaseTimer::Phase phase_;
  const std::chrono::nanoseconds before_;
};

class TimedStorage : public Storage {
 public:
  TimedStorage(std::unique_ptr<Storage> inner, PhaseTimer& preparing, PhaseTimer& storing)
      : inner_(std::move(inner)), preparing_(preparing), storing_(storing) {}

  Result<WriteReport> write(const Batch& batch) override {
    const Committing committing(preparing_);
    return inner_->write(batch);
  }
  Result<std::unique_ptr<Prepared>> prepare(const Batch& batch) override {
    const auto encode = preparing_.phase("encode");
    return inner_->prepare(batch);
  }
  Result<WriteReport> store(const Batch& batch, std::unique_ptr<Prepared> prepared) override {
    const Committing committing(storing_);
    return inner_->store(batch, std::move(prepared));
  }
  void drop(std::unique_ptr<Prepared> prepared) override { inner_->drop(std::move(prepared)); }
  void forget_prepared() override { inner_->forget_prepared(); }
  Status attach(std::string_view name, std::string_view content) override {
    return inner_->attach(name, content);
  }
  void describe(const Fields& more) override { inner_->describe(more); }
  Status close() override {
    const Committing committing(preparing_);
    return inner_->close();
  }
  void remove() override { inner_->remove(); }
  bool is_in_place() const override { return inner_->is_in_place(); }
  Status copy_to(const std::string& path) override { return inner_->copy_to(path); }
  std::uint64_t size_bytes() const override { return inner_->size_bytes(); }
  void give_back_reserve() override { inner_->give_back_reserve(); }
  void release_cache() override { inner_->release_cache(); }

 private:
  const std::unique_ptr<Storage> inner_;
  PhaseTimer& preparing_;
  PhaseTimer& storing_;
};

}  // namespace

OpenStorage timed_storage(OpenStorage open_storage, PhaseTimer& preparing, PhaseTimer& storing) {
  return [open = std::move(open_storage), &preparing, &storing](
             const std::string& path,
             const StorageOptions& options) -> Result<std::unique_ptr<Storage>> {
    Result<std::unique_ptr<Storage>> inner = open(path, options);
    if (!inner) return inner;
    return std::make_unique<TimedStorage>(std::move(*inner), preparing, storing);
  };
}

}  // namespace zbag
