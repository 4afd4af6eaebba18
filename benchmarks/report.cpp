#include "benchmarks/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace zbag::bench {
namespace {

// Three figures or more, so that frames of a MiB and of 200 B fit one table.
std::string figures(double value) {
  const int decimals = value < 10.0 ? 2 : value < 1000.0 ? 1 : 0;
  return fmt::format("{:.{}f}", value, decimals);
}

void print(const Table& table) {
  fmt::print("\n{} ({} messages, {:.0f} MB, {} interleaved rounds)\n", table.title, table.messages,
             table.bytes / 1e6, table.rounds);
  fmt::print("{:<36} {:>12} {:>20} {:>10} {:>8} {:>9} {:>7}\n", "", "kmsg/s", "[min - max]", "MB/s",
             "CPU s", "disk MB", "ratio");
  for (const Table::Row& row : table.rows) {
    const Spread& rate = row.rate;
    fmt::print("{:<36} {:>12} {:>20} {:>10} {:>8.3f} {:>9.1f} {:>7.2f}\n", row.name,
               figures(rate.median / 1e3),
               fmt::format("[{} - {}]", figures(rate.low / 1e3), figures(rate.high / 1e3)),
               figures(table.mb_per_second(row)), row.cpu_seconds, row.disk_bytes / 1e6,
               table.ratio(row));
  }
  std::fflush(stdout);
}

nlohmann::json json_of(const Table& table) {
  nlohmann::json cases = nlohmann::json::array();
  for (const Table::Row& row : table.rows) {
    cases.push_back({{"name", row.name},
                     {"kmsg_per_s", row.rate.median / 1e3},
                     {"kmsg_per_s_min", row.rate.low / 1e3},
                     {"kmsg_per_s_max", row.rate.high / 1e3},
                     {"mb_per_s", table.mb_per_second(row)},
                     {"cpu_s", row.cpu_seconds},
                     {"disk_mb", row.disk_bytes / 1e6},
                     {"ratio", table.ratio(row)}});
  }
  return {{"title", table.title},
          {"messages", table.messages},
          {"mb", table.bytes / 1e6},
          {"rounds", table.rounds},
          {"cases", std::move(cases)}};
}

nlohmann::json json_of(std::optional<double> number) {
  return number ? nlohmann::json(*number) : nlohmann::json();
}

}  // namespace

Table Report::compare(const std::string& title, const std::vector<Case>& cases,
                      std::uint64_t messages, double bytes) {
  Table table = measure(title, cases, arguments_.rounds, messages, bytes);
  print(table);
  return tables_.emplace_back(std::move(table));
}

void Report::claim(const std::string& what, double value, std::optional<double> at_least,
                   std::optional<double> goal) {
  const Claim& claim = claims_.emplace_back(Claim{what, value, at_least, goal});
  std::string line = fmt::format("  {:<72} {:>7.2f}", what, value);
  if (at_least)
    line += fmt::format("  (wanted {:.2f}) {}", *at_least, claim.holds() ? "ok" : "MISSED");
  if (goal) line += fmt::format("  (goal {:.2f}) {}", *goal, value >= *goal ? "ok" : "not yet");
  fmt::print("{}\n", line);
}

int Report::finish() const {
  if (!arguments_.json.empty()) write_json();
  const bool all =
      std::all_of(claims_.begin(), claims_.end(), [](const Claim& claim) { return claim.holds(); });
  return all ? 0 : 1;
}

void Report::write_json() const {
  nlohmann::json tables = nlohmann::json::array();
  for (const Table& table : tables_) tables.push_back(json_of(table));
  nlohmann::json claims = nlohmann::json::array();
  for (const Claim& claim : claims_) {
    claims.push_back({{"what", claim.what},
                      {"value", claim.value},
                      {"wanted", json_of(claim.at_least)},
                      {"goal", json_of(claim.goal)},
                      {"holds", claim.holds()}});
  }
  const nlohmann::json report = {{"program", program_invocation_short_name},
                                 {"rounds", arguments_.rounds},
                                 {"scale", arguments_.scale},
                                 {"tables", std::move(tables)},
                                 {"claims", std::move(claims)}};
  std::ofstream file(arguments_.json);
  file << report.dump(2) << '\n';
  file.close();
  if (!file) stop("cannot write " + arguments_.json);
}

}  // namespace zbag::bench
