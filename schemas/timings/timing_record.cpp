#include "schemas/timings/timing_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "schemas/csv_text.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/iso_text.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::string_view kSeconds = "_seconds";
constexpr double kSumTolerance = 1e-3;

void put(Fields& fields, const std::string& name, Value value) {
  const auto found = std::ranges::find(fields, name, &Fields::value_type::first);
  if (found == fields.end())
    fields.emplace_back(name, std::move(value));
  else
    found->second = std::move(value);
}

tl::unexpected<Error> misfit(const std::string& what, std::string_view wanted) {
  return fail(ErrorCode::kInvalid, fmt::format("{} is no {}", printable(what), wanted));
}

double sum_of(const std::vector<PhaseTiming>& phases) {
  double sum = 0.0;
  for (const PhaseTiming& phase : phases) sum += phase.total_seconds;
  return sum;
}

// Of the long form.
Status take_breakdown(PhaseTiming& phase, const Value& value) {
  const std::string where = "phases." + phase.name + ".breakdown";
  const auto* const parts = value.get_if<Fields>();
  if (parts == nullptr) return misfit(where, "object");
  for (const auto& [name, part] : *parts) {
    const std::optional<double> seconds = number_of(part);
    if (!seconds) return misfit(where + "." + name, "number");
    phase.breakdown.emplace_back(name, *seconds);
  }
  return {};
}

// Whether `value` is a list of texts alone; others are kept as they are.
bool take_agents(PhaseTiming& phase, const Value& value) {
  const auto* const list = value.get_if<Array>();
  if (list == nullptr) return false;
  const bool has_texts =
      std::ranges::all_of(*list, [](const Value& one) { return one.get_if<std::string>(); });
  if (!has_texts) return false;
  for (const Value& one : *list) phase.agents.push_back(*one.get_if<std::string>());
  return true;
}

Result<PhaseTiming> long_phase(const std::string& name, const Fields& fields) {
  PhaseTiming phase{.name = name, .breakdown = {}, .agents = {}, .more = {}};
  bool has_total = false;
  for (const auto& [key, value] : fields) {
    if (key == "total_seconds") {
      const std::optional<double> total = number_of(value);
      if (!total) return misfit("phases." + name + ".total_seconds", "number");
      phase.total_seconds = *total;
      has_total = true;
    } else if (key == "breakdown") {
      if (Status taken = take_breakdown(phase, value); !taken) return tl::unexpected(taken.error());
    } else if (key != "agents" || !take_agents(phase, value)) {
      phase.more.emplace_back(key, value);
    }
  }
  if (!has_total)
    return fail(ErrorCode::kInvalid,
                fmt::format("phases.{} has no total_seconds", printable(name)));
  return phase;
}

Result<PhaseTiming> short_phase(const std::string& name, const Fields& fields) {
  PhaseTiming phase{.name = name, .breakdown = {}, .agents = {}, .more = {}};
  bool has_total = false;
  for (const auto& [key, value] : fields) {
    const std::optional<double> seconds = number_of(value);
    if (key == "total") {
      if (!seconds) return misfit("phases." + name + ".total", "number");
      phase.total_seconds = *seconds;
      has_total = true;
    } else if (seconds) {
      phase.breakdown.emplace_back(key + std::string(kSeconds), *seconds);
    } else if (key != "agents" || !take_agents(phase, value)) {
      phase.more.emplace_back(key, value);
    }
  }
  if (!has_total)
    return fail(ErrorCode::kInvalid, fmt::format("phases.{} has no total", printable(name)));
  return phase;
}

using PhaseForm = Result<PhaseTiming> (*)(const std::string& name, const Fields& fields);

Result<std::vector<PhaseTiming>> phases_of(const Value& value, PhaseForm form) {
  const auto* const named = value.get_if<Fields>();
  if (named == nullptr) return misfit("phases", "object");
  std::vector<PhaseTiming> phases;
  for (const auto& [name, phase] : *named) {
    const auto* const fields = phase.get_if<Fields>();
    if (fields == nullptr) return misfit("phases." + name, "object");
    Result<PhaseTiming> read = form(name, *fields);
    if (!read) return tl::unexpected(read.error());
    phases.push_back(std::move(*read));
  }
  return phases;
}

Status take_timings(TimingRecord& record, const Fields& timings) {
  std::optional<double> total;
  bool has_phases = false;
  for (const auto& [key, value] : timings) {
    if (key == "total_seconds") {
      total = number_of(value);
      if (!total) return misfit("timings.total_seconds", "number");
    } else if (key == "phases") {
      Result<std::vector<PhaseTiming>> phases = phases_of(value, long_phase);
      if (!phases) return tl::unexpected(phases.error());
      record.phases = std::move(*phases);
      has_phases = true;
    } else {
      record.more_timings.emplace_back(key, value);
    }
  }
  if (!has_phases) return misfit("timings.phases", "object");
  record.total_seconds = total.value_or(sum_of(record.phases));
  return {};
}

