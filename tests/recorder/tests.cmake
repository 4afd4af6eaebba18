# Tests of recorder; included by tests/CMakeLists.txt.
