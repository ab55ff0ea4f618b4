# SPDX-License-Identifier: MIT OR Apache-2.0
#
# blkio_flags: the compiler and linker flags of everything that is built here. Not installed.

include(CheckCCompilerFlag)

add_library(blkio_flags INTERFACE)

target_compile_options(blkio_flags INTERFACE
	-Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wformat=2
	-fno-common)
if(BLKIO_WERROR)
	target_compile_options(blkio_flags INTERFACE -Werror)
endif()

# Hardening for whatever is optimized; the sanitizers have checks of their own.
if(NOT BLKIO_SANITIZE)
	target_compile_options(blkio_flags INTERFACE
		-fstack-protector-strong
		$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
		$<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
	check_c_compiler_flag(-fstack-clash-protection have_stack_clash_protection)
	if(have_stack_clash_protection)
		target_compile_options(blkio_flags INTERFACE -fstack-clash-protection)
	endif()
	target_link_options(blkio_flags INTERFACE LINKER:-z,relro,-z,now LINKER:-z,noexecstack LINKER:-z,defs)
else()
	target_compile_options(blkio_flags INTERFACE
		-fsanitize=${BLKIO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
	target_link_options(blkio_flags INTERFACE -fsanitize=${BLKIO_SANITIZE})
endif()
if(BLKIO_FUZZ)
	target_compile_options(blkio_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
