#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# format.sh: every C file is as clang-format leaves it.
set -eu
# shellcheck source=tests/lint/common.sh
. "$(dirname "$0")/common.sh"

check()
{
	clang-format "$1" | diff -u "$1" - >&2
}

# The names have no spaces.
# shellcheck disable=SC2046
each lint-format clang-format $(find include lib drivers examples tests -name '*.[ch]' | sort)
