#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Every example in the pages compiles without a warning. Whole programs are linked with the
# library, too, and those that a comment in the page marks are run:
#
#	.\" example: FILE	with a file of 1 MiB as argument
#	.\" example:		without arguments
#
# Usage: examples.sh <man folder> <include folder> <library file> <compiler> [<flag>...]

suite="man-examples"
man_dir=$1
include=$2
lib=$3
cc=$4
shift 4
. "$(dirname "$0")/common.sh"

# Writes each literal block of a page to <work>/<page>.<number>.c, or to .frag or .struct if it
# is not a whole program; its mark goes to .run.
extract() {
	awk -v out="$work/$(basename "$1")" '
	function kind() {
		if (text ~ /\nint main\(/)
			return ".c"
		return text ~ /^struct [a-z_]+ \{\n/ ? ".struct" : ".frag"
	}
	/^\.\\" example:/ { mark = 1; argument = $3; next }
	/^\.Bd -literal/ { inside = 1; text = ""; next }
	/^\.Ed/ && inside {
		base = out "." ++n
		printf "%s", text >(base kind())
		if (mark)
			print argument >(base ".run")
		inside = mark = 0
		next
	}
	inside { gsub(/\\&/, ""); gsub(/\\e/, "\\"); text = text $0 "\n" }
	' "$1"
}

compile() {
	"$cc" -std=gnu17 -Wall -Wextra -Wshadow -Werror "$@" 2>"$work/errors" || {
		cat "$work/errors"
		return 1
	}
}

# A fragment uses names that the text around it makes plain.
wrap() {
	cat <<-'EOF'
		#include <blkio.h>
		#include <errno.h>
		#include <stdio.h>
		#include <stdlib.h>
		int fragment(struct blkio *b, struct blkioq *q, struct blkio_zone *zone, char *buf);
		int fragment(struct blkio *b, struct blkioq *q, struct blkio_zone *zone, char *buf)
		{
			(void)b; (void)q; (void)zone; (void)buf;
	EOF
	cat "$1"
	echo 'return 0; }'
}

no_io_uring() {
	grep -Eq "io_uring is (not available|switched off|restricted|forbidden)|no driver is called" "$1"
}

run() {
	program=$1
	argument=$2
	[ "$argument" = FILE ] && argument=$work/file
	if "$program" ${argument:+"$argument"} >/dev/null 2>"$work/stderr"; then
		pass
	elif no_io_uring "$work/stderr"; then
		skip "$(basename "$program") runs" "$(cat "$work/stderr")"
	else
		fail "$(basename "$program") runs: $(cat "$work/stderr")"
	fi
}

programs=0
dd if=/dev/zero of="$work/file" bs=65536 count=16 2>/dev/null
for page in $(real_pages '*.[37]'); do
	extract "$page"
done

for source in "$work"/*.frag; do
	wrap "$source" >"$work/wrapped"
	compile -fsyntax-only -x c -I "$include" "$work/wrapped"
	check "$(basename "$source") compiles"
done
for source in "$work"/*.c; do
	program=${source%.c}
	programs=$((programs + 1))
	if ! compile -I "$include" "$source" "$@" "$lib" -o "$program"; then
		fail "$(basename "$source") compiles"
		continue
	fi
	pass
	if [ -e "$program.run" ]; then run "$program" "$(cat "$program.run")"; fi
done
[ "$programs" -ge 7 ]
check "all the programs were found"
finish
