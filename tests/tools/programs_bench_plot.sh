# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154
# blkio-bench --plot. Sourced by programs.sh.

head -c 1048576 /dev/urandom >"$dir/plot-disk"

svg() { python3 "$here/svg_is.py" "$1" <"$dir/plot.svg"; }

# plot OPTION...: a run with a picture.
plot() {
	rm -f "$dir/plot.svg"
	run "$bench" --plot="$dir/plot.svg" "$@"
}

test_one_curve() {
	plot --rw=randread --iodepth=8 --runtime=600ms io_uring "path=$dir/plot-disk"
	check "--plot" exits 0
	check "a curve over time and one of latencies" svg \
		'len(curves) == 1 and len(curves[0]) > 4 and len(areas) == 1'
	check "the axes have names" svg \
		'all(t in texts for t in ("IOPS", "time in seconds", "share of requests"))'
	check "the job is told" svg \
		'"randread, 4 KiB requests, depth 8, 1 job, wait=block" in texts'
	check "percentiles are told" svg '"p50" in texts and
		any(all(p in t for p in ("p50 ", "p99 ", "p99.9 ")) for t in texts)'
	plot --rw=randread --number_ios=1 io_uring "path=$dir/plot-disk"
	check "a run of one request has a picture" svg 'len(areas) == 1'
	plot --rw=randread --number_ios=100 --disable_lat io_uring "path=$dir/plot-disk"
	check "a picture without latencies" svg '"not measured (disable_lat)" in texts'
	for text in "$(printf 'a\377b')" aääääääääääääääääääääääääääääääääääääääääääääääää \
		ääääääääääääääääääääääääääääääääääääääääääääääääää; do
		plot --number_ios=10 --name="$text" --output-format=json io_uring "path=$dir/plot-disk"
		check "a name that is long or no UTF-8" svg 'len(areas) == 1'
		check "also in JSON" json 'd["jobs"][0]["jobname"].startswith(("a?b", "aä", "ää"))'
	done
	plot --rw=read --rate_iops=1 --runtime=1us --ramp_time=300ms --output-format=json io_uring \
		"path=$dir/plot-disk"
	check "a picture of no requests" svg '"there were no requests" in texts'
}

test_several_curves() {
	cat >"$dir/x.fio" <<-EOF
		[global]
		device=io_uring path=$dir/plot-disk
		runtime=300ms
		[<a> & b]
		rw=randrw
		[c]
		stonewall
		rw=read
		rate_iops=100
	EOF
	plot --jobfile="$dir/x.fio"
	check "a picture of several jobs" exits 0
	check "each kind of request is a curve" svg 'len(areas) == 3'
	check "names are escaped" svg 'any(t.startswith("<a> & b, write: ") for t in texts)'
	check "far apart, they are on a logarithmic scale" svg '"IOPS, logarithmic" in texts'
}

if command -v python3 >/dev/null; then
	test_one_curve
	test_several_curves
else
	skip "blkio-bench --plot" "python3 is not there"
fi
rm -f "$dir/plot.svg"
run "$bench" --plot="$dir/plot.svg" io_uring "path=$dir/missing"
check "a run that failed leaves no picture" [ ! -e "$dir/plot.svg" ]
refused 1 "--plot: cannot write $dir/none/x.svg" "$bench" --plot="$dir/none/x.svg" io_uring \
	"path=$dir/plot-disk"
