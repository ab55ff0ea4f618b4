#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# A shell in the guest of the tests, with all devices there: see run.sh. Control-A X ends QEMU.
exec "$(dirname "$0")/run.sh" --shell "$@"
