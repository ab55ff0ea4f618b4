#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# symbols.sh HEADER MAP LIBRARY STATIC: what the library exports is what the header declares and
# what the export map lists; nothing else, the static library neither; all of libblkio 1.5 is there;
# the soname stays, and the library asks for no other library than it may.
set -eu

# shellcheck disable=SC2034 # for report.sh
report_name=abi-symbols
here=$(dirname "$0")
# shellcheck source=tests/abi/report.sh
. "$here/report.sh"
header=${1:?header}
map=${2:?export map}
library=${3:?shared library}
static=${4:?static library}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
LC_ALL=C
export LC_ALL

# Both lists of names come from text that has no comments any more.
${CC:-cc} -E -P "$header" | grep -o -E '\bblkioq?_[a-z0-9_]+ *\(' | tr -d ' (' |
	sort -u >"$tmp/header"
${CC:-cc} -E -P -x c "$map" | tr '\n' ' ' | sed 's/local:.*//' | grep -o -E '[A-Za-z0-9_*?]+ *;' | tr -d ' ;' |
	sort -u >"$tmp/map"
nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
	sort -u >"$tmp/library"
nm -g --defined-only "$static" | awk 'NF == 3 { print $3 }' | sort -u >"$tmp/static"
grep -v '^#' "$here/symbols-1.5.txt" | sort -u >"$tmp/frozen"

# nothing_lacks LIST OTHER TEXT...: each name of LIST is in OTHER.
nothing_lacks()
{
	comm -23 "$tmp/$1" "$tmp/$2" >"$tmp/lacking"
	shift 2
	expect_none "$tmp/lacking" "$@"
}

if [ "$(wc -l <"$tmp/frozen")" -eq 43 ]; then
	pass
else
	fail "symbols-1.5.txt must list the 43 functions of libblkio 1.5"
fi
nothing_lacks frozen library "functions of libblkio 1.5 that are not exported"
nothing_lacks header library "declared, but not exported"
nothing_lacks library header "exported, but not declared"
nothing_lacks header static "declared, but not in the static library"
nothing_lacks static header "global in the static library, but not declared"
nothing_lacks header map "declared, but not in the export map"
nothing_lacks map header "in the export map, but not declared"
grep -v -E '^blkioq?_' "$tmp/library" >"$tmp/foreign" || true
expect_none "$tmp/foreign" "exported names that are not blkio_* or blkioq_*"

readelf -d -W "$library" >"$tmp/dynamic"
soname=$(sed -n 's/.*(SONAME).*\[\(.*\)\].*/\1/p' "$tmp/dynamic")
if [ "$soname" = libblkio.so.1 ]; then
	pass
else
	fail "the soname is '$soname', not libblkio.so.1"
fi

if nm -D --undefined-only "$library" | grep -q -E '__([atm]san|ubsan)_'; then
	skip "needed libraries: a sanitizer brings its own"
else
	sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' "$tmp/dynamic" |
		grep -v -E '^(libc\.|ld-linux|liburing\.so\.|libnvme\.so\.)' >"$tmp/needed" || true
	expect_none "$tmp/needed" "needs libraries beyond libc, liburing and libnvme"
fi
report
