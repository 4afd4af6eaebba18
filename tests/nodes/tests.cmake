# Tests of nodes; included by tests/CMakeLists.txt.
