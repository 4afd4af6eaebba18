#include "nodes/answer_format.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "player/columns/column_names.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// kByOutput: the name tells none.
AnswerFormat format_by_name(const std::string& out) {
  const std::string extension = without_case(std::filesystem::path(out).extension().string());
  if (extension == ".csv") return AnswerFormat::kCsv;
  if (extension == ".json" || extension == ".jsonl" || extension == ".ndjson")
    return AnswerFormat::kJson;
  return extension == ".parquet" ? AnswerFormat::kParquet : AnswerFormat::kByOutput;
}

}  // namespace

OptionType<AnswerFormat> answer_format_type() {
  return option_type::one_of<AnswerFormat>("F", {{"by-name", AnswerFormat::kByOutput},
                                                 {"table", AnswerFormat::kTable},
                                                 {"csv", AnswerFormat::kCsv},
                                                 {"json", AnswerFormat::kJson},
                                                 {"jsonl", AnswerFormat::kJson},
                                                 {"parquet", AnswerFormat::kParquet}});
}

Result<AnswerFormat> answer_format(AnswerFormat asked, const std::string& out) {
  const bool is_stdout = out == "-";
  if (asked == AnswerFormat::kByOutput)
    asked = is_stdout ? AnswerFormat::kTable : format_by_name(out);
  if (asked == AnswerFormat::kByOutput)
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: name a .csv, .json, .jsonl or .parquet, or give --format",
                            printable(out)));
  if (asked == AnswerFormat::kParquet && is_stdout)
    return fail(ErrorCode::kInvalid, "parquet needs a file: -o OUT.parquet");
  return asked;
}

}  // namespace zbag
