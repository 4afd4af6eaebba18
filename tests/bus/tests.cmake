# Tests of bus/.
zbag_test(bus/bounded_queue_test.cpp USES zbag::bus)
zbag_test(bus/endpoints_test.cpp USES zbag::bus)
zbag_test(bus/session/stamp_test.cpp USES zbag::bus)
zbag_test(bus/session/buffer_test.cpp USES zbag::bus)
zbag_test(bus/session/threads_test.cpp USES zbag::bus)
zbag_test(bus/broker_test.cpp USES zbag::bus)
zbag_test(bus/control_test.cpp USES zbag::bus PkgConfig::zmq)
