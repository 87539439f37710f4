# The CMake package ZeroMQ: the imported targets `libzmq` and `libzmq-static`, and the variables
# ZeroMQ_INCLUDE_DIR, ZeroMQ_LIBRARY and ZeroMQ_STATIC_LIBRARY. Every path is found from where this
# file lies, so that the tree may be moved as a whole.

get_filename_component(_zeromq_libdir "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
get_filename_component(_zeromq_prefix "${_zeromq_libdir}/@up@" ABSOLUTE)

set(ZeroMQ_INCLUDE_DIR "${_zeromq_prefix}/include")
set(ZeroMQ_LIBRARY "${_zeromq_libdir}/@shared@")
set(ZeroMQ_STATIC_LIBRARY "${_zeromq_libdir}/libzmq.a")

foreach(_zeromq_file IN ITEMS
        "${ZeroMQ_INCLUDE_DIR}/zmq.h" "${ZeroMQ_LIBRARY}" "${ZeroMQ_STATIC_LIBRARY}")
  if(NOT EXISTS "${_zeromq_file}")
    set(ZeroMQ_FOUND FALSE)
    set(ZeroMQ_NOT_FOUND_MESSAGE "${_zeromq_file} is missing")
    return()
  endif()
endforeach()

if(NOT TARGET libzmq)
  add_library(libzmq SHARED IMPORTED)
  set_target_properties(libzmq PROPERTIES
    IMPORTED_LOCATION "${ZeroMQ_LIBRARY}"
    IMPORTED_SONAME "@soname@"
    INTERFACE_INCLUDE_DIRECTORIES "${ZeroMQ_INCLUDE_DIR}")
endif()

if(NOT TARGET libzmq-static)
  add_library(libzmq-static STATIC IMPORTED)
  set_target_properties(libzmq-static PROPERTIES
    IMPORTED_LOCATION "${ZeroMQ_STATIC_LIBRARY}"
    IMPORTED_LINK_INTERFACE_LANGUAGES "C"
    INTERFACE_INCLUDE_DIRECTORIES "${ZeroMQ_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "@private@")
endif()

unset(_zeromq_file)
unset(_zeromq_libdir)
unset(_zeromq_prefix)
