// Tables of ours under a name in SQL: NAME(...) in place of a table. For the files of this room
// alone; Database::add() is its face.
#pragma once

#include "player/query/database.hpp"
#include "player/query/duckdb_calls.hpp"
#include "schemas/result.hpp"

namespace zbag {

Status register_function(duckdb_connection connection, TableFunction function);

}  // namespace zbag
