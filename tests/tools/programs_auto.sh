# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154
# The driver "auto", with io_uring and where that is forbidden. Sourced by programs.sh.

head -c 1048576 /dev/urandom >"$dir/auto"

# forbidden ERRNO PROGRAM...
forbidden() {
	errno=$1
	shift
	run "$without_io_uring" "$errno" "$@"
}

test_with_io_uring() {
	run "$info" --get=driver auto "path=$dir/auto"
	check "auto is io_uring" says io_uring
	run "$info" auto
	check "blkio-info auto" says single-issuer
}

# EPERM is what the filters of containers say, ENOSYS an older kernel.
test_forbidden() {
	for errno in 1 38; do
		forbidden $errno "$info" --get=driver --start auto "path=$dir/auto"
		check "auto is threads, errno $errno" exits 0
		check "auto says threads, errno $errno" says threads
	done
	forbidden 1 "$info" --start io_uring "path=$dir/auto"
	check "io_uring itself is refused" exits 1
	check "io_uring itself says why" complains "seccomp filter of a container"
	forbidden 1 "$bench" --rw=randread --iodepth=8 --number_ios=1000 --wait=eventfd auto \
		"path=$dir/auto"
	check "blkio-bench auto" exits 0
	rm -f "$dir/auto2"
	forbidden 1 "$copy" --create --verify auto "path=$dir/auto" to auto "path=$dir/auto2"
	check "blkio-copy auto" exits 0
	check "blkio-copy auto: the same bytes" cmp "$dir/auto" "$dir/auto2"
}

# Too little memory, or too few file descriptors, is for the user to see.
test_other_errors() {
	for errno in 12 24; do
		forbidden $errno "$info" --start auto "path=$dir/auto"
		check "auto does not hide errno $errno" exits 1
		check "auto says io_uring, errno $errno" complains "io_uring: cannot start"
	done
}

if "$info" --start io_uring "path=$dir/auto" >/dev/null 2>&1; then
	test_with_io_uring
else
	skip "auto with io_uring" "there is no io_uring here"
fi
"$without_io_uring" 1 true
case $? in
0)
	test_forbidden
	test_other_errors
	;;
*) skip "auto without io_uring" "no seccomp filter can be set here" ;;
esac
