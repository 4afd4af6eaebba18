# Tests of fuzz; included by tests/CMakeLists.txt.
