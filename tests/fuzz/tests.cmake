# Fuzzers: built by clang beside the rest, each run for ten seconds from its seeds.
#
# A longer run, which keeps what it finds in the first folder:
#   build/release/tests/decode_frame_fuzz $(mktemp -d) tests/fuzz/seeds/decode_frame -max_total_time=3600
find_program(CLANGXX clang++)

# zbag_fuzz(name SOURCES file... [LIBS library...]): name_fuzz.cpp with the sources it needs.
function(zbag_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  set(program ${CMAKE_BINARY_DIR}/tests/${name}_fuzz)
  list(TRANSFORM ARG_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/)
  list(TRANSFORM ARG_LIBS PREPEND -l)
  set(source ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}_fuzz.cpp)
  add_custom_command(OUTPUT ${program}
    COMMAND ${CLANGXX} -std=c++20 -O1 -g -fsanitize=fuzzer,address,undefined
            -fno-sanitize-recover=all -DFMT_SHARED -I${PROJECT_SOURCE_DIR}
            ${source} ${ARG_SOURCES} ${ARG_LIBS} -o ${program}
    # The libraries stand for the headers: they are built anew when one of those changes.
    DEPENDS ${source} ${ARG_SOURCES} zbag_schemas zbag_bag VERBATIM)
  add_custom_target(fuzz_${name} ALL DEPENDS ${program})
  # What a run finds is written below the build folder, never among the seeds.
  set(found ${CMAKE_BINARY_DIR}/tests/fuzz/${name})
  file(MAKE_DIRECTORY ${found})
  add_test(NAME fuzz_${name}
    COMMAND ${program} -max_total_time=10 -rss_limit_mb=1024 -max_len=4096
            -artifact_prefix=${found}/ ${found} ${PROJECT_SOURCE_DIR}/tests/fuzz/seeds/${name}
    WORKING_DIRECTORY ${found})
  set_tests_properties(fuzz_${name} PROPERTIES TIMEOUT 120)
endfunction()

if(ZBAG_SANITIZE)
  message(STATUS "Fuzzers are left out: they bring sanitizers of their own")
elseif(NOT CLANGXX)
  message(STATUS "Fuzzers are left out: there is no clang++")
else()
  zbag_fuzz(decode_frame
    SOURCES schemas/item.cpp schemas/map_bytes.cpp schemas/frame.cpp schemas/frame_scan.cpp
            schemas/frame_layout.cpp schemas/timestamp.cpp)
  set(block_sources
    recorder/bag/block/header.cpp recorder/bag/block/block_encoder.cpp
    recorder/bag/block/block.cpp recorder/bag/block/checksum.cpp recorder/bag/block/block_fields.cpp
    recorder/bag/block/compression.cpp
    recorder/bag/block/columns/int_stream.cpp recorder/bag/block/columns/float_stream.cpp recorder/bag/block/columns/record_planes.cpp
    recorder/bag/block/columns/column_codec.cpp recorder/bag/block/columns/value_taker.cpp
    recorder/bag/block/columns/map_splitter.cpp recorder/bag/block/columns/map_joiner.cpp
    recorder/bag/block/columns/point_streams.cpp recorder/bag/block/columns/columns_body.cpp
    schemas/item.cpp schemas/map_bytes.cpp schemas/frame.cpp schemas/frame_scan.cpp
    schemas/timestamp.cpp schemas/points/point.cpp)
  zbag_fuzz(block SOURCES ${block_sources} LIBS xxhash lz4 zstd fmt)
  zbag_fuzz(columns SOURCES ${block_sources} LIBS xxhash lz4 zstd fmt)
  zbag_fuzz(track_filter SOURCES schemas/track_name.cpp LIBS fmt)
endif()
