# Tests of nodes/: those of its files that are a library.
zbag_tests(nodes_tests USES zbag::options_text fmt::fmt SOURCES
  nodes/analysis_table_test.cpp
  nodes/brief_text_test.cpp
  nodes/fit_text_test.cpp
  nodes/help_text_test.cpp
  nodes/keys_test.cpp
  nodes/loss_text_test.cpp
  nodes/name_completion_test.cpp
  nodes/number_text_test.cpp
  nodes/output_path_test.cpp
  nodes/bag_paths_test.cpp
  nodes/time_text_test.cpp
  nodes/track_table_test.cpp
  nodes/option_type_test.cpp
  nodes/usage_hint_test.cpp)
