#include "recorder/timings/timing_writer.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace zbag {

TimingWriter::TimingWriter(TimingLog log, Options options)
    : log_(std::move(log)), queue_(options.records_max) {
  thread_ = std::thread([this] { run(); });
}

TimingWriter::~TimingWriter() { static_cast<void>(close()); }

bool TimingWriter::add(TimingRecord record) {
  std::optional<TimingRecord> item(std::move(record));
  if (queue_.push_for(item, 1, std::chrono::milliseconds(0))) return true;
  ++dropped_;
  return false;
}

Status TimingWriter::close() {
  if (thread_.joinable()) {
    std::optional<TimingRecord> last;
    queue_.force_push(last, 1);
    queue_.close();
    thread_.join();
  }
  return status_;
}

// A record that could not be written is dropped: the next may find room again.
void TimingWriter::run() {
  constexpr std::chrono::seconds kLong{3600};
  while (true) {
    const std::optional<std::optional<TimingRecord>> item = queue_.pop(kLong);
    if (!item) continue;
    if (!*item) return;
    const Status written = log_.append(**item);
    queue_.done(1);
    if (written) continue;
    ++dropped_;
    if (status_) status_ = written;
  }
}

}  // namespace zbag
