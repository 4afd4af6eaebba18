// How long what was asked of a store took: the last thousand operations, and what they come to.
//
//   PerformanceMonitor monitor;
//   {
//     PerformanceMonitor::Timer timer(monitor, "flush", "robot/imu");
//     ...
//     timer.done(rows);   // else it counts as failed
//   }
//   std::optional<PerformanceSummary> last_hour = monitor.summary();
//
// Means and maxima are over what succeeded; what failed is counted (requirements §4.8).
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

struct PerformanceMetric {
  std::string query_type;       // "sql", "insert_batch_transactional", "flush"
  std::string table;            // a track; empty: of none alone
  double execution_time = 0.0;  // s
  std::uint64_t rows_returned = 0;
  double timestamp = 0.0;  // when it ended, seconds since the epoch
  bool success = true;
  std::string error;  // of one that failed
};

struct PerformanceSummary {
  struct Type {
    std::uint64_t count = 0;
    double avg_time = 0.0;  // s, of those that succeeded
    std::uint64_t rows = 0;
  };
  std::uint64_t total = 0;
  std::uint64_t successful = 0;
  std::uint64_t failed = 0;
  double success_rate = 0.0;  // per cent
  double avg_time = 0.0;      // s
  double max_time = 0.0;      // s
  std::uint64_t total_rows = 0;
  std::map<std::string, Type> by_type;
};

struct TablePerformance {
  std::uint64_t total = 0;
  std::uint64_t successful = 0;
  double success_rate = 0.0;  // per cent
  double avg_time = 0.0;      // s
  std::uint64_t total_rows = 0;
  double avg_rows = 0.0;  // of an operation that succeeded
};

class PerformanceMonitor {
 public:
  static constexpr std::size_t kMetricsMax = 1'000;
  using Seconds = std::chrono::duration<double>;
  static constexpr Seconds kWindow{3600.0};

  // `now`: seconds since the epoch, `monotonic` seconds of any beginning; for tests.
  struct Clocks {
    std::function<double()> now = {};
    std::function<double()> monotonic = {};
  };
  PerformanceMonitor() : PerformanceMonitor(Clocks{}) {}
  explicit PerformanceMonitor(Clocks clocks);

  // The oldest goes where there are kMetricsMax.
  void add(PerformanceMetric metric);

  // Of what ended within `window`; nullopt: nothing did.
  std::optional<PerformanceSummary> summary(Seconds window = kWindow) const;
  // Those that took longer than `threshold`, slowest first.
  std::vector<PerformanceMetric> slow(Seconds threshold = Seconds(5.0),
                                      std::size_t limit = 10) const;
  // Of one table; nullopt: nothing was asked of it within `window`.
  std::optional<TablePerformance> table(const std::string& name, Seconds window = kWindow) const;
  // All, oldest first.
  std::vector<PerformanceMetric> metrics() const;
  void clear();

  // Measures from its construction to done(), or to its end, which is a failure.
  class Timer {
   public:
    Timer(PerformanceMonitor& monitor, std::string query_type, std::string table);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    void done(std::uint64_t rows);
    void failed(std::string why) { metric_.error = std::move(why); }

   private:
    void end();
    PerformanceMonitor& monitor_;
    PerformanceMetric metric_;
    double begin_;
    bool is_done_ = false;
  };

 private:
  const Clocks clocks_;
  mutable Mutex mutex_;
  std::deque<PerformanceMetric> metrics_ ZBAG_GUARDED_BY(mutex_);
};

// As fields of those names, for JSON and for frames.
Fields fields_of(const PerformanceMetric& metric);
Fields fields_of(const PerformanceSummary& summary);
Fields fields_of(const TablePerformance& table);

}  // namespace zbag
