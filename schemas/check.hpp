// ZBAG_CHECK(condition): a programmer's error stops the program, in release builds too.
// For what no input can cause; bad input is an Error (schemas/result.hpp).
#pragma once

#include <cstdio>
#include <cstdlib>

#define ZBAG_CHECK(condition)                                                            \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
