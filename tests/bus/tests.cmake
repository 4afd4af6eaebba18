# Tests of bus; included by tests/CMakeLists.txt.
