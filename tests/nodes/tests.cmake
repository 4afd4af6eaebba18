# Tests of nodes/: those of its files that are a library.
zbag_tests(nodes_tests USES zbag::options_text fmt::fmt SOURCES
  nodes/time_text_test.cpp
  nodes/option_type_test.cpp)
