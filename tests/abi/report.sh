# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
#
# How a test script counts and reports. Sourced with the name of the test in $report_name; the
# counters live in this shell, so pass, fail and skip must not be called in a pipeline.

: "${report_name:?the name of the test}"
report_passed=0
report_failed=0
report_skipped=0

pass()
{
	report_passed=$((report_passed + 1))
}

# fail TEXT...: what was wrong.
fail()
{
	report_failed=$((report_failed + 1))
	echo "FAIL $report_name: $*"
}

skip()
{
	report_skipped=$((report_skipped + 1))
	echo "SKIP $report_name: $*"
}

# expect_none FILE TEXT...: each line of FILE is a violation of the rule that TEXT tells.
expect_none()
{
	lines=$1
	shift
	if [ -s "$lines" ]; then
		fail "$*"
		sed 's/^/    /' "$lines"
	else
		pass
	fi
}

# The closing line; its status is that of the test.
report()
{
	echo "$report_name: $report_passed passed, $report_failed failed, $report_skipped skipped"
	[ $report_failed -eq 0 ]
}
