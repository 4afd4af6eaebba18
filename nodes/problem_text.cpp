#include "nodes/problem_text.hpp"

#include <fmt/format.h>

#include "nodes/number_text.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

std::string problem_text(const BagProblem& problem) {
  std::string where;
  if (!problem.track.empty()) where = "track " + problem.track;
  if (problem.first)
    where += fmt::format(" from {} to {}", seconds_text(seconds_of_key(*problem.first)),
                         seconds_text(seconds_of_key(problem.last.value_or(*problem.first))));
  if (problem.points > 0) where += ", " + amount_text(problem.points, "point");
  return where.empty() ? problem.what : fmt::format("{}: {}", where, problem.what);
}

}  // namespace zbag
