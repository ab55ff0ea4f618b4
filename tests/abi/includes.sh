#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# includes.sh ROOT: the tree is the architecture. Includes go one way, driver -> shared room ->
# lib -> include; no driver knows another; examples and conformance tests know the public header
# only (the rules are in includes.awk). And each header has a guard and compiles alone.
set -eu

# shellcheck disable=SC2034 # for report.sh
report_name=abi-includes
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/abi/report.sh
. "$here/report.sh"
cd "${1:?source root}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

find include lib drivers examples tests -type f -name '*.[ch]' | sort >"$tmp/files"
tr '\n' '\0' <"$tmp/files" | xargs -0 awk -f "$here/includes.awk" >"$tmp/wrong"
expect_none "$tmp/wrong" "includes that go the wrong way"

# The rules see what they should: each of these lines is against one.
mkdir -p "$tmp/bad/lib/util" "$tmp/bad/drivers/a" "$tmp/bad/drivers/b" "$tmp/bad/drivers/uring" \
	"$tmp/bad/drivers/virtio" "$tmp/bad/examples" "$tmp/bad/include" \
	"$tmp/bad/tests/conformance"
(
	cd "$tmp/bad"
	for header in lib/core.h lib/util/x.h drivers/a/a.h drivers/b/b.h drivers/uring/ring.h \
		drivers/virtio/vq.h; do
		: >$header
	done
	printf '#include "../lib/core.h"\n#include "b.h"\n' >drivers/a/a.c
	printf '#include "drivers/b/b.h"\n#include "lib/none.h"\n' >drivers/a/a2.c
	printf '#include "drivers/a/a.h"\n#include <liburing.h>\n' >lib/core.c
	printf '#include "drivers/a/a.h"\n#include "drivers/virtio/vq.h"\n' >drivers/uring/ring.c
	printf '#include "../lib/core.h"\n  # include <lib/core.h>\n' >examples/e.c
	printf '#include "lib/core.h"\n#include "blkio.h"\n' >tests/conformance/c.c
	printf '#include "lib/core.h"\n#include <drivers/a/a.h>\n' >include/blkio.h
	printf '#include "lib/core.h"\n#include "drivers/uring/ring.h"\n' >drivers/a/good.c
	printf '#include "core.h"\n#include "lib/util/x.h"\n#include <blkio.h>\n' >lib/good.c
	printf '#include "drivers/a/a.h"\n#include "lib/core.h"\n' >lib/driver_list.c
	awk -f "$here/includes.awk" drivers/*/*.c lib/*.c examples/e.c tests/conformance/c.c \
		include/blkio.h
) >"$tmp/seen"
if [ "$(wc -l <"$tmp/seen")" -eq 14 ] && ! grep -q -e good.c -e driver_list.c "$tmp/seen"; then
	pass
else
	fail "the rules miss wrong includes, or see them where there are none:"
	cat "$tmp/seen"
fi

cflags=
for package in liburing libnvme check json-c; do
	flags=$(pkg-config --cflags "$package" 2>/dev/null) && cflags="$cflags $flags"
done

grep '\.h$' "$tmp/files" >"$tmp/headers"
while read -r header; do
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" >"$tmp/alone.c"
	# shellcheck disable=SC2086 # a word per flag
	if ${CC:-cc} -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused -fsyntax-only \
		-I. -Iinclude -I"$(dirname "$header")" $cflags "$tmp/alone.c" 2>"$tmp/log"; then
		pass
	else
		fail "$header does not compile alone"
		head -n 5 "$tmp/log"
	fi
done <"$tmp/headers"

# The first directive of a header is #ifndef NAME, the second #define NAME.
while read -r header; do
	awk '
		/^#/ { n++; directive[n] = $1; name[n] = $2 }
		n == 2 { exit }
		END { exit !(directive[1] == "#ifndef" && directive[2] == "#define" &&
			     name[1] == name[2]) }
	' "$header" || echo "$header"
done <"$tmp/headers" >"$tmp/unguarded"
expect_none "$tmp/unguarded" "headers without a guard"
report
