# Tests of bus/.
zbag_tests(bus_tests USES zbag::bus PkgConfig::zmq SOURCES
  bus/bounded_queue_test.cpp
  bus/endpoints_test.cpp
  bus/link_watch_test.cpp
  bus/session/stamp_test.cpp
  bus/session/buffer_test.cpp
  bus/session/threads_test.cpp
  bus/broker_test.cpp
  bus/control_test.cpp)
