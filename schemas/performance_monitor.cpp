#include "schemas/performance_monitor.hpp"

#include <algorithm>
#include <utility>

#include "schemas/wall_clock.hpp"

namespace zbag {
namespace {

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The mean of what was summed; 0 of nothing.
double mean(double sum, std::uint64_t count) {
  return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

double per_cent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

PerformanceMonitor::PerformanceMonitor(Clocks clocks)
    : clocks_{clocks.now ? std::move(clocks.now) : wall_seconds,
              clocks.monotonic ? std::move(clocks.monotonic) : steady_seconds} {}

void PerformanceMonitor::add(PerformanceMetric metric) {
  const MutexLock lock(mutex_);
  if (metrics_.size() == kMetricsMax) metrics_.pop_front();
  metrics_.push_back(std::move(metric));
}

std::optional<PerformanceSummary> PerformanceMonitor::summary(Seconds window) const {
  const double since = clocks_.now() - window.count();
  PerformanceSummary summary;
  double time = 0.0;
  std::map<std::string, std::pair<double, std::uint64_t>> by_type;  // time, how many succeeded
  const MutexLock lock(mutex_);
  for (const PerformanceMetric& metric : metrics_) {
    if (metric.timestamp < since) continue;
    ++summary.total;
    PerformanceSummary::Type& type = summary.by_type[metric.query_type];
    ++type.count;
    if (!metric.success) continue;
    ++summary.successful;
    summary.total_rows += metric.rows_returned;
    summary.max_time = std::max(summary.max_time, metric.execution_time);
    type.rows += metric.rows_returned;
    time += metric.execution_time;
    auto& [of_type, succeeded] = by_type[metric.query_type];
    of_type += metric.execution_time;
    ++succeeded;
  }
  if (summary.total == 0) return std::nullopt;
  summary.failed = summary.total - summary.successful;
  summary.success_rate = per_cent(summary.successful, summary.total);
  summary.avg_time = mean(time, summary.successful);
  for (const auto& [name, sums] : by_type)
    summary.by_type[name].avg_time = mean(sums.first, sums.second);
  return summary;
}

std::vector<PerformanceMetric> PerformanceMonitor::slow(Seconds threshold,
                                                        std::size_t limit) const {
  std::vector<PerformanceMetric> slow;
  {
    const MutexLock lock(mutex_);
    std::ranges::copy_if(metrics_, std::back_inserter(slow), [&](const auto& metric) {
      return metric.execution_time > threshold.count();
    });
  }
  std::ranges::stable_sort(slow, std::greater<>(), &PerformanceMetric::execution_time);
  if (slow.size() > limit) slow.resize(limit);
  return slow;
}

std::optional<TablePerformance> PerformanceMonitor::table(const std::string& name,
                                                          Seconds window) const {
  const double since = clocks_.now() - window.count();
  TablePerformance table;
  double time = 0.0;
  const MutexLock lock(mutex_);
  for (const PerformanceMetric& metric : metrics_) {
    if (metric.table != name || metric.timestamp < since) continue;
    ++table.total;
    if (!metric.success) continue;
    ++table.successful;
    time += metric.execution_time;
    table.total_rows += metric.rows_returned;
  }
  if (table.total == 0) return std::nullopt;
  table.success_rate = per_cent(table.successful, table.total);
  table.avg_time = mean(time, table.successful);
  table.avg_rows = mean(static_cast<double>(table.total_rows), table.successful);
  return table;
}

std::vector<PerformanceMetric> PerformanceMonitor::metrics() const {
  const MutexLock lock(mutex_);
  return {metrics_.begin(), metrics_.end()};
}

void PerformanceMonitor::clear() {
  const MutexLock lock(mutex_);
  metrics_.clear();
}

PerformanceMonitor::Timer::Timer(PerformanceMonitor& monitor, std::string query_type,
                                 std::string table)
    : monitor_(monitor), begin_(monitor.clocks_.monotonic()) {
  metric_.query_type = std::move(query_type);
  metric_.table = std::move(table);
  metric_.success = false;
}

PerformanceMonitor::Timer::~Timer() {
  if (!is_done_) end();
}

void PerformanceMonitor::Timer::done(std::uint64_t rows) {
  metric_.success = true;
  metric_.rows_returned = rows;
  end();
}

void PerformanceMonitor::Timer::end() {
  is_done_ = true;
  metric_.execution_time = monitor_.clocks_.monotonic() - begin_;
  metric_.timestamp = monitor_.clocks_.now();
  monitor_.add(metric_);
}

Fields fields_of(const PerformanceMetric& metric) {
  Fields fields{{"query_type", metric.query_type},         {"table", metric.table},
                {"execution_time", metric.execution_time}, {"rows_returned", metric.rows_returned},
                {"timestamp", metric.timestamp},           {"success", metric.success}};
  fields.emplace_back("error", metric.success ? Value() : Value(metric.error));
  return fields;
}

Fields fields_of(const PerformanceSummary& summary) {
  Fields types;
  for (const auto& [name, type] : summary.by_type) {
    types.emplace_back(
        name, Fields{{"count", type.count}, {"avg_time", type.avg_time}, {"rows", type.rows}});
  }
  return {{"total_queries", summary.total},
          {"successful_queries", summary.successful},
          {"failed_queries", summary.failed},
          {"success_rate", summary.success_rate},
          {"avg_execution_time", summary.avg_time},
          {"max_execution_time", summary.max_time},
          {"total_rows_returned", summary.total_rows},
          {"query_types", std::move(types)}};
}

Fields fields_of(const TablePerformance& table) {
  return {{"total_queries", table.total},
          {"successful_queries", table.successful},
          {"success_rate", table.success_rate},
          {"avg_execution_time", table.avg_time},
          {"total_rows_returned", table.total_rows},
          {"avg_rows_per_query", table.avg_rows}};
}

}  // namespace zbag
