# Tests of player; included by tests/CMakeLists.txt.
