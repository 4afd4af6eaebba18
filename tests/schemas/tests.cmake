# Tests of schemas; included by tests/CMakeLists.txt.
