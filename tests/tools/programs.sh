#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The tools and samples as a user meets them: output, JSON, exit statuses, messages.
#
#	programs.sh DIRECTORY-WITH-THE-PROGRAMS PATH-OF-no_io_uring
# The variables are for the parts that are sourced below.
# shellcheck disable=SC2034
set -u

bin=${1:?usage: programs.sh DIRECTORY PATH}
without_io_uring=${2:?usage: programs.sh DIRECTORY PATH}
info=$bin/blkio-info
bench=$bin/blkio-bench
copy=$bin/blkio-copy
server=$bin/vhost-user-blk-server/vhost-user-blk-server
for program in "$info" "$bench" "$copy"; do
	[ -x "$program" ] || { echo "tools: $program is not there" >&2; exit 1; }
done
here=$(cd "$(dirname "$0")" && pwd)

dir=$(mktemp -d) || exit 1
loops=
mounts=
background=
clean_up() {
	[ -z "$background" ] || kill "$background" 2>/dev/null
	for m in $mounts; do umount "$m"; done
	for l in $loops; do losetup -d "$l"; done
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

passed=0
failed=0
skipped=0

# check NAME CONDITION...: one test. On failure, what the last program said is shown.
check() {
	name=$1
	shift
	if "$@" >/dev/null 2>&1; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "FAIL $name: $*"
	echo "     status $status"
	sed 's/^/     stdout: /' "$dir/out" | head -n 20
	sed 's/^/     stderr: /' "$dir/err" | head -n 20
}

skip() {
	skipped=$((skipped + 1))
	echo "SKIP $1: $2"
}

# Run a program; its status, stdout and stderr are for the conditions below.
status=0
run() {
	"$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
}

# ---- conditions ----

exits() { [ "$status" -eq "$1" ]; }
says() { grep -qF -e "$1" "$dir/out"; }
complains() { grep -qF -e "$1" "$dir/err"; }
silent() { [ ! -s "$dir/err" ]; }
fits_80_columns() { ! grep -q '.\{81\}' "$dir/out"; }
json() { python3 "$here/json_is.py" "$1" <"$dir/out"; }

# refused STATUS TEXT PROGRAM...: the program says TEXT on stderr, nothing on stdout.
refused() {
	want=$1
	text=$2
	shift 2
	run "$@"
	check "$(basename "$1") refuses" exits "$want"
	check "$(basename "$1") says why" complains "$text"
	check "$(basename "$1") prints no report" [ ! -s "$dir/out" ]
}

for t in "$here"/programs_*.sh; do
	# shellcheck source=/dev/null
	. "$t"
done

echo "tools: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
