# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Reads what "ctest --verbose" prints. Shows a line for each test with its counts, the tests that
# were skipped and why, and everything that a failed test has printed. Appends the counts of each
# test to the file `counts`, and what its failures say of themselves to `failures`. A test that prints no counts counts as one that failed.

/^[0-9]+: / {
	id = $1 + 0
	line = substr($0, length($1) + 2)
	output[id] = output[id] line "\n"
	if (line ~ /^FAIL |:[FE]:/)
		fails[id] = fails[id] "    " line "\n"
	if (line ~ /^SKIP /)
		skips[id] = skips[id] "    " line "\n"
	if (line ~ /: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/)
		summary[id] = line
	next
}

# " 3/20 Test  #3: name ....   Passed    0.05 sec"
/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
	match($0, /#[0-9]+/)
	id = substr($0, RSTART + 1, RLENGTH - 1) + 0
	split(substr($0, RSTART + RLENGTH + 2), words, " ")
	finish(id, words[1], $0 ~ / Passed +[0-9.]+ sec/, $(NF - 1))
}

function finish(id, name, ok, seconds,    n, passed, failed, skipped)
{
	n = split(summary[id], words, /[ ,:]+/)
	passed = n < 6 ? 0 : words[n - 5]
	failed = n < 6 ? 0 : words[n - 3]
	skipped = n < 6 ? 0 : words[n - 1]
	if (n < 6 || (!ok && !failed))
		failed++
	printf "%-4s %-28s %5d passed, %d failed, %d skipped  (%.1f s)\n", failed ? "FAIL" : "ok",
		name, passed, failed, skipped, seconds
	printf "%s", skips[id]
	if (failed) {
		printf "---- output of %s (%s)\n%s----\n", name, preset, output[id]
		printf "FAIL %s (%s)\n%s", name, preset, fails[id] >>failures
	}
	print passed, failed, skipped >>counts
	fflush()
}
