// How an answer in rows is written: the --format of verbs that print tables, and what the name of
// the output tells of it.
#pragma once

#include <cstdint>
#include <string>

#include "nodes/option_type.hpp"
#include "schemas/result.hpp"

namespace zbag {

enum class AnswerFormat : std::uint8_t { kByOutput, kTable, kCsv, kJson, kParquet };

// by-name, table, csv, json or jsonl, parquet.
OptionType<AnswerFormat> answer_format_type();

// What is asked for, or by the end of the output's name; "-", which is stdout, is a table.
// kInvalid: the name tells none, or the format needs a file.
Result<AnswerFormat> answer_format(AnswerFormat asked, const std::string& out);

}  // namespace zbag
