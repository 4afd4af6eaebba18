# Tests of nodes/: files of the command are compiled into the test.
zbag_tests(nodes_tests USES zbag::schemas fmt::fmt SOURCES
  nodes/time_text_test.cpp
  nodes/option_type_test.cpp
  ${PROJECT_SOURCE_DIR}/nodes/time_text.cpp
  ${PROJECT_SOURCE_DIR}/nodes/option_type.cpp)
