#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# header.sh HEADER: the public header compiles alone, in every dialect that a user may write and
# with each compiler that is here, without a warning; and every declaration says what it is for.
set -eu

# shellcheck disable=SC2034 # for report.sh
report_name=abi-header
# shellcheck source=tests/abi/report.sh
. "$(dirname "$0")/report.sh"
header=${1:?header}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# compiles COMPILER DIALECT LANGUAGE: twice included, as the guard must hold too.
compiles()
{
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" >"$tmp/alone"
	if "$1" -std="$2" -x "$3" -pedantic -Wall -Wextra -Wundef -Werror -fsyntax-only \
		"$tmp/alone" 2>"$tmp/log"; then
		pass
	else
		fail "does not compile with $1 -std=$2"
		head -n 5 "$tmp/log"
	fi
}

# dialects COMPILER LANGUAGE DIALECT...
dialects()
{
	compiler=$1 language=$2
	shift 2
	if ! command -v "$compiler" >/dev/null; then
		skip "$compiler is not installed"
		return
	fi
	for dialect in "$@"; do
		compiles "$compiler" "$dialect" "$language"
	done
}

header=$(realpath "$header")
for compiler in gcc clang; do
	dialects $compiler c c99 c11 gnu17
done
for compiler in g++ clang++; do
	dialects $compiler c++ c++11 c++20
done

# A declaration begins in the first column, with a type, on a line with the function's name.
awk '
	/^[a-z].*[ *]blkioq?_[a-z0-9_]+\(/ && !/^static |^#/ {
		found++
		if (before !~ /\*\/$/)
			print FNR ": " $0
	}
	{ before = $0 }
	END {
		if (found < 43)
			print "only " found + 0 " declarations found"
	}
' "$header" >"$tmp/silent"
expect_none "$tmp/silent" "declarations without a comment line before them"
report