Result<TimingRecord> long_record(const Fields& line) {
  TimingRecord record;
  for (const auto& [key, value] : line) {
    const auto* const fields = value.get_if<Fields>();
    if (key == "run_metadata") {
      if (fields == nullptr) return misfit(key, "object");
      record.run_metadata = *fields;
    } else if (key == "timings") {
      if (fields == nullptr) return misfit(key, "object");
      if (Status taken = take_timings(record, *fields); !taken)
        return tl::unexpected(taken.error());
    } else {
      record.more.emplace_back(key, value);
    }
  }
  return record;
}

// All that stands beside its phases is said of the run.
Result<TimingRecord> short_record(const Fields& line) {
  TimingRecord record;
  std::optional<double> total;
  for (const auto& [key, value] : line) {
    if (key == "phases") {
      Result<std::vector<PhaseTiming>> phases = phases_of(value, short_phase);
      if (!phases) return tl::unexpected(phases.error());
      record.phases = std::move(*phases);
    } else if (key == "total" || key == "total_seconds") {
      total = number_of(value);
      if (!total) return misfit(key, "number");
    } else {
      record.run_metadata.emplace_back(key, value);
    }
  }
  record.total_seconds = total.value_or(sum_of(record.phases));
  return record;
}

Fields fields_of(const PhaseTiming& phase) {
  Fields fields{{"total_seconds", phase.total_seconds}};
  if (!phase.breakdown.empty()) {
    Fields parts;
    for (const auto& [name, seconds] : phase.breakdown) parts.emplace_back(name, seconds);
    fields.emplace_back("breakdown", std::move(parts));
  }
  if (!phase.agents.empty()) fields.emplace_back("agents", phase.agents);
  fields.insert(fields.end(), phase.more.begin(), phase.more.end());
  return fields;
}

}  // namespace

std::string TimingRecord::metadata_text(std::string_view name) const {
  const Value* const value = find_field(run_metadata, name);
  if (value == nullptr || value->is_nil()) return "";
  if (const auto* const text = value->get_if<std::string>()) return *text;
  std::string text;
  write_json(*value, text);
  return text;
}

const PhaseTiming* TimingRecord::find_phase(std::string_view name) const {
  const auto found = std::ranges::find(phases, name, &PhaseTiming::name);
  return found == phases.end() ? nullptr : &*found;
}

TimingRecord make_timing_record(std::string_view registration_id, double unix_seconds,
                                std::vector<PhaseTiming> phases, const Fields& metadata) {
  TimingRecord record;
  record.run_metadata = {{"registration_id", registration_id},
                         {"timestamp", iso_text(unix_seconds)}};
  for (const auto& [name, value] : metadata) put(record.run_metadata, name, value);
  record.total_seconds = sum_of(phases);
  record.phases = std::move(phases);
  return record;
}

Result<TimingRecord> timing_record_of(const Value& line) {
  const auto* const fields = line.get_if<Fields>();
  if (fields == nullptr) return fail(ErrorCode::kInvalid, "it is no JSON object");
  if (find_field(*fields, "timings") != nullptr) return long_record(*fields);
  if (find_field(*fields, "phases") != nullptr) return short_record(*fields);
  return fail(ErrorCode::kInvalid, "it has neither timings nor phases");
}

Fields fields_of(const TimingRecord& record) {
  Fields phases;
  for (const PhaseTiming& phase : record.phases) phases.emplace_back(phase.name, fields_of(phase));
  Fields timings{{"total_seconds", record.total_seconds}, {"phases", std::move(phases)}};
  timings.insert(timings.end(), record.more_timings.begin(), record.more_timings.end());
  Fields fields{{"run_metadata", record.run_metadata}, {"timings", std::move(timings)}};
  fields.insert(fields.end(), record.more.begin(), record.more.end());
  return fields;
}

std::string line_of(const TimingRecord& record) {
  std::string line;
  write_json(Value(fields_of(record)), line);
  line += '\n';
  return line;
}

std::vector<std::string> remarks(const TimingRecord& record) {
  std::vector<std::string> found;
  const auto compare = [&](const std::string& what, double total, double sum) {
    if (std::abs(total - sum) > kSumTolerance)
      found.push_back(
          fmt::format("{}: its parts come to {:.3f} s, its total says {:.3f} s", what, sum, total));
  };
  for (const PhaseTiming& phase : record.phases) {
    double sum = 0.0;
    for (const auto& [name, seconds] : phase.breakdown) sum += seconds;
    if (!phase.breakdown.empty())
      compare("phases." + printable(phase.name), phase.total_seconds, sum);
  }
  if (!record.phases.empty()) compare("timings", record.total_seconds, sum_of(record.phases));
  return found;
}

std::string_view timing_summary_head() { return "registration_id,total_seconds,model,timestamp\n"; }

std::string timing_summary_line(const TimingRecord& record) {
  const auto field = [&](std::string_view name, std::string& out) {
    if (const std::string text = record.metadata_text(name); !text.empty())
      append_csv_field(text, out);
  };
  std::string line;
  field("registration_id", line);
  line += fmt::format(",{:.3f},", record.total_seconds);
  field("model", line);
  line += ',';
  field("timestamp", line);
  return line + "\n";
}

}  // namespace zbag
