# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Install rules: the header, both libraries, blkio.pc, and the package for find_package(blkio).

include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/blkio)

install(FILES include/blkio.h TYPE INCLUDE)
install(TARGETS blkio blkio_static EXPORT blkio_targets)
install(EXPORT blkio_targets NAMESPACE blkio:: FILE blkioTargets.cmake DESTINATION ${config_dir})

configure_package_config_file(lib/blkioConfig.cmake.in blkioConfig.cmake
	INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(blkioConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES
	${CMAKE_CURRENT_BINARY_DIR}/blkioConfig.cmake
	${CMAKE_CURRENT_BINARY_DIR}/blkioConfigVersion.cmake
	DESTINATION ${config_dir})

# The prefix is found from where blkio.pc lies, so that "cmake --install --prefix" moves it along.
set(pc_dir ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH pc_to_prefix ${pc_dir} ${CMAKE_INSTALL_PREFIX})
cmake_path(NORMAL_PATH pc_to_prefix)
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
file(RELATIVE_PATH pc_libdir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH pc_includedir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
list(JOIN blkio_requires_private ", " pc_requires_private)
configure_file(lib/blkio.pc.in blkio.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/blkio.pc
	DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
