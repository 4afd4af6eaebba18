// Rows into one track of a storage, in batches that are each stored whole or not at all.
//
//   BatchInserter inserter(*storage, merge_rules);
//   BatchReport report = inserter.insert_batch_transactional("robot/imu", rows);
//   if (!report.success) show(cleanup_partial_insertion("robot/imu", report));
//
// What fails is told, never thrown and never lost: every row is inserted, in a transaction that is
// durable, or is counted with a batch that the report names (requirements S4.38 to S4.45, S4.59).
// Rows go the way of frames: they are checked as the recorder checks them, those of one stamp are
// merged, and what is stored is the same, whichever of the three ways it came.
//
// Not thread-safe. Blocks for as long as the disk does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "recorder/storage/storage.hpp"
#include "schemas/frame.hpp"
#include "schemas/performance_monitor.hpp"
#include "schemas/points/merge.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct BatchRow {
  Timestamp stamp;
  Fields fields;
};

// A column for each field: as many values as there are stamps.
struct BatchColumns {
  std::vector<Timestamp> stamps;
  std::vector<std::pair<std::string, std::vector<Value>>> fields;
};

struct BatchInsertOptions {
  std::size_t batch_size = 1'000;  // rows of a transaction
  unsigned max_retries = 3;        // how often a batch is tried at most
  bool atomic = false;             // all rows in one transaction, or none
  // Between two rounds of trying what has failed.
  std::chrono::milliseconds pause{100};
};

enum class BatchStatus : std::uint8_t { kPending, kRetrying, kSuccess, kFailed };
const char* batch_status_name(BatchStatus status);

struct BatchDetail {
  std::size_t start_row = 0;
  std::size_t end_row = 0;  // exclusive
  BatchStatus status = BatchStatus::kPending;
  unsigned attempts = 0;
  std::string error;  // of the last attempt that failed, and of what kind it was
  ErrorCode code = ErrorCode::kInvalid;
  std::size_t rows_inserted = 0;

  std::size_t row_count() const { return end_row - start_row; }
};

struct BatchReport {
  bool success = true;
  std::size_t total_rows = 0;
  std::size_t total_inserted = 0;
  std::size_t total_failed = 0;  // inserted + failed = total, always
  std::size_t batches_successful = 0;
  std::size_t batches_failed = 0;
  double execution_time = 0.0;             // s
  double insertion_rate = 0.0;             // rows a second
  std::vector<BatchDetail> batch_details;  // by number of the batch
  std::vector<std::size_t> failed_batch_ids;

  std::size_t batches_total() const { return batch_details.size(); }
};

class BatchInserter {
 public:
  using Pause = std::function<void(std::chrono::milliseconds)>;
  // The storage and, where there is one, the monitor are lent. `pause` is for tests.
  BatchInserter(Storage& storage, MergeRules rules, PerformanceMonitor* monitor = nullptr,
                Pause pause = {});

  // A row that no recorder would take fails its batch at once, what a storage can not do now is
  // tried again. No rows: success, of no batch. REQUIRES: batch_size and max_retries are above 0.
  BatchReport insert_batch_transactional(const std::string& track, std::span<const BatchRow> rows,
                                         const BatchInsertOptions& options);
  BatchReport insert_batch_transactional(const std::string& track, std::span<const BatchRow> rows) {
    return insert_batch_transactional(track, rows, BatchInsertOptions());
  }

  // One row, several as one transaction, columns likewise. kInvalid: a row that no recorder would
  // take, or columns of different lengths; else the storage's errors.
  Status insert_single_record(const std::string& track, const BatchRow& row);
  Status insert_record_list(const std::string& track, std::span<const BatchRow> rows);
  Status insert_columns(const std::string& track, const BatchColumns& columns);

 private:
  // How many are stored; `first` is the number of the first row, for who reads the error.
  Result<std::size_t> store(const std::string& track, std::span<const BatchRow> rows,
                            std::size_t first);
  Status store_all(const std::string& track, std::span<const BatchRow> rows);
  void attempt(const std::string& track, std::span<const BatchRow> rows, BatchDetail& batch,
               unsigned max_retries);

  Storage& storage_;
  const MergeRules rules_;
  PerformanceMonitor* const monitor_;
  const Pause pause_;
};

// What to do about batches that failed, for people: which rows, why, how often they were tried, and
// what may help. A line each; empty where none has failed.
std::vector<std::string> cleanup_partial_insertion(const std::string& track,
                                                   const BatchReport& report);

}  // namespace zbag
