// What an element of a data set, or of an attribute, is in memory, and as a value.
//
// Numbers keep their size but for those of odd ones; float16 is float32, an enum its number, but
// h5py's of FALSE and TRUE a bool. Bytes that lie in a row are bin, as lists of them are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "player/hdf5/hdf5_id.hpp"
#include "schemas/result.hpp"

namespace zbag::hdf5::reading {

struct StoredType {
  enum class Form : std::uint8_t {
    kInt,
    kUnsigned,
    kFloat,
    kBool,
    kText,     // of `bytes` at most
    kAnyText,  // where it is, of any length
    kOpaque,
    kArray,  // `count` of what is in it
    kList,   // hvl_t: how many there are, and where
    kMap,
  };

  Form form = Form::kInt;
  std::size_t bytes = 0;                 // of one, in memory
  bool is_byte = false;                  // a uint8, of which many are bin
  H5T_str_t padding = H5T_STR_NULLTERM;  // of kText
  std::size_t count = 0;                 // of kArray
  std::vector<StoredType> inner = {};    // of kArray and kList one, of kMap its members
  std::vector<std::string> names = {};   // of these, each another one

  bool is_number() const {
    return form == Form::kInt || form == Form::kUnsigned || form == Form::kFloat;
  }
  bool is_text() const { return form == Form::kText || form == Form::kAnyText; }
  // Whether some of it lies elsewhere in memory.
  bool is_of_any_length() const;
};

struct TypeInMemory {
  StoredType type;
  Id id;  // what to read as
};

// kUnsupported: why it is not read, as a phrase.
Result<TypeInMemory> type_in_memory(hid_t in_file);
struct NamedMember {
  std::string name;
  StoredType type;
  Id id;
};
// Of a compound's member alone, to be read as that without the others; errors as
// type_in_memory(). REQUIRES: it has so many.
Result<NamedMember> named_member(hid_t in_file, unsigned number);

// Appends the element that lies there, as MessagePack. False: it has more values than `left`, from
// which they are taken.
bool append_element(const StoredType& type, const std::uint8_t* at, std::size_t& left,
                    std::string& out);

}  // namespace zbag::hdf5::reading
