# Tests of system; included by tests/CMakeLists.txt.
