#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# house.sh ROOT: the form of the tree. Known names at the top level only, a licence line in each
# file that can hold one, no file of C that has outgrown a reader, nothing left undone.
set -eu

# shellcheck disable=SC2034 # for report.sh
report_name=abi-house
# shellcheck source=tests/abi/report.sh
. "$(dirname "$0")/report.sh"
cd "${1:?source root}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
max_lines=600

# The files that git has or would add; without git, everything outside of build directories.
git ls-files --cached --others --exclude-standard >"$tmp/listed" 2>/dev/null || true
if [ ! -s "$tmp/listed" ]; then
	find . -path ./.git -prune -o -path './build*' -prune -o -path ./.cache -prune -o \
		-type f -print | sed 's,^\./,,' >"$tmp/listed"
fi
# A file that was deleted but not yet committed is listed still.
while read -r file; do
	[ ! -f "$file" ] || echo "$file"
done <"$tmp/listed" >"$tmp/files"

# matching REGEX: the files whose name matches.
matching()
{
	grep -E "$1" "$tmp/files" || true
}

sed 's,/.*,,' "$tmp/files" | sort -u | grep -v -x -E \
	-e '(lib|include|drivers|examples|tests|man|cmake|\.ci)' \
	-e '(CMakeLists\.txt|CMakePresets\.json|LICENSE-MIT|LICENSE-APACHE)' \
	-e '(README|ARCHITECTURE|CONTRIBUTING|CHANGELOG|SECURITY)\.md' \
	-e '\.(clang-format|clang-tidy|editorconfig|gitignore|gitattributes|mailmap|github)' \
	>"$tmp/unknown" || true
expect_none "$tmp/unknown" "names that do not belong to the top level"

# Sources, scripts, build files and manual pages, and whatever begins with "#!".
matching '\.([chS]|sh|awk|py|map|cmake|in|ya?ml|[1-9])$|(^|/)CMakeLists\.txt$' >"$tmp/licensed"
while read -r file; do
	head -c 2 "$file" | grep -q '^#!' && echo "$file"
done <"$tmp/files" >>"$tmp/licensed" || true
sort -u "$tmp/licensed" | while read -r file; do
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT OR Apache-2\.0' || echo "$file"
done >"$tmp/unlicensed"
expect_none "$tmp/unlicensed" "files without a licence line in their first three lines"

matching '^(lib|drivers|examples|tests)/.*\.[ch]$' | while read -r file; do
	lines=$(wc -l <"$file")
	[ "$lines" -le $max_lines ] || echo "$file: $lines lines"
done >"$tmp/long"
expect_none "$tmp/long" "files of more than $max_lines lines"

# Written so that this line is not found itself.
matching '\.([ch]|sh|awk|py|map|cmake|in|md|[1-9])$' | tr '\n' '\0' |
	xargs -0 grep -n -w -E 'TO''DO|FIX''ME|XX''X' /dev/null >"$tmp/undone" || true
expect_none "$tmp/undone" "marks of work that is not done"

matching '\.([ch]|sh|awk|map|cmake|in|md|txt|[1-9])$' | tr '\n' '\0' |
	xargs -0 grep -n -E '[[:blank:]]+$' /dev/null >"$tmp/trailing" || true
expect_none "$tmp/trailing" "lines that end with blanks"
report
