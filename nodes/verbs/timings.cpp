#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nodes/answer_format.hpp"
#include "nodes/errors.hpp"
#include "nodes/nearest.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
#include "nodes/timings_answer.hpp"
#include "nodes/verb.hpp"
#include "player/timings/timing_file.hpp"
#include "recorder/timings/timing_log.hpp"
#include "schemas/expression/expression.hpp"
#include "schemas/points/point.hpp"
#include "schemas/quantity_text.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

enum class Function : std::uint8_t { kDescribe, kGroup, kRows, kSummary, kCheck };

struct Arguments {
  std::string file;
  Function function = Function::kDescribe;
  std::vector<std::string> by;
  std::vector<std::string> fields;
  std::optional<Expression> where;
  bool is_lenient = false;
  std::string out = "-";
  AnswerFormat format = AnswerFormat::kByOutput;
  bool is_forced = false;
  bool quiet = false;
};

// The file that a folder of timings has.
std::string path_of(const std::string& named) {
  std::error_code error;
  return fs::is_directory(named, error) ? (fs::path(named) / kTimingsFile).string() : named;
}

Status check(const Arguments& arguments, const OptionTable& options) {
  const Function function = arguments.function;
  if (options.is_given("by") && function != Function::kGroup)
    return fail(ErrorCode::kInvalid, "--by is of group: zbag timings FILE group --by F");
  if (function == Function::kGroup && arguments.by.empty())
    return fail(ErrorCode::kInvalid, "group needs --by F, as --by run_metadata.model");
  const bool has_fields = function != Function::kSummary && function != Function::kCheck;
  if (options.is_given("field") && !has_fields)
    return fail(ErrorCode::kInvalid, "--field is of describe, group and rows");
  if (function == Function::kCheck && (arguments.out != "-" || options.is_given("format")))
    return fail(ErrorCode::kInvalid, "check says what it finds: leave -o and --format out");
  return {};
}

// What was read, as far as --where lets it through.
struct Chosen {
  std::vector<TimingRecord> records;
  std::uint64_t remarks = 0;  // of check
  TimingReading reading;
};

// Knows the names that records have, and which of them a condition is true of.
class Condition {
 public:
  explicit Condition(const std::optional<Expression>& where) : where_(where) {}

  bool matches(const TimingRecord& record) {
    if (!where_) return true;
    const Fields fields = fields_of(record);
    for (const auto& [name, value] : flattened(fields)) seen_.insert(name);
    std::string bytes;
    encode_fields(fields, bytes);
    const std::optional<double> seconds = parse_iso_time(record.metadata_text("timestamp"));
    const std::optional<Timestamp> stamp = Timestamp::from_seconds(seconds.value_or(0.0));
    const std::optional<CheckedMap> checked = check_map(bytes_of(bytes));  // may be too deep
    return checked && where_->matches(checked->map, stamp.value_or(Timestamp()));
  }

  // kNotFound: it speaks of a field that no record has.
  Status known() const {
    if (!where_) return {};
    for (const std::string& field : where_->fields()) {
      if (seen_.contains(field)) continue;
      return fail(ErrorCode::kNotFound,
                  fmt::format("--where: no record has the field {}{}", printable(field),
                              nearest_hint(field, {seen_.begin(), seen_.end()})));
    }
    return {};
  }

 private:
  const std::optional<Expression>& where_;
  std::set<std::string> seen_;
};

Result<Chosen> read(const Arguments& arguments) {
  Chosen chosen;
  Condition condition(arguments.where);
  const auto take = [&](TimingRecord record, const std::string& place) -> Status {
    if (!condition.matches(record)) return {};
    if (arguments.function == Function::kCheck) {
      for (const std::string& text : remarks(record)) {
        warn("timings", fmt::format("{}: {}", place, text));
        ++chosen.remarks;
      }
    }
    chosen.records.push_back(std::move(record));
    return {};
  };
  Result<TimingReading> reading =
      read_timings(path_of(arguments.file),
                   {.is_lenient = arguments.is_lenient, .warn = warner("timings")}, take);
  if (!reading) return tl::unexpected(reading.error());
  if (reading->records > 0) {
    if (Status known = condition.known(); !known) return tl::unexpected(known.error());
  }
  chosen.reading = *reading;
  return chosen;
}

Answer summary_of(const std::vector<TimingRecord>& records) {
  Answer answer{{"registration_id", "total_seconds", "model", "timestamp"}, {}};
  for (const TimingRecord& record : records)
    answer.rows.push_back({record.metadata_text("registration_id"), record.total_seconds,
                           record.metadata_text("model"), record.metadata_text("timestamp")});
  return answer;
}

Result<Answer> answer_of(const Arguments& arguments, const std::vector<TimingRecord>& records) {
  if (arguments.function == Function::kSummary) return summary_of(records);
  TimingTable table;
  for (const TimingRecord& record : records) table.add(record);
  if (arguments.function == Function::kRows) return timing_rows(table, arguments.fields);
  if (arguments.function == Function::kGroup)
    return timing_groups(table, arguments.by, arguments.fields);
  return timing_descriptions(table, arguments.fields);
}

