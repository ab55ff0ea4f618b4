#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# vhost-user-syscalls.sh BUILD: while the back-end polls, a request costs no system call.
#
# strace counts those of a run with few and of one with many requests: polling, and blocking with a
# poll-max-ns that the back-end keeps. Their number must be the same but for the looks at the
# connection, which come at most once in so many polls of the ring that found nothing.
set -eu

# shellcheck disable=SC2034 # for report.sh
report_name=bench-vhost-user-syscalls
here=$(dirname "$0")
# shellcheck source=tests/abi/report.sh
. "$here/../abi/report.sh"
# shellcheck source=tests/bench/bench.sh
. "$here/bench.sh"
bench_init "${1:?which build directory?}"

few=1000
many=101000

# calls N OPTION...: the system calls of a run with N requests.
calls()
{
	n=$1
	shift
	strace -f -o "$tmp/strace" "$loops/loop_blkio" --requests="$n" --depth=32 "$@" \
		>"$tmp/log" 2>&1 || die "loop_blkio $*: $(cat "$tmp/log")"
	wc -l <"$tmp/strace"
}

# check_none WHAT OPTION...
check_none()
{
	what=$1
	shift
	lots=$(calls $many "$@")
	less=$(calls $few "$@")
	echo "system calls, $what: $less with $few requests, $lots with $many"
	if [ $((lots - less)) -lt 100 ]; then
		pass
	else
		fail "$what: $((lots - less)) system calls more for $((many - few)) requests more"
		awk '{ sub(/\(.*/, ""); n[$2]++ } END { for (c in n) print "    ", n[c], c }' \
			"$tmp/strace"
	fi
}

if ! command -v strace >/dev/null; then
	skip "strace is not installed"
elif ! strace -o "$tmp/strace" true 2>"$tmp/why"; then
	skip "strace cannot trace: $(cat "$tmp/why")"
elif [ ! -x "$server" ]; then
	skip "the server is not built"
elif nm -D --undefined-only "$(bench_loaded "")" | grep -q -E '__([atm]san|ubsan)_'; then
	skip "the library is built with a sanitizer, which makes system calls of its own"
else
	for form in packed split; do
		# shellcheck disable=SC2046 # an option or none
		server_start --poll $(server_form $form)
		check_none "polling, $form" --mode=polling "$tmp/socket" \
			driver=virtio-blk-vhost-user
		check_none "blocking, $form" --mode=blocking "$tmp/socket" \
			driver=virtio-blk-vhost-user poll-max-ns=1000000000
	done
fi
report
