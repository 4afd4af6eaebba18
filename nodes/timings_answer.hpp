// What `zbag timings` says of records: a table of values, and how it is written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nodes/text_output.hpp"
#include "player/exports/output_file.hpp"
#include "player/query/sql_text.hpp"
#include "player/timings/timing_table.hpp"
#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct Answer {
  std::vector<std::string> names;  // of its columns
  std::vector<Array> rows;         // a value a column; nil: none
};

// `fields` empty: all; kNotFound: no record has one of them.
Result<Answer> timing_rows(const TimingTable& table, const std::vector<std::string>& fields);
// A row a field that has numbers: count, mean, std, min, 25%, 50%, 75%, max. kNotFound, too: none
// of `fields` has.
Result<Answer> timing_descriptions(const TimingTable& table,
                                   const std::vector<std::string>& fields);
// A row for each value of `by`: how many, and the mean of each field; without any the total.
Result<Answer> timing_groups(const TimingTable& table, const std::vector<std::string>& by,
                             const std::vector<std::string>& fields);

// As zbag sql writes its rows.
Status write_answer(const Answer& answer, ShownAs shown, TextOutput& out);
// A file of one table, by DuckDB. kUnsupported: there is none here.
Status write_answer_parquet(const Answer& answer, const std::string& path, Existing existing);

}  // namespace zbag