// The file that a recorder writes beside its lines of JSON, made of them.
Status write_summary_csv(const std::vector<TimingRecord>& records, TextOutput& out) {
  std::string text(timing_summary_head());
  for (const TimingRecord& record : records) text += timing_summary_line(record);
  return out.write(text);
}

Status write(const Arguments& arguments, const std::vector<TimingRecord>& records) {
  const Result<Answer> answer = answer_of(arguments, records);
  if (!answer) return tl::unexpected(answer.error());
  const AnswerFormat format = arguments.format;
  const Existing existing = existing_with(arguments.is_forced);
  if (format == AnswerFormat::kParquet)
    return write_answer_parquet(*answer, arguments.out, existing);
  const ShownAs shown = format == AnswerFormat::kCsv    ? ShownAs::kCsv
                        : format == AnswerFormat::kJson ? ShownAs::kJson
                                                        : ShownAs::kTable;
  Result<TextOutput> out = TextOutput::open(arguments.out, existing, shown);
  if (!out) return tl::unexpected(out.error());
  const bool is_table_file = arguments.function == Function::kSummary && shown == ShownAs::kCsv;
  Status written =
      is_table_file ? write_summary_csv(records, *out) : write_answer(*answer, shown, *out);
  return written ? out->finish() : written;
}

int run(Arguments arguments, const OptionTable& options) {
  if (const Status status = check(arguments, options); !status)
    return show("timings", status.error());
  const Result<AnswerFormat> format = answer_format(arguments.format, arguments.out);
  if (!format) return show("timings", format.error());
  arguments.format = *format;
  const Result<Chosen> chosen = read(arguments);
  if (!chosen) return show("timings", chosen.error());
  const int read_well = chosen->reading.skipped > 0 ? kExitLossy : kExitDone;
  if (chosen->records.empty()) {
    show("timings",
         {ErrorCode::kNotFound, chosen->reading.records == 0 ? "there is no record in it"
                                                             : "--where is true of no record"});
    return kExitLossy;
  }
  if (arguments.function == Function::kCheck) {
    if (!arguments.quiet)
      say("{}, {}\n", amount_text(chosen->records.size(), "record"),
          amount_text(chosen->remarks, "remark"));
    return read_well;
  }
  const Status written = write(arguments, chosen->records);
  if (written) return read_well;
  if (written.error().code == ErrorCode::kClosed) return read_well;  // head
  return show("timings", written.error());
}

OptionType<Expression> condition() {
  return {"EXPR", Expression::parse, [](const Expression& one) { return one.str(); },
          [](const Expression& one) { return Value(one.str()); }};
}

void add_output_options(OptionTable& options, Arguments& a) {
  const GroupScope group(options, OptionGroup::kOutput);
  options.add("-o,--output", a.out, option_type::any_text("OUT"), "File to write; - is stdout");
  options.add("--format", a.format, answer_format_type(),
              "table, csv, json or jsonl (an object a line), parquet; by-name: as OUT ends, on "
              "stdout table");
  options.add_flag("--force", a.is_forced, "Replace a file that is there already");
}

}  // namespace

Verb add_timings(CLI::App& root) {
  auto options =
      std::make_unique<OptionTable>(root, "timings", "Says what the timings of runs come to",
                                    "zbag timings runs/timings group --by run_metadata.model");
  auto a = std::make_shared<Arguments>();
  options
      ->add("FILE", a->file, option_type::any_text("FILE"),
            fmt::format("Timings to read, or a folder with {}", kTimingsFile))
      .required();
  options->add("FUNCTION", a->function,
               option_type::one_of<Function>("FUNCTION", {{"describe", Function::kDescribe},
                                                          {"group", Function::kGroup},
                                                          {"rows", Function::kRows},
                                                          {"summary", Function::kSummary},
                                                          {"check", Function::kCheck}}),
               "describe: count, mean, std, min, quartiles, max of each number; group: means by "
               "--by; rows: all there is, summary: four columns of it; check: where totals are not "
               "the sum of their parts");
  options
      ->add_list("--by", a->by, option_type::any_text("F"),
                 "group: fields whose values make a group, as run_metadata.model")
      .comma_separated();
  options->begin(OptionGroup::kSelection);
  options
      ->add_list("--field", a->fields, option_type::any_text("F"),
                 "These fields alone, as timings.phases.encode.total_seconds; of group: whose "
                 "means, without it the total's")
      .comma_separated();
  options->add("--where", a->where, condition(),
               "Records of which this is true, as \"run_metadata.model = 'x'\"; _ts is the "
               "timestamp");
  options->add_flag("--lenient", a->is_lenient, "Passes over lines that are no records");
  add_output_options(*options, *a);
  options->add_loudness(a->quiet);
  const OptionTable& table = *options;
  return {std::move(options), [a, &table] { return run(*a, table); }};
}

}  // namespace zbag
