# Tests of schemas/.
zbag_tests(schemas_tests USES zbag::kinds zbag::yaml yaml-cpp SOURCES
  schemas/timestamp_test.cpp
  schemas/yaml_file_test.cpp
  schemas/track_name_test.cpp
  schemas/json_text_test.cpp
  schemas/quantity_text_test.cpp
  schemas/split_text_test.cpp
  schemas/chosen_fields_test.cpp
  schemas/frame_test.cpp
  schemas/msgpack_cxx_test.cpp
  schemas/frame_scan_test.cpp
  schemas/frame_layout_test.cpp
  schemas/frame_fields_test.cpp
  schemas/item_test.cpp
  schemas/growing_map_test.cpp
  schemas/map_bytes_test.cpp
  schemas/merge_test.cpp
  schemas/field_lookup_test.cpp
  schemas/performance_monitor_test.cpp
  schemas/timings/phase_timer_test.cpp
  schemas/timings/timing_record_test.cpp
  schemas/expression/expression_test.cpp
  schemas/kinds/kind_test.cpp
  schemas/kinds/fit_test.cpp
  schemas/kinds/known_kinds_test.cpp)
