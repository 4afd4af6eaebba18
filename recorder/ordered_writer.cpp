#include "recorder/ordered_writer.hpp"

#include <algorithm>
#include <utility>

namespace zbag {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

OrderedWriter::OrderedWriter(StorageSeries& series, Stored stored, Failed failed)
    : series_(series),
      stored_(std::move(stored)),
      failed_(std::move(failed)),
      last_try_(Clock::now()),
      store_([this](HeldBatch held, const WriteReport& report) {
        note_stored(std::move(held), report);
      }) {}

bool OrderedWriter::write(HeldBatch held) {
  last_try_ = Clock::now();
  Result<std::unique_ptr<Storage::Prepared>> prepared = series_.current().prepare(held.batch);
  if (prepared && *prepared) {
    store_.submit(series_.current(), std::move(held), std::move(*prepared));
    return true;
  }
  // It is stored when everything before it is.
  static_cast<void>(settle());
  unwritten_.push_back(std::move(held));
  return write_unwritten();
}

bool OrderedWriter::settle() {
  std::optional<StoreThread::Failed> failed = store_.drain();
  if (!failed) return true;
  for (HeldBatch& held : failed->batches) unwritten_.push_back(std::move(held));
  series_.current().forget_prepared();
  fail_with(failed->error);
  return false;
}

bool OrderedWriter::write_unwritten() {
  while (!unwritten_.empty()) {
    unwritten_.front().began = Clock::now();
    const Result<WriteReport> report = series_.current().write(unwritten_.front().batch);
    if (!report) {
      fail_with(report.error());
      return false;
    }
    note_stored(std::move(unwritten_.front()), *report);
    unwritten_.pop_front();
  }
  return true;
}

void OrderedWriter::note_stored(HeldBatch held, const WriteReport& report) {
  const std::int64_t took = std::chrono::nanoseconds(Clock::now() - held.began).count();
  const std::int64_t before = storing_ns_;
  storing_ns_ = std::max(took, before - before / 8);
  stored_(std::move(held), report);
}

void OrderedWriter::fail_with(const Error& error) {
  last_try_ = Clock::now();
  failed_(error);
}

}  // namespace zbag
