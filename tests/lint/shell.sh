#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# shell.sh: shellcheck has nothing to say of the scripts.
set -eu
# shellcheck source=tests/lint/common.sh
. "$(dirname "$0")/common.sh"

check()
{
	shellcheck --external-sources --source-path=SCRIPTDIR "$1"
}

# The names have no spaces.
# shellcheck disable=SC2046
each lint-shell shellcheck .ci/run $(find cmake examples tests -name '*.sh' | sort)
