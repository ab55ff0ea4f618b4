# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# What the build and the tests need, by the names of Debian's packages, and how to get it. To be
# sourced by scripts: examples/quickstart.sh, tests/run.sh.
#
#	. cmake/deps.sh
#	deps_install $DEPS_BUILD $DEPS_TESTS || exit 1

# The words of these lists are separate arguments: use them without quotes.
# shellcheck disable=SC2034
DEPS_BUILD="gcc libc6-dev cmake ninja-build pkg-config liburing-dev libnvme-dev libjson-c-dev"
# shellcheck disable=SC2034
DEPS_TESTS="g++ clang libclang-rt-14-dev clang-format clang-tidy shellcheck check mandoc python3 util-linux e2fsprogs \
valgrind strace fio qemu-system-common \
qemu-system-x86 busybox-static cpio kmod xz-utils iproute2"

deps_command() {
	command -v "$1" >/dev/null 2>&1
}

# A library that pkg-config finds: NAME [OLDEST-VERSION]
deps_library() {
	deps_command pkg-config && pkg-config --atleast-version="${2:-0}" "$1" 2>/dev/null
}

# A program for root, which the PATH of others may not show.
deps_program() {
	deps_command "$1" || [ -x "/sbin/$1" ] || [ -x "/usr/sbin/$1" ]
}

deps_libc() {
	deps_command cc && echo '#include <stdio.h>' | cc -E -o /dev/null - 2>/dev/null
}

# The run-time libraries of clang's sanitizers.
deps_sanitizers() {
	deps_command clang && echo 'int main(void) { return 0; }' |
		clang -fsanitize=address -x c - -o /dev/null 2>/dev/null
}

# CMake 3.25 or newer.
deps_cmake() {
	deps_command cmake && cmake --version |
		awk 'NR == 1 { split($3, v, "."); exit !(v[1] > 3 || (v[1] == 3 && v[2] >= 25)) }'
}

# Is what the package brings there? Looks for the thing itself, not for the package, so that it
# is right on every distribution and with things that were installed by hand.
deps_have() {
	case $1 in
	gcc) deps_command cc ;;
	libc6-dev) deps_libc ;;
	cmake) deps_cmake ;;
	ninja-build) deps_command ninja ;;
	liburing-dev) deps_library liburing 2.3 ;;
	libnvme-dev) deps_library libnvme 1.3 ;;
	libjson-c-dev) deps_library json-c ;;
	libclang-rt-14-dev) deps_sanitizers ;;
	check) deps_library check ;;
	util-linux) deps_program losetup ;;
	e2fsprogs) deps_program mkfs.ext4 ;;
	qemu-system-common) deps_command qemu-storage-daemon ;;
	qemu-system-x86) deps_command qemu-system-x86_64 ;;
	busybox-static) deps_command busybox ;;
	kmod) deps_program depmod ;;
	xz-utils) deps_command xz ;;
	iproute2) deps_program vdpa ;;
	*) deps_command "$1" ;;
	esac
}

# Print those of the packages that are missing, in one line.
deps_missing() {
	for deps_package in "$@"; do
		deps_have "$deps_package" || printf '%s ' "$deps_package"
	done
}

# Install those of the packages that are missing, and say which. Fails with an explanation where
# that is not possible.
deps_install() {
	deps_list=$(deps_missing "$@")
	deps_list=${deps_list% }
	if [ -z "$deps_list" ]; then
		echo "Nothing is missing."
		return 0
	fi
	if ! deps_command apt-get; then
		echo "These are missing (the names are those of Debian's packages): $deps_list" >&2
		echo "There is no apt-get here: please install them, then start again." >&2
		return 1
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "These packages are missing: $deps_list" >&2
		echo "Start again as root, or first do: sudo apt-get install $deps_list" >&2
		return 1
	fi
	echo "Installing: $deps_list"
	deps_apt_get "$deps_list" || return 1
	deps_list=$(deps_missing "$@")
	if [ -n "$deps_list" ]; then
		echo "Installed, but still missing or too old: $deps_list" >&2
		return 1
	fi
}

# The output is shown only if something goes wrong.
deps_apt_get() {
	deps_log=$(mktemp) || return 1
	# shellcheck disable=SC2086
	if DEBIAN_FRONTEND=noninteractive apt-get -q update >"$deps_log" 2>&1 &&
		DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $1 \
			>>"$deps_log" 2>&1; then
		rm -f "$deps_log"
		return 0
	fi
	tail -n 20 "$deps_log" >&2
	echo "apt-get failed; all that it said is in $deps_log" >&2
	return 1
}
