#include "benchmarks/measure.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>

namespace zbag::bench {
namespace {

double cpu_seconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

Sample timed(const std::function<void()>& work) {
  const double cpu = cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN);
  const auto start = std::chrono::steady_clock::now();
  work();
  Sample sample;
  sample.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  sample.cpu_seconds = cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN) - cpu;
  return sample;
}

const Table::Row* Table::find(std::string_view name) const {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const Row& candidate) { return candidate.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

double Table::mb_per_second(const Row& row) const {
  return row.rate.median * bytes / static_cast<double>(messages) / 1e6;
}

Table measure(const std::string& title, const std::vector<Case>& cases, int rounds,
              std::uint64_t messages, double bytes) {
  std::vector<std::vector<Sample>> samples(cases.size());
  // Every round in another order: what a case finds (a disk still busy) depends on what ran before
  // it. The seed is fixed, so that runs can be compared.
  std::vector<std::size_t> order(cases.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 random(1);
  for (int round = 0; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (const std::size_t turn : order) {
      static_cast<void>(cases[turn].run());  // for the memory (measure.hpp); not measured
      samples[turn].push_back(cases[turn].run());
    }
  }
  Table table{title, messages, bytes, rounds, {}};
  for (std::size_t i = 0; i < cases.size(); ++i) {
    std::vector<double> per_second;
    std::vector<double> cpu;
    for (const Sample& sample : samples[i]) {
      per_second.push_back(static_cast<double>(messages) / sample.seconds);
      cpu.push_back(sample.cpu_seconds);
    }
    table.rows.push_back({cases[i].name, spread_of(per_second), spread_of(cpu).median,
                          samples[i].back().disk_bytes});
  }
  return table;
}

}  // namespace zbag::bench
