# Fuzzers: built by clang beside the rest, each run for some seconds from its seeds (run_fuzz.sh).
#
# What they read is compiled once, instrumented, for all of them: schemas/ and the room of blocks.
find_program(CLANGXX clang++)

set(fuzz_flags -std=c++20 -O1 -gline-tables-only -fsanitize=address,undefined
    -fno-sanitize-recover=all -DFMT_SHARED -I${PROJECT_SOURCE_DIR})

# fuzz_object(out source): the object made of `source`, a path from the top.
function(fuzz_object out source)
  set(object ${CMAKE_CURRENT_BINARY_DIR}/fuzz/${source}.o)
  get_filename_component(folder ${object} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${object}
    COMMAND ${ZBAG_LAUNCHER} ${CLANGXX} ${fuzz_flags} -fsanitize=fuzzer-no-link
            -MD -MT ${object} -MF ${object}.d -c ${PROJECT_SOURCE_DIR}/${source} -o ${object}
    DEPENDS ${PROJECT_SOURCE_DIR}/${source} DEPFILE ${object}.d VERBATIM)
  set(${out} ${object} PARENT_SCOPE)
endfunction()

# fuzz_objects(out target folder): those of a library's sources which lie below `folder`.
function(fuzz_objects out target folder)
  get_target_property(sources ${target} SOURCES)
  get_target_property(home ${target} SOURCE_DIR)
  set(objects ${${out}})
  foreach(source ${sources})
    cmake_path(RELATIVE_PATH home BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE path)
    set(path ${path}/${source})
    if(path MATCHES "^${folder}/")
      fuzz_object(object ${path})
      list(APPEND objects ${object})
    endif()
  endforeach()
  set(${out} ${objects} PARENT_SCOPE)
endfunction()

# zbag_fuzz(name): name_fuzz.cpp with the instrumented objects.
function(zbag_fuzz name)
  set(program ${PROJECT_BINARY_DIR}/tests/${name}_fuzz)
  fuzz_object(object tests/fuzz/${name}_fuzz.cpp)
  add_custom_command(OUTPUT ${program}
    COMMAND ${CLANGXX} -fsanitize=fuzzer,address,undefined ${object} ${fuzzed_objects}
            -lxxhash -llz4 -lzstd -llzma -lbz2 -lfmt -lsimdjson -lsqlite3 -o ${program}
    DEPENDS ${object} ${fuzzed_objects} VERBATIM)
  add_custom_target(fuzz_${name} ALL DEPENDS ${program})
  # One after the other: two at once would both make what they share.
  add_dependencies(fuzz_${name} fuzzed_objects)
  add_test(NAME fuzz.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/run_fuzz.sh ${name} ${program})
  set_tests_properties(fuzz.${name} PROPERTIES TIMEOUT 300)
endfunction()

if(ZBAG_SANITIZE)
  message(STATUS "Fuzzers are left out: they bring sanitizers of their own")
elseif(NOT CLANGXX)
  message(STATUS "Fuzzers are left out: there is no clang++")
else()
  fuzz_objects(fuzzed_objects zbag_schemas schemas)
  fuzz_objects(fuzzed_objects zbag_bag recorder/bag/block)
  foreach(reader input_file text_lines unlike_names trc bvh bvh_hierarchy ulog ulog_formats ulog_words lcm_log
          json_line quick_line tables/cell_value tables/table_stamps tables/column_fields tables/csv_rows tables/csv
          unpack byte_source outward_link neutral neutral_file rows_document ros1_bag mcap/crc32 mcap/mcap_content mcap/mcap_file
          messages/message_layout messages/message_decoder messages/payload_decoder messages/message_track
          messages/own_stamp messages/json_messages messages/protobuf_wire messages/protobuf_schema
          messages/protobuf_messages lerobot/path_template lerobot/set_info
          rosbag2/sqlite_file rosbag2/db3_file tables/sqlite)
    fuzz_object(object player/imports/${reader}.cpp)
    list(APPEND fuzzed_objects ${object})
  endforeach()
  foreach(source query/sql_text columns/column_names messages/ros2_types)
    fuzz_object(object player/${source}.cpp)
    list(APPEND fuzzed_objects ${object})
  endforeach()
  add_custom_target(fuzzed_objects DEPENDS ${fuzzed_objects})
  zbag_fuzz(decode_frame)
  zbag_fuzz(block)
  zbag_fuzz(columns)
  zbag_fuzz(track_filter)
  zbag_fuzz(expression)
  zbag_fuzz(trc)
  zbag_fuzz(csv)
  zbag_fuzz(bvh)
  zbag_fuzz(ulog)
  zbag_fuzz(lcm_log)
  zbag_fuzz(mcap)
  zbag_fuzz(mcap_records)
  zbag_fuzz(protobuf)
  zbag_fuzz(json_messages)
  zbag_fuzz(lerobot_info)
  zbag_fuzz(neutral)
  zbag_fuzz(ros1_bag)
  zbag_fuzz(ros_messages)
  zbag_fuzz(sqlite)
  zbag_fuzz(db3)
endif()
