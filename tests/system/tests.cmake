# Tests of system; included by tests/CMakeLists.txt. Scripts on the built command, see harness.py.
zbag_script_test(system_recordings TIMEOUT 600 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/recordings_test.py)
zbag_script_test(system_stranger TIMEOUT 300 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/stranger_test.py)
zbag_script_test(system_bad_input TIMEOUT 600 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/bad_input_test.py)
zbag_script_test(system_options TIMEOUT 300 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/options_test.py)
zbag_script_test(system_crash TIMEOUT 600 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/crash_test.py)
zbag_script_test(system_stop TIMEOUT 600 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/stop_test.py)
zbag_script_test(system_policy TIMEOUT 300 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/policy_test.py)
zbag_script_test(system_play TIMEOUT 300 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/play_test.py)
zbag_script_test(system_format TIMEOUT 300 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/format_test.py)
zbag_script_test(system_bags TIMEOUT 600 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/bags_test.py)
zbag_script_test(system_launch TIMEOUT 300 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/launch_test.py)
zbag_script_test(system_memory TIMEOUT 300 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/memory_test.py)
zbag_script_test(system_terminal TIMEOUT 300 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/terminal_test.py)
zbag_script_test(system_live_screen TIMEOUT 300 COMMAND ${DEBIAN_PYTHON}
  ${CMAKE_CURRENT_SOURCE_DIR}/system/live_screen_test.py)
# Two scripts at once would share the cores they measure time on.
set_tests_properties(system_recordings system_stranger system_bad_input system_options system_crash system_stop
  system_policy system_play system_format system_launch system_bags system_memory
  system_terminal system_live_screen PROPERTIES RUN_SERIAL TRUE)
