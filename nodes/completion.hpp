// Shell completion, written from the verbs' own options.
#pragma once

#include "nodes/verb.hpp"

namespace zbag {

// `zbag completion bash` prints a script to source.
Verb add_completion(CLI::App& root);

}  // namespace zbag
