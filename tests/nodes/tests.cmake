# Tests of nodes/: files of the command are compiled into the test.
zbag_test(nodes/time_text_test.cpp USES zbag::schemas fmt::fmt)
target_sources(nodes_time_text_test PRIVATE ${PROJECT_SOURCE_DIR}/nodes/time_text.cpp)

zbag_test(nodes/option_type_test.cpp USES zbag::schemas fmt::fmt)
target_sources(nodes_option_type_test PRIVATE ${PROJECT_SOURCE_DIR}/nodes/option_type.cpp)
