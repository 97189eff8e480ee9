# Compiler and linker flags on one interface target, and the function that makes a library of a folder.
#
# Includes are written from the repository's root ("common/error.h"), yet a target sees a folder only when it links
# that folder's target: each target exports a directory of its own, holding nothing but a link to its sources.

add_library(portcullis_options INTERFACE)
target_compile_options(portcullis_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wimplicit-fallthrough -Werror
  -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fPIE
  $<$<CONFIG:Debug>:-O1 -fno-omit-frame-pointer>)
target_compile_definitions(portcullis_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_JSON_DYN_LINK
  BOOST_URL_DYN_LINK SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL _GLIBCXX_ASSERTIONS
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=3>)
target_link_options(portcullis_options INTERFACE -fuse-ld=lld -pie -Wl,-z,relro,-z,now,-z,noexecstack)
if(PORTCULLIS_SANITIZE)
  target_compile_options(portcullis_options INTERFACE -fsanitize=${PORTCULLIS_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(portcullis_options INTERFACE -fsanitize=${PORTCULLIS_SANITIZE})
  # Recycled coroutine frames hide use-after-free from the sanitizers.
  target_compile_definitions(portcullis_options INTERFACE BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING)
  if(PORTCULLIS_SANITIZE MATCHES thread)
    target_compile_definitions(portcullis_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(PORTCULLIS_FUZZ)
  target_compile_options(portcullis_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers are cached only when their time stamps are left out.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
  target_compile_options(portcullis_options INTERFACE -Xclang -fno-pch-timestamp)
endif()

# portcullis_library(<target> ROOT <folder from the repository root> SOURCES … LINK …)
# The first library to be made owns the precompiled header; the others reuse it.
function(portcullis_library name)
  cmake_parse_arguments(arg "NO_PCH" "ROOT" "SOURCES;LINK" ${ARGN})
  get_filename_component(parent ${arg_ROOT} DIRECTORY)
  string(REPLACE "/" "_" flat ${arg_ROOT})
  set(include_root ${CMAKE_BINARY_DIR}/include/${flat})
  file(MAKE_DIRECTORY ${include_root}/${parent})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${arg_ROOT} ${include_root}/${arg_ROOT} SYMBOLIC)
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${include_root})
  target_link_libraries(${name} PUBLIC portcullis_options ${arg_LINK})
  if(NOT arg_NO_PCH)
    portcullis_precompile(${name})
  endif()
endfunction()

# portcullis_program(<target> SOURCES … LINK …): the target `programs` makes all of them, and no test.
add_custom_target(programs)
function(portcullis_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE portcullis_options ${arg_LINK})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  add_dependencies(programs ${name})
  portcullis_precompile(${name})
endfunction()

# portcullis_test(<target> SOURCES … LINK …): a GoogleTest program in tests/, found by tests/run as bin/tests/<target>.
function(portcullis_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE portcullis_options ${arg_LINK} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/tests)
  portcullis_precompile(${name})
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# portcullis_fuzzer(<target> SOURCES … LINK …): built in the fuzz preset only; the target `fuzzers` makes all of them.
add_custom_target(fuzzers)
function(portcullis_fuzzer name)
  if(NOT PORTCULLIS_FUZZ)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE portcullis_options ${arg_LINK} -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/fuzz)
  add_dependencies(fuzzers ${name})
  portcullis_precompile(${name})
endfunction()

function(portcullis_precompile name)
  if(TARGET portcullis_pch)
    target_precompile_headers(${name} REUSE_FROM portcullis_pch)
  endif()
endfunction()
