#include "recorder/batch_insert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "recorder/intake.hpp"
#include "recorder/merge_buffer.hpp"
#include "recorder/refusal_text.hpp"
#include "schemas/check.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

void sleep(std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); }

// What the storage can not do now, it may later; a bad row stays one.
bool may_help_later(const Error& error) { return error.code != ErrorCode::kInvalid; }

std::vector<BatchDetail> parts_of(std::size_t rows, const BatchInsertOptions& options) {
  std::vector<BatchDetail> parts;
  const std::size_t size = options.atomic ? std::max<std::size_t>(rows, 1) : options.batch_size;
  for (std::size_t begin = 0; begin < rows; begin += size) {
    BatchDetail& part = parts.emplace_back();
    part.start_row = begin;
    part.end_row = std::min(rows, begin + size);
  }
  return parts;
}

// Of rows that were stored with the others, or not.
tl::unexpected<Error> left_out(std::size_t rows) {
  return fail(ErrorCode::kInvalid,
              fmt::format("{} rows are left out: they repeat others, or come too late for what the "
                          "bag takes",
                          rows));
}

// As a number it would mean "the stamp used last".
Value stamp_value(Timestamp stamp) {
  if (stamp.seconds() != -1.0) return stamp.seconds();
  return Extension{-1, std::string("\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12)};
}

const char* advice_for(ErrorCode code) {
  if (code == ErrorCode::kDiskFull) return "make room on the disk and insert these rows again";
  return "mend these rows, or the storage, and insert them again: what was inserted stays";
}

}  // namespace

const char* batch_status_name(BatchStatus status) {
  switch (status) {
    case BatchStatus::kPending:
      return "pending";
    case BatchStatus::kRetrying:
      return "retrying";
    case BatchStatus::kSuccess:
      return "success";
    case BatchStatus::kFailed:
      return "failed";
  }
  return "";
}

BatchInserter::BatchInserter(Storage& storage, MergeRules rules, PerformanceMonitor* monitor,
                             Pause pause)
    : storage_(storage),
      rules_(std::move(rules)),
      monitor_(monitor),
      pause_(pause ? std::move(pause) : sleep) {}

// Through the recorder's own stages, so that a row becomes what its frame would have.
Result<std::size_t> BatchInserter::store(const std::string& track, std::span<const BatchRow> rows,
                                         std::size_t first) {
  Intake intake(
      {.filter = TrackFilter::parse({"**", "_sys/**"}, {}).value(), .warn = [](const auto&) {}});
  MergeBuffer buffer(rules_);
  std::string frame;
  const auto hand_over = [&] { buffer.add(intake.take(), std::chrono::steady_clock::now()); };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Fields fields{{"_ts", stamp_value(rows[i].stamp)}};
    fields.insert(fields.end(), rows[i].fields.begin(), rows[i].fields.end());
    frame.clear();
    encode_fields(fields, frame);
    if (const std::optional<Refusal> refusal =
            intake.accept(track, bytes_of(frame), ArrivalTime::now())) {
      return fail(ErrorCode::kInvalid, fmt::format("row {}: {}", first + i,
                                                   refusal_text(*refusal, track, bytes_of(frame))));
    }
    if (intake.is_full()) hand_over();
  }
  hand_over();
  const HeldBatch held = buffer.take();
  const Result<WriteReport> written = storage_.write(held.batch);
  if (!written) return tl::unexpected(written.error());
  std::size_t stored = 0;
  for (const TrackReport& one : written->tracks) stored += one.fate.points + one.fate.merged;
  return stored;
}

Status BatchInserter::store_all(const std::string& track, std::span<const BatchRow> rows) {
  if (rows.empty()) return {};
  const Result<std::size_t> stored = store(track, rows, 0);
  if (!stored) return tl::unexpected(stored.error());
  return *stored == rows.size() ? Status() : Status(left_out(rows.size() - *stored));
}

