// What a ULog file says of the flight beside its messages: information (version, board...) and
// parameters, bounded.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "player/imports/import_sink.hpp"
#include "schemas/byte_io.hpp"
#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace zbag {

class UlogWords {
 public:
  // A message of type I, M, P or Q. kInvalid: it is none.
  Status take(char type, ByteInput body);
  // The sink's errors. What is bytes (`M` of uint8_t) is attached under its name, all else is
  // `ulog` of what is said of the recording: info, parameters, default_parameters.
  Status tell(ImportSink& sink) const;

  // What I and P are: the length of a key, the key, a value. kInvalid: it is none.
  static Result<std::pair<std::string, Value>> read_pair(ByteInput body);

 private:
  // By name; of one that is said several times the last.
  using Named = std::map<std::string, Value>;

  Status take_part(ByteInput body);
  Status take_default(ByteInput body);
  // False: there is no more room, which is told.
  bool has_room(std::size_t bytes);

  Named info_;
  std::map<std::string, std::vector<Value>> lists_;  // of M
  std::map<std::string, std::vector<std::string>> files_;
  Named parameters_;
  Named system_defaults_;
  Named current_defaults_;
  std::size_t room_ = 32u << 20;  // bytes
  bool is_full_ = false;
};

}  // namespace zbag
