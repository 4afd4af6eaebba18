# Tests of launch/.
zbag_tests(launch_tests USES zbag::launch SOURCES
  launch/shell_line_test.cpp)
