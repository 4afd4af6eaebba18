# Tests of launch/.
zbag_tests(launch_tests USES zbag::launch yaml-cpp SOURCES
  launch/shell_line_test.cpp launch/yaml_file_test.cpp)
