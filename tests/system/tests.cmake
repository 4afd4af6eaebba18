# Scripts on the built command, see harness.py. Which tests they hold is read from them.
file(GLOB system_scripts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/system/*_test.py)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${system_scripts} ${CMAKE_CURRENT_SOURCE_DIR}/system_tests.py)

# zbag_system_test(file selector): what unittest finds under that name.
function(zbag_system_test file selector)
  set(name system.${file}.${selector})
  add_test(NAME ${name}
    COMMAND ${DEBIAN_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/system/${file}.py ${selector}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 ENVIRONMENT "${ZBAG_TEST_ENVIRONMENT}"
    SKIP_RETURN_CODE 77 SKIP_REGULAR_EXPRESSION "OK [(]skipped=")
  if(file STREQUAL "build_test")
    set_tests_properties(${name} PROPERTIES TIMEOUT 3600)
  endif()
  # They hold promises about time and memory, which a second test at their side would break.
  if(file MATCHES "^(crash|memory)_test$" OR selector MATCHES "^IdleTest")
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()

set(system_list ${CMAKE_CURRENT_BINARY_DIR}/system_tests.cmake)
execute_process(
  COMMAND ${DEBIAN_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/system_tests.py ${system_list} ${system_scripts}
  COMMAND_ERROR_IS_FATAL ANY)
include(${system_list})

add_test(NAME system_tests_are_all_listed
  COMMAND ${DEBIAN_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/system_tests.py --check ${system_scripts})
set_tests_properties(system_tests_are_all_listed PROPERTIES ENVIRONMENT "${ZBAG_TEST_ENVIRONMENT}")
