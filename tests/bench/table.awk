# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Input: lines "mode bs round contestant iops". Output: a row for each mode and bs with the median
# over the rounds of iops / (iops of uring in the same round), and in plain form the quartiles too.
# Variables: columns (the contestants), other (the title of that one), markdown (not "" for that).

function median(list, n, at,    i, j, x)
{
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (j = i - 1; j > 0 && list[j] > x; j--)
			list[j + 1] = list[j]
		list[j + 1] = x
	}
	i = 1 + (n - 1) * at
	j = int(i)
	return j == n ? list[n] : list[j] + (list[j + 1] - list[j]) * (i - j)
}

function cell(row, who,    r, n, list)
{
	n = 0
	for (r = 1; r <= rounds; r++) {
		if ((row, r, who) in iops)
			list[++n] = iops[row, r, who] / iops[row, r, "uring"]
	}
	if (!n)
		return "-"
	if (markdown)
		return sprintf("%.2f", median(list, n, 0.5))
	return sprintf("%.3f (%.2f..%.2f)", median(list, n, 0.5), median(list, n, 0.25),
		       median(list, n, 0.75))
}

{
	row = $1 SUBSEP $2
	if (!(row in seen)) {
		seen[row] = 1
		rows[++nrows] = row
	}
	iops[row, $3, $4] = $5
	if ($3 > rounds)
		rounds = $3
}

END {
	title["uring"] = "hand-written loop"
	title["ours"] = "libblkio"
	title["other"] = other
	title["fio"] = "fio io_uring"
	ncolumns = split(columns, who, " ")
	head = markdown ? "| depth 32, from the page cache |" : sprintf("%-18s", "")
	line = "|---|"
	for (c = 1; c <= ncolumns; c++) {
		head = head (markdown ? " " title[who[c]] " |" : sprintf(" %-22s", title[who[c]]))
		line = line "--:|"
	}
	print head
	if (markdown)
		print line
	for (i = 1; i <= nrows; i++) {
		split(rows[i], key, SUBSEP)
		name = key[2] " B, " key[1]
		out = markdown ? "| " name " |" : sprintf("%-18s", name)
		for (c = 1; c <= ncolumns; c++) {
			value = who[c] == "uring" ? "1" : cell(rows[i], who[c])
			out = out (markdown ? " " value " |" : sprintf(" %-22s", value))
		}
		print out
	}
}
