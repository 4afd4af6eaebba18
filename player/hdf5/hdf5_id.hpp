// What the library of HDF5 has opened for us, closed with its owner.
#pragma once

#include <utility>

#include "player/hdf5/hdf5_calls.hpp"

namespace zbag::hdf5 {

class Id {
 public:
  using Close = herr_t (*)(hid_t);
  Id() = default;
  Id(hid_t id, Close closed_by) : id_(id), close_(closed_by) {}
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Id& operator=(Id&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Id() {
    if (is_open()) close_(id_);
  }

  bool is_open() const { return id_ >= 0; }
  hid_t get() const { return id_; }
  bool close() { return close_(std::exchange(id_, H5I_INVALID_HID)) >= 0; }

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

// A list of properties, whose settings are made one after the other.
class Properties {
 public:
  explicit Properties(const hid_t* of) : id_(hdf5().H5Pcreate(*of), hdf5().H5Pclose) {}

  hid_t get() const { return id_.get(); }
  template <class Set, class... Values>
  Properties& with(Set set, Values... values) {
    is_good_ = is_good_ && set(id_.get(), values...) >= 0;
    return *this;
  }
  bool is_good() const { return id_.is_open() && is_good_; }

 private:
  Id id_;
  bool is_good_ = true;
};

}  // namespace zbag::hdf5
