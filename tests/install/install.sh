#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# install.sh SOURCE BUILD: what is installed is what users need. The build is installed into a
# temporary prefix; then one small program is built in each of the ways in which a project can use
# the library (pkg-config, static, find_package, add_subdirectory), and run.
set -eu

# shellcheck disable=SC2034 # for report.sh
report_name=install
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/abi/report.sh
. "$here/../abi/report.sh"
source=$(realpath "${1:?source directory}")
build=$(realpath "${2:?build directory}")
version=1.6.0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
prefix=$tmp/prefix
log=$tmp/log

# cached NAME: a variable of the build, so that users' projects are built with the same tools.
cached()
{
	sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"
}

# must TEXT COMMAND...: the command has to succeed; its last words are shown if it does not.
must()
{
	text=$1
	shift
	if "$@" >"$log" 2>&1; then
		pass
	else
		fail "$text: $*"
		tail -n 15 "$log" | sed 's/^/    /'
		return 1
	fi
}

# installed PATH...: each exists below the prefix.
installed()
{
	for path in "$@"; do
		[ -e "$prefix/$path" ] || echo "$path"
	done
}

check_files()
{
	functions=$(${CC:-cc} -E -P "$prefix/include/blkio.h" |
		grep -o -E '\bblkioq?_[a-z0-9_]+ *\(' | tr -d ' (')
	{
		installed bin/blkio-info bin/blkio-bench bin/blkio-copy include/blkio.h \
			"$lib/libblkio.so" "$lib/libblkio.so.1" "$lib/libblkio.so.$version" \
			"$lib/libblkio.a" "$lib/pkgconfig/blkio.pc" \
			"$lib/cmake/blkio/blkioConfig.cmake" \
			"$lib/cmake/blkio/blkioConfigVersion.cmake" \
			share/man/man7/blkio.7 share/man/man1/blkio-info.1 \
			share/man/man1/blkio-bench.1 share/man/man5/blkio-bench-job.5
		for function in $functions; do
			installed "share/man/man3/$function.3"
		done
	} >"$tmp/missing"
	expect_none "$tmp/missing" "not installed"
	(cd "$prefix/include" && find . -type f ! -name blkio.h) >"$tmp/surplus"
	expect_none "$tmp/surplus" "installed headers that are not public"
	(cd "$prefix" && grep -r -l -I -F -e "$source" -e "$build" .) >"$tmp/tied" || true
	expect_none "$tmp/tied" "installed files that name the place where they were built"
	must "an installed program must find the library" \
		env LD_LIBRARY_PATH="$prefix/$lib" "$prefix/bin/blkio-info" --help || true
}

# run PROGRAM EXPECTATION: with the installed library in reach.
run()
{
	LD_LIBRARY_PATH=$prefix/$lib "$1" "$2"
}

# blkio.pc has the prefix that was configured; --prefix came later.
pc()
{
	PKG_CONFIG_PATH=$prefix/$lib/pkgconfig \
		pkg-config --define-variable=prefix="$prefix" "$@" blkio
}

# compiled PROGRAM COMPILER FLAG...: the consumer, by hand.
compiled()
{
	out=$tmp/$1 compiler=$2
	shift 2
	must "a program must link" "$compiler" -Wall -Wextra -Werror "$@" -o "$out"
}

check_pkg_config()
{
	must "pkg-config must know blkio" pc --exists --print-errors || return 0
	if [ "$(pc --modversion)" = $version ]; then
		pass
	else
		fail "pkg-config says version $(pc --modversion), not $version"
	fi
	# shellcheck disable=SC2046 # a word per flag
	if compiled by_pc "$cc" "$here/consumer/consumer.c" $(pc --cflags --libs); then
		must "a program by pkg-config must run" run "$tmp/by_pc" with || true
	fi
	if ! command -v c++ >/dev/null; then
		skip "C++: no compiler"
		return
	fi
	# shellcheck disable=SC2046
	if compiled by_cxx c++ -x c++ "$here/consumer/consumer.c" -x none \
		$(pc --cflags --libs); then
		must "a C++ program must run" run "$tmp/by_cxx" with || true
	fi
}

check_static()
{
	echo 'int main(void) { return 0; }' >"$tmp/empty.c"
	if ! $cc -static "$tmp/empty.c" -luring -o "$tmp/empty" >"$log" 2>&1; then
		skip "static program: no static libc or liburing: $(tail -n 1 "$log")"
		return
	fi
	# shellcheck disable=SC2046
	compiled by_static "$cc" -static "$here/consumer/consumer.c" \
		$(pc --cflags --static --libs) || return 0
	must "a static program must run" "$tmp/by_static" with || true
	if readelf -d "$tmp/by_static" | grep -q NEEDED; then
		fail "the static program needs shared libraries"
	else
		pass
	fi
}

# configured NAME VARIABLE=VALUE...: the user's project.
configured()
{
	dir=$tmp/$1
	shift
	set -- -S "$here/consumer" -B "$dir" -G "$(cached CMAKE_GENERATOR)" \
		-D CMAKE_C_COMPILER="$(cached CMAKE_C_COMPILER)" \
		-D CMAKE_BUILD_TYPE="$(cached CMAKE_BUILD_TYPE)" "$@"
	cmake "$@"
}

# built NAME EXPECTATION: both programs of the user's project build and run.
built()
{
	must "$1 must build" cmake --build "$tmp/$1" -j 2 --target consumer_blkio \
		--target consumer_blkio_static || return 0
	for kind in blkio blkio_static; do
		must "$1 must run" "$tmp/$1/consumer_$kind" "$2" || true
	done
	if ldd "$tmp/$1/consumer_blkio_static" | grep -q libblkio; then
		fail "$1: blkio_static is not static"
	else
		pass
	fi
}

check_find_package()
{
	must "find_package must find 1.6" configured package \
		-D CMAKE_PREFIX_PATH="$prefix" -D BLKIO_WANTED=1.6 || return 0
	built package with
	must "1.6 must do for who wants 1.5" configured older \
		-D CMAKE_PREFIX_PATH="$prefix" -D BLKIO_WANTED=1.5 || true
	for newer in 1.7 2.0; do
		if configured "newer-$newer" -D CMAKE_PREFIX_PATH="$prefix" \
			-D BLKIO_WANTED=$newer >"$log" 2>&1; then
			fail "1.6 must not do for who wants $newer"
		else
			pass
		fi
	done
}

check_subproject()
{
	must "add_subdirectory must work" configured subproject -D BLKIO_SOURCE="$source" ||
		return 0
	built subproject with
}

check_driver_off()
{
	must "a driver can be switched off" configured without -D BLKIO_SOURCE="$source" \
		-D BLKIO_DRIVER_IO_URING=OFF -D BLKIO_DRIVER_NVME=OFF || return 0
	built without without
	if ldd "$tmp/without/consumer_blkio" | grep -q -E 'liburing|libnvme'; then
		fail "without the drivers on io_uring, their libraries are still needed"
	else
		pass
	fi
}

must "cmake --install" cmake --install "$build" --prefix "$prefix" || {
	report
	exit
}
library=$(cd "$prefix" && find . -name 'libblkio.so.1' | head -n 1)
lib=$(dirname "${library#./}")
cc=$(cached CMAKE_C_COMPILER)
check_files
if nm -D --undefined-only "$prefix/$lib/libblkio.so.1" | grep -q -E '__([atm]san|ubsan)_'; then
	skip "users' projects: they would have to be built with the sanitizer as well"
else
	check_pkg_config
	check_static
	check_find_package
	check_subproject
	check_driver_off
fi
report
