#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Header, export map and pages agree: each function has a page with its exact prototype and is
# exported; there is no page and no exported name for anything else. A struct that a page prints
# is the one of the header.
#
# Usage: api.sh <man folder> <blkio.h> <libblkio.map>

suite="man-api"
man_dir=$1
header=$2
map=$3
. "$(dirname "$0")/common.sh"

# One space where there must be one, none elsewhere, so that only the words count.
normalize() {
	sed -e 's/[[:space:]][[:space:]]*/ /g' -e 's/ *\([][*(),;{}]\) */\1/g' -e 's/^ //' -e 's/ $//'
}

without_comments() {
	awk '{ text = text $0 "\n" }
	END {
		while ((a = index(text, "/*")) && (n = index(substr(text, a + 2), "*/")))
			text = substr(text, 1, a - 1) substr(text, a + n + 3)
		printf "%s", text
	}' "$1"
}

# "<prototype>" for each function of the header.
header_prototypes() {
	without_comments "$header" | grep -v '^#' | tr '\n' ' ' | tr ';' '\n' | normalize |
		grep -E 'blkioq?_[a-z0-9_]+\(' | sort
}

# "<prototype>" for each .Ft and .Fo in the synopsis of a page.
page_prototypes() {
	awk '
	function words(line) {
		sub(/^\.F[tao] */, "", line)
		gsub(/"/, "", line)
		return line
	}
	/^\.Sh/ { inside = /SYNOPSIS/ }
	!inside { next }
	/^\.Ft/ { type = words($0) }
	/^\.Fo/ { text = type " " words($0) "("; sep = "" }
	/^\.Fa/ { text = text sep words($0); sep = "," }
	/^\.Fc/ { print text ")" }
	' "$1" | normalize | sort
}

name_of() {
	echo "$1" | sed 's/^.*[ *]\(blkio[a-z0-9_]*\)(.*$/\1/'
}

has_name() {
	awk '/^\.Sh/ { inside = /NAME/ } inside && /^\.Nm/ { print $2 }' "$1" | grep -qx "$2"
}

# Whether a page, which may be a link to the page of a relative, is about the function.
documents() {
	[ -s "$man_dir/$1.3" ] && page_prototypes "$man_dir/$1.3" | grep -Fqx "$2" && has_name "$man_dir/$1.3" "$1"
}

# The names between the braces of the map, without what is local.
exported() {
	without_comments "$map" | sed 's/#.*//' | tr ';{}' '\n' |
		sed -e 's/^[[:space:]]*global:[[:space:]]*//' -e 's/[[:space:]]//g' | grep '^blkio' | sort
}

# "<body>" for each struct that a page prints, in one line each.
page_structs() {
	awk '
	/^\.Bd -literal/ { getline; inside = /^struct [a-z_]+ \{$/; text = "" }
	/^\.Ed/ && inside { print text; inside = 0 }
	inside { text = text " " $0 }
	' "$1" | normalize
}

header_prototypes >"$work/header"
[ "$(wc -l <"$work/header")" -gt 40 ]
check "the functions of $header can be told"
while read -r prototype; do
	name=$(name_of "$prototype")
	echo "$name" >>"$work/names"
	documents "$name" "$prototype"
	check "$name.3 exists and has the prototype: $prototype"
done <"$work/header"
sort -o "$work/names" "$work/names"

for page in "$man_dir"/*.3; do
	grep -qx "$(basename "$page" .3)" "$work/names"
	check "$(basename "$page") is about a function of the header"
done
for page in $(real_pages '*.3'); do
	page_prototypes "$page" | grep -vFxf "$work/header" >"$work/unknown"
	[ ! -s "$work/unknown" ]
	check "$(basename "$page") has only prototypes of the header: $(cat "$work/unknown")"
done

exported >"$work/exported"
diff "$work/names" "$work/exported"
check "header and export map name the same functions"

without_comments "$header" | tr '\n' ' ' | normalize >"$work/header-line"
for page in $(real_pages '*.[37]'); do
	page_structs "$page" >"$work/structs"
	while read -r text; do
		grep -Fq "$text" "$work/header-line"
		check "$(basename "$page"): a struct is that of the header: $text"
	done <"$work/structs"
done
finish
