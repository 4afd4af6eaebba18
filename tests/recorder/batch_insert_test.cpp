#include "recorder/batch_insert.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A bag whose next writes fail as often as it is told to.
class FaultyStorage : public Storage {
 public:
  explicit FaultyStorage(std::unique_ptr<Storage> inner) : inner_(std::move(inner)) {}
  Result<WriteReport> write(const Batch& batch) override {
    ++writes;
    if (failures.erase(writes) > 0) return fail(ErrorCode::kDiskFull, "no space left");
    return inner_->write(batch);
  }
  Status close() override { return inner_->close(); }
  std::uint64_t size_bytes() const override { return inner_->size_bytes(); }

  int writes = 0;
  std::set<int> failures;  // by number of the write, from 1

 private:
  const std::unique_ptr<Storage> inner_;
};

class BatchInsertTest : public testing::Test {
 protected:
  static std::unique_ptr<Storage> bag(const std::string& path) {
    return lmdb_storage({.map_bytes = 64u << 20})(path, {}).value();
  }
  static std::vector<BatchRow> rows(std::size_t count) {
    std::vector<BatchRow> rows;
    for (std::size_t i = 0; i < count; ++i)
      rows.push_back({*Timestamp::from_seconds(static_cast<double>(i)), {{"x", i}}});
    return rows;
  }
  BatchReport insert(const std::vector<BatchRow>& given, BatchInsertOptions options) {
    BatchInserter inserter(storage_, {}, &monitor_,
                           [this](std::chrono::milliseconds) { ++pauses_; });
    return inserter.insert_batch_transactional("a", given, options);
  }
  std::size_t stored() {
    EXPECT_TRUE(storage_.close());
    return read_all(BagReader::open(path_).value(), {}).size();
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  FaultyStorage storage_{bag(path_)};
  PerformanceMonitor monitor_;
  int pauses_ = 0;
};

// S4.43
TEST_F(BatchInsertTest, MakesAsManyBatchesAsThereAreRowsFor) {
  const std::vector<std::pair<std::size_t, std::size_t>> batches_of{
      {0, 0}, {1, 1}, {999, 1}, {1'000, 1}, {1'001, 2}};
  std::size_t inserted = 0;
  for (const auto& [count, batches] : batches_of) {
    const BatchReport report = insert(rows(count), {.batch_size = 1'000});
    EXPECT_TRUE(report.success);
    EXPECT_EQ(report.batches_total(), batches) << count;
    EXPECT_EQ(report.total_inserted, count);
    inserted = std::max(inserted, count);
  }
  EXPECT_EQ(stored(), inserted);  // rows that are there already merge
}

// S4.38, S4.39
TEST_F(BatchInsertTest, TriesAgainWhatFails) {
  storage_.failures = {2, 4};  // the second batch, and its second attempt
  const BatchReport report = insert(rows(30), {.batch_size = 10});
  EXPECT_TRUE(report.success);
  EXPECT_EQ(report.batch_details[1].attempts, 3u);
  EXPECT_EQ(report.batch_details[1].status, BatchStatus::kSuccess);
  EXPECT_EQ(pauses_, 2);
  EXPECT_EQ(stored(), 30u);
}

// S4.40, S4.42
TEST_F(BatchInsertTest, NamesTheRowsOfWhatFailsInTheEnd) {
  storage_.failures = {2, 4, 5};
  const BatchReport report = insert(rows(25), {.batch_size = 10});
  EXPECT_FALSE(report.success);
  EXPECT_THAT(report.failed_batch_ids, ElementsAre(1));
  const BatchDetail& failed = report.batch_details[1];
  EXPECT_EQ(failed.start_row, 10u);
  EXPECT_EQ(failed.end_row, 20u);
  EXPECT_EQ(failed.attempts, 3u);
  EXPECT_STREQ(batch_status_name(failed.status), "failed");
  EXPECT_EQ(report.total_inserted + report.total_failed, report.total_rows);
  EXPECT_EQ(report.total_failed, 10u);
  EXPECT_EQ(stored(), 15u);
  // S4.44
  EXPECT_THAT(cleanup_partial_insertion("a", report),
              ElementsAre(testing::AllOf(HasSubstr("rows 10 to 19 (10 rows)"), HasSubstr("3 times"),
                                         HasSubstr("make room"))));
}

// S4.41
TEST_F(BatchInsertTest, InsertsAllOrNothingWhereThatIsAskedFor) {
  std::vector<BatchRow> given = rows(25);
  given[24].fields.emplace_back("x", 3);  // a name that is there twice
  const BatchReport report = insert(given, {.batch_size = 10, .atomic = true});
  EXPECT_FALSE(report.success);
  EXPECT_EQ(report.batches_total(), 1u);
  EXPECT_EQ(report.total_failed, 25u);
  EXPECT_EQ(stored(), 0u);
}

TEST_F(BatchInsertTest, TriesABadRowOnce) {
  std::vector<BatchRow> given = rows(15);
  given[12].fields.emplace_back("x", 3);
  const BatchReport report = insert(given, {.batch_size = 10});
  EXPECT_THAT(report.failed_batch_ids, ElementsAre(1));
  EXPECT_EQ(report.batch_details[1].attempts, 1u);
  EXPECT_THAT(report.batch_details[1].error, HasSubstr("row 12"));
  EXPECT_EQ(pauses_, 0);
  EXPECT_EQ(stored(), 10u);
}

TEST_F(BatchInsertTest, StoresARowASecondBefore1970) {
  const BatchReport report = insert({{*Timestamp::from_seconds(-1.0), {{"x", 1}}}}, {});
  EXPECT_TRUE(report.success);
  EXPECT_EQ(stored(), 1u);
}

TEST_F(BatchInsertTest, StoresRowsOfSystemTracks) {
  BatchInserter inserter(storage_, {});
  EXPECT_EQ(inserter.insert_batch_transactional("_sys/log", rows(3)).total_inserted, 3u);
}

TEST_F(BatchInsertTest, CountsWhatTheBagDoesNotTakeAsFailed) {
  std::vector<BatchRow> given = rows(3);
  for (BatchRow& row : given) {
    row.fields.emplace_back("_seq", 7u);
    row.fields.emplace_back("_src", 9u);
  }
  given[1].stamp = given[2].stamp = given[0].stamp;
  given[1].fields = given[2].fields = given[0].fields;
  const BatchReport report = insert(given, {});
  EXPECT_FALSE(report.success);
  EXPECT_EQ(report.total_inserted, 1u);
  EXPECT_EQ(report.total_failed, 2u);
  EXPECT_THAT(report.batch_details[0].error, HasSubstr("2 rows are left out"));
  EXPECT_EQ(stored(), 1u);
}

// S4.45
TEST_F(BatchInsertTest, IsMeasured) {
  insert(rows(15), {.batch_size = 10});
  storage_.failures = {3};
  insert(rows(5), {.batch_size = 10, .max_retries = 1});
  const auto metrics = monitor_.metrics();
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].query_type, "insert_batch_transactional");
  EXPECT_EQ(metrics[0].rows_returned, 15u);
  EXPECT_FALSE(metrics[1].success);
  EXPECT_THAT(metrics[1].error, HasSubstr("no space"));
}

// S4.59
TEST_F(BatchInsertTest, StoresTheSameHoweverRowsCome) {
  const std::vector<BatchRow> given = rows(20);
  const auto points_of_bag = [&](const char* name, const auto& fill) {
    const std::string path = dir_.path(name);
    {
      const std::unique_ptr<Storage> storage = bag(path);
      BatchInserter inserter(*storage, {});
      fill(inserter);
      EXPECT_TRUE(storage->close());
    }
    std::vector<std::pair<std::int64_t, Fields>> points;
    for (const auto& point : read_all(BagReader::open(path).value(), {}))
      points.emplace_back(point.key, point.fields);
    return points;
  };
  const auto singly = points_of_bag("s.zbag", [&](BatchInserter& inserter) {
    for (const BatchRow& row : given) ASSERT_TRUE(inserter.insert_single_record("a", row));
  });
  const auto as_list = points_of_bag("l.zbag", [&](BatchInserter& inserter) {
    ASSERT_TRUE(inserter.insert_record_list("a", given));
  });
  const auto as_columns = points_of_bag("c.zbag", [&](BatchInserter& inserter) {
    BatchColumns columns;
    columns.fields.emplace_back("x", std::vector<Value>());
    for (const BatchRow& row : given) {
      columns.stamps.push_back(row.stamp);
      columns.fields[0].second.push_back(row.fields[0].second);
    }
    ASSERT_TRUE(inserter.insert_columns("a", columns));
  });
  EXPECT_EQ(singly.size(), 20u);
  EXPECT_EQ(singly, as_list);
  EXPECT_EQ(singly, as_columns);
}

TEST_F(BatchInsertTest, RefusesColumnsOfDifferentLengths) {
  BatchInserter inserter(storage_, {});
  const Status status = inserter.insert_columns(
      "a", {{*Timestamp::from_seconds(1.0)}, {{"x", std::vector<Value>{1, 2}}}});
  EXPECT_EQ(status.error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace zbag