void BatchInserter::attempt(const std::string& track, std::span<const BatchRow> rows,
                            BatchDetail& batch, unsigned max_retries) {
  ++batch.attempts;
  const Result<std::size_t> stored =
      store(track, rows.subspan(batch.start_row, batch.row_count()), batch.start_row);
  if (stored) batch.rows_inserted = *stored;
  if (batch.rows_inserted == batch.row_count()) {
    batch.status = BatchStatus::kSuccess;
    return;
  }
  const Error error = stored ? left_out(batch.row_count() - *stored).value() : stored.error();
  batch.error = error.message;
  batch.code = error.code;
  const bool is_over = batch.attempts >= max_retries || !may_help_later(error);
  batch.status = is_over ? BatchStatus::kFailed : BatchStatus::kRetrying;
}

BatchReport BatchInserter::insert_batch_transactional(const std::string& track,
                                                      std::span<const BatchRow> rows,
                                                      const BatchInsertOptions& options) {
  ZBAG_CHECK(options.batch_size > 0 && options.max_retries > 0);
  const auto began = std::chrono::steady_clock::now();
  std::optional<PerformanceMonitor::Timer> timer;
  if (monitor_ != nullptr) timer.emplace(*monitor_, "insert_batch_transactional", track);
  BatchReport report;
  report.total_rows = rows.size();
  report.batch_details = parts_of(rows.size(), options);
  const auto is_open = [](const BatchDetail& batch) {
    return batch.status == BatchStatus::kPending || batch.status == BatchStatus::kRetrying;
  };
  for (bool is_first = true; std::ranges::any_of(report.batch_details, is_open); is_first = false) {
    if (!is_first) pause_(options.pause);
    for (BatchDetail& batch : report.batch_details) {
      if (is_open(batch)) attempt(track, rows, batch, options.max_retries);
    }
  }
  for (std::size_t id = 0; id < report.batch_details.size(); ++id) {
    const BatchDetail& batch = report.batch_details[id];
    report.total_inserted += batch.rows_inserted;
    const bool is_inserted = batch.status == BatchStatus::kSuccess;
    ++(is_inserted ? report.batches_successful : report.batches_failed);
    if (!is_inserted) report.failed_batch_ids.push_back(id);
  }
  report.total_failed = report.total_rows - report.total_inserted;
  report.success = report.failed_batch_ids.empty();
  report.execution_time =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (report.execution_time > 0.0)
    report.insertion_rate = static_cast<double>(report.total_inserted) / report.execution_time;
  if (timer && report.success) timer->done(report.total_inserted);
  if (timer && !report.success)
    timer->failed(report.batch_details[report.failed_batch_ids.front()].error);
  return report;
}

Status BatchInserter::insert_single_record(const std::string& track, const BatchRow& row) {
  return store_all(track, {&row, 1});
}

Status BatchInserter::insert_record_list(const std::string& track, std::span<const BatchRow> rows) {
  return store_all(track, rows);
}

Status BatchInserter::insert_columns(const std::string& track, const BatchColumns& columns) {
  for (const auto& [name, values] : columns.fields) {
    if (values.size() != columns.stamps.size()) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("column {} has {} values, there are {} stamps", printable(name),
                              values.size(), columns.stamps.size()));
    }
  }
  std::vector<BatchRow> rows;
  for (std::size_t i = 0; i < columns.stamps.size(); ++i) {
    BatchRow& row = rows.emplace_back(BatchRow{columns.stamps[i], {}});
    for (const auto& [name, values] : columns.fields) row.fields.emplace_back(name, values[i]);
  }
  return insert_record_list(track, rows);
}

std::vector<std::string> cleanup_partial_insertion(const std::string& track,
                                                   const BatchReport& report) {
  std::vector<std::string> lines;
  for (const std::size_t id : report.failed_batch_ids) {
    const BatchDetail& batch = report.batch_details[id];
    lines.push_back(
        fmt::format("track {}: batch {}, rows {} to {} ({} rows), failed {} times: {}; {}",
                    printable(track), id, batch.start_row, batch.end_row - 1, batch.row_count(),
                    batch.attempts, batch.error, advice_for(batch.code)));
  }
  return lines;
}

}  // namespace zbag
