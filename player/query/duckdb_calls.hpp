// DuckDB's C library, loaded when it is first asked for: to be linked with it would cost every
// start of zbag 21 ms (25 against 4). For the files of this room alone.
#pragma once

#include <duckdb.h>

#include <string>
#include <utility>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

// The functions of the library that we call, each under its name without `duckdb_`.
class DuckdbCalls {
 public:
  explicit DuckdbCalls(void* library) : library_(library) {}
  // Those that the library does not have.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  void* library_;
  std::vector<std::string> missing_;

  void* find(const char* name);
  template <class Function>
  struct Named {
    const char* name;
  };
  template <class Function>
  Function* find(Named<Function> function) {
    return reinterpret_cast<Function*>(find(function.name));
  }

 public:
// It declares a name.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define ZBAG_DUCKDB_CALL(name) \
  decltype(duckdb_##name)* name = find(Named<decltype(duckdb_##name)>{"duckdb_" #name})
  // NOLINTEND(bugprone-macro-parentheses)
  // The database
  ZBAG_DUCKDB_CALL(library_version);
  ZBAG_DUCKDB_CALL(open_ext);
  ZBAG_DUCKDB_CALL(close);
  ZBAG_DUCKDB_CALL(connect);
  ZBAG_DUCKDB_CALL(disconnect);
  ZBAG_DUCKDB_CALL(interrupt);
  ZBAG_DUCKDB_CALL(free);
  // Statements
  ZBAG_DUCKDB_CALL(prepare);
  ZBAG_DUCKDB_CALL(prepare_error);
  ZBAG_DUCKDB_CALL(destroy_prepare);
  ZBAG_DUCKDB_CALL(prepared_statement_type);
  ZBAG_DUCKDB_CALL(prepared_statement_column_count);
  ZBAG_DUCKDB_CALL(prepared_statement_column_name);
  ZBAG_DUCKDB_CALL(prepared_statement_column_logical_type);
  ZBAG_DUCKDB_CALL(pending_prepared_streaming);
  ZBAG_DUCKDB_CALL(pending_error);
  ZBAG_DUCKDB_CALL(destroy_pending);
  ZBAG_DUCKDB_CALL(execute_pending);
  // Results
  ZBAG_DUCKDB_CALL(result_error);
  ZBAG_DUCKDB_CALL(fetch_chunk);
  ZBAG_DUCKDB_CALL(destroy_result);
  // Types and values
  ZBAG_DUCKDB_CALL(create_logical_type);
  ZBAG_DUCKDB_CALL(create_list_type);
  ZBAG_DUCKDB_CALL(create_decimal_type);
  ZBAG_DUCKDB_CALL(logical_type_set_alias);
  ZBAG_DUCKDB_CALL(logical_type_get_alias);
  ZBAG_DUCKDB_CALL(get_type_id);
  ZBAG_DUCKDB_CALL(destroy_logical_type);
  ZBAG_DUCKDB_CALL(get_value_type);
  ZBAG_DUCKDB_CALL(create_varchar_length);
  ZBAG_DUCKDB_CALL(get_varchar);
  ZBAG_DUCKDB_CALL(get_double);
  ZBAG_DUCKDB_CALL(get_timestamp);
  ZBAG_DUCKDB_CALL(is_null_value);
  ZBAG_DUCKDB_CALL(get_list_size);
  ZBAG_DUCKDB_CALL(get_list_child);
  ZBAG_DUCKDB_CALL(destroy_value);
  // Vectors
  ZBAG_DUCKDB_CALL(vector_size);
  ZBAG_DUCKDB_CALL(destroy_data_chunk);
  ZBAG_DUCKDB_CALL(data_chunk_get_column_count);
  ZBAG_DUCKDB_CALL(data_chunk_get_vector);
  ZBAG_DUCKDB_CALL(data_chunk_get_size);
  ZBAG_DUCKDB_CALL(data_chunk_set_size);
  ZBAG_DUCKDB_CALL(vector_get_column_type);
  ZBAG_DUCKDB_CALL(vector_get_data);
  ZBAG_DUCKDB_CALL(vector_get_validity);
  ZBAG_DUCKDB_CALL(vector_ensure_validity_writable);
  ZBAG_DUCKDB_CALL(vector_assign_string_element_len);
  ZBAG_DUCKDB_CALL(list_vector_get_child);
  ZBAG_DUCKDB_CALL(list_vector_get_size);
  ZBAG_DUCKDB_CALL(list_vector_set_size);
  ZBAG_DUCKDB_CALL(list_vector_reserve);
  ZBAG_DUCKDB_CALL(validity_row_is_valid);
  ZBAG_DUCKDB_CALL(validity_set_row_invalid);
  ZBAG_DUCKDB_CALL(string_t_length);
  ZBAG_DUCKDB_CALL(string_t_data);
  // Table functions
  ZBAG_DUCKDB_CALL(create_table_function);
  ZBAG_DUCKDB_CALL(destroy_table_function);
  ZBAG_DUCKDB_CALL(table_function_set_name);
  ZBAG_DUCKDB_CALL(table_function_add_parameter);
  ZBAG_DUCKDB_CALL(table_function_add_named_parameter);
  ZBAG_DUCKDB_CALL(table_function_set_extra_info);
  ZBAG_DUCKDB_CALL(table_function_set_bind);
  ZBAG_DUCKDB_CALL(table_function_set_init);
  ZBAG_DUCKDB_CALL(table_function_set_local_init);
  ZBAG_DUCKDB_CALL(table_function_set_function);
  ZBAG_DUCKDB_CALL(table_function_supports_projection_pushdown);
  ZBAG_DUCKDB_CALL(register_table_function);
  ZBAG_DUCKDB_CALL(bind_get_extra_info);
  ZBAG_DUCKDB_CALL(bind_get_parameter);
  ZBAG_DUCKDB_CALL(bind_get_named_parameter);
  ZBAG_DUCKDB_CALL(bind_add_result_column);
  ZBAG_DUCKDB_CALL(bind_set_cardinality);
  ZBAG_DUCKDB_CALL(bind_set_bind_data);
  ZBAG_DUCKDB_CALL(bind_set_error);
  ZBAG_DUCKDB_CALL(init_get_bind_data);
  ZBAG_DUCKDB_CALL(init_get_column_count);
  ZBAG_DUCKDB_CALL(init_get_column_index);
  ZBAG_DUCKDB_CALL(init_set_init_data);
  ZBAG_DUCKDB_CALL(init_set_max_threads);
  ZBAG_DUCKDB_CALL(init_set_error);
  ZBAG_DUCKDB_CALL(function_get_init_data);
  ZBAG_DUCKDB_CALL(function_get_local_init_data);
  ZBAG_DUCKDB_CALL(function_set_error);
  ZBAG_DUCKDB_CALL(add_replacement_scan);
  ZBAG_DUCKDB_CALL(replacement_scan_set_function_name);
  ZBAG_DUCKDB_CALL(replacement_scan_add_parameter);
  ZBAG_DUCKDB_CALL(replacement_scan_set_error);
  // What types are of, and vectors within vectors
  ZBAG_DUCKDB_CALL(decimal_scale);
  ZBAG_DUCKDB_CALL(decimal_internal_type);
  ZBAG_DUCKDB_CALL(array_type_array_size);
  ZBAG_DUCKDB_CALL(struct_type_child_count);
  ZBAG_DUCKDB_CALL(struct_type_child_name);
  ZBAG_DUCKDB_CALL(array_vector_get_child);
  ZBAG_DUCKDB_CALL(struct_vector_get_child);
#undef ZBAG_DUCKDB_CALL
};

// Loads the library, once in a process; kUnsupported says what is missing. Thread-safe.
Result<const DuckdbCalls*> load_duckdb();
// REQUIRES: load_duckdb() has given it.
const DuckdbCalls& duckdb();

// One of the library's handles, destroyed with this.
template <class Handle, auto Destroy>
class DuckdbOwned {
 public:
  DuckdbOwned() = default;
  explicit DuckdbOwned(Handle handle) : handle_(handle) {}
  DuckdbOwned(DuckdbOwned&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  DuckdbOwned& operator=(DuckdbOwned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~DuckdbOwned() {
    if (handle_ != nullptr) (duckdb().*Destroy)(&handle_);
  }
  Handle get() const { return handle_; }
  Handle* out() { return &handle_; }  // where the library puts it

 private:
  Handle handle_{};
};
using DuckdbType = DuckdbOwned<duckdb_logical_type, &DuckdbCalls::destroy_logical_type>;
using DuckdbValue = DuckdbOwned<duckdb_value, &DuckdbCalls::destroy_value>;
using DuckdbChunk = DuckdbOwned<duckdb_data_chunk, &DuckdbCalls::destroy_data_chunk>;
using DuckdbPrepared = DuckdbOwned<duckdb_prepared_statement, &DuckdbCalls::destroy_prepare>;
using DuckdbPending = DuckdbOwned<duckdb_pending_result, &DuckdbCalls::destroy_pending>;
using DuckdbFunction = DuckdbOwned<duckdb_table_function, &DuckdbCalls::destroy_table_function>;

// Text of the library's, freed here.
std::string take_text(char* text);

}  // namespace zbag
