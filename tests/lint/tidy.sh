#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# tidy.sh BUILD: clang-tidy over the library, with the flags of the build.
set -eu
# shellcheck source=tests/lint/common.sh
. "$(dirname "$0")/common.sh"
build=$1

check()
{
	clang-tidy -p "$build" --quiet "$1" 2>/dev/null
}

each lint-tidy clang-tidy lib/*.c lib/util/*.c drivers/*/*.c
