# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154
# blkio-bench: kinds of requests, limits, pace, batches. Sourced by programs.sh.

head -c 1048576 /dev/urandom >"$dir/jobs-disk"

# bench_json OPTION... [PROP=VALUE...]: a run on the file, its report as JSON.
bench_json() {
	run "$bench" --output-format=json "$@" io_uring "path=$dir/jobs-disk"
}

test_mix() {
	for rw in rw randrw; do
		bench_json --rw=$rw --rwmixread=75 --bs=4k --iodepth=8 --number_ios=4000
		check "$rw does all requests" json '(j := d["jobs"][0])["read"]["total_ios"] +
			j["write"]["total_ios"] == 4000'
		# 3000 are expected; 27 is the standard deviation
		check "$rw reads as often as asked for" \
			json '2800 < d["jobs"][0]["read"]["total_ios"] < 3200'
		check "$rw has times of both" json 'all(lat_is_sane(d["jobs"][0][k]["clat_ns"])
			for k in ("read", "write"))'
	done
	bench_json --readwrite=readwrite --direct=0 --number_ios=10
	check "readwrite is rw" json 'd["jobs"][0]["jobname"] == "rw" and
		d["jobs"][0]["read"]["total_ios"] + d["jobs"][0]["write"]["total_ios"] == 10'
	check "options of 0 or 1 are told" json '[d["jobs"][0]["job options"][k] for k in ("direct",
		"time_based", "disable_lat", "stonewall")] == [False, True, False, False]'
	bench_json --rw=randrw --rwmixread=100 --number_ios=100
	check "--rwmixread=100 only reads" json 'd["jobs"][0]["write"]["total_ios"] == 0'
	bench_json --rw=randrw --rwmixread=0 --number_ios=100
	check "--rwmixread=0 only writes" json 'd["jobs"][0]["read"]["total_ios"] == 0'
}

test_trim() {
	cp "$dir/jobs-disk" "$dir/trim"
	run "$bench" --rw=trim --bs=64k --offset=256k --size=256k io_uring "path=$dir/trim"
	if complains "cannot trim"; then
		skip "trims" "the file system cannot punch holes"
		check "trim is refused before the run" [ ! -s "$dir/out" ]
		return
	fi
	check "a trim" exits 0
	check "a trim is reported" grep -qE '^ +trim +IOPS=[0-9]' "$dir/out"
	check "what was trimmed is zeroes" sh -c "head -c 524288 '$dir/trim' |
		tail -c 262144 | cmp -n 262144 - /dev/zero"
	check "what is before it is not" cmp -n 262144 "$dir/jobs-disk" "$dir/trim"
	check "what is behind it is not" sh -c "tail -c 524288 '$dir/trim' >'$dir/a' &&
		tail -c 524288 '$dir/jobs-disk' | cmp - '$dir/a'"
	bench_json --rw=randtrim --bs=4k --number_ios=100 --iodepth=4
	check "randtrim" json 'd["jobs"][0]["trim"]["total_ios"] == 100'
}

test_limits() {
	bench_json --rw=read --bs=4k --size=64k --io_size=256k
	check "--io_size goes round" json 'd["jobs"][0]["read"]["total_ios"] == 64'
	bench_json --rw=read --bs=4k --io_size=1g --number_ios=10
	check "the smaller limit counts" json 'd["jobs"][0]["read"]["total_ios"] == 10'
	bench_json --rw=read --bs=4k --size=64k --runtime=20 --time_based=0
	check "--time_based=0 ends with the area" json 'd["jobs"][0]["read"]["total_ios"] == 16'
	bench_json --rw=read --bs=4k --size=4k --runtime=200ms --time_based
	check "--time_based goes round" json 'd["jobs"][0]["read"]["total_ios"] > 1'
	bench_json --rw=randread --ramp_time=300ms --runtime=300ms
	check "--ramp_time does not count" json '250 < d["total"]["read"]["runtime"] < 590'
	check "times are only of the measurement" json '(r := d["total"]["read"])["clat_ns"]["N"]
		== r["total_ios"] > 0'
	bench_json --rw=randread --ramp_time=200ms --number_ios=123
	check "--number_ios counts from the end of the ramp" \
		json 'd["total"]["read"]["total_ios"] == 123'
	for lat in 0 1; do
		bench_json --rw=randread --ramp_time=50ms --number_ios=1000 --iodepth=32 --disable_lat=$lat
		check "also at depth 32, disable_lat=$lat" json 'd["total"]["read"]["total_ios"] == 1000'
	done
	bench_json --rw=randread --rate_iops=2 --runtime=20ms
	check "no pause lasts beyond --runtime" json 'd["total"]["read"]["runtime"] < 90'
	set -- --rw=randread --rate_iops=1 --ramp_time=550ms --runtime=1us
	bench_json "$@"
	check "a run that measured nothing fails" exits 1
	check "it has a report" json 'd["total"]["read"]["total_ios"] == 0 and
		"no job came to the measurement" in d["error message"]'
	refused 1 "no job came to the measurement; --runtime is shorter" "$bench" "$@" \
		io_uring "path=$dir/jobs-disk"
	refused 2 "--readonly forbids --rw=randwrite" "$bench" --readonly --rw=randwrite io_uring
	refused 2 "--readonly forbids --rw=trim" "$bench" --readonly --rw=trim io_uring
	refused 2 "--readonly forbids --rw=rw" "$bench" --readonly --rw=rw io_uring
}

# On a busy machine a pace may be missed, but it is never exceeded.
test_pace() {
	for wait in block eventfd poll; do
		bench_json --rw=randread --rate_iops=400 --iodepth=4 --wait=$wait --runtime=1
		check "--rate_iops, $wait" json '200 < d["total"]["read"]["total_ios"] <= 405'
	done
	check "the rate of each half second is told" json '(r := d["jobs"][0]["read"])["iops_samples"]
		== r["bw_samples"] > 0 < r["iops_min"] <= r["iops_mean"] <= r["iops_max"] < 500
		and abs(r["bw_mean"] - r["iops_mean"] * 4) < 0.1'
	bench_json --rw=randread --rate_iops=100 --numjobs=2 --number_ios=20
	check "--rate_iops is for each job" json 'd["total"]["read"]["total_ios"] == 40 and
		180 < d["total"]["read"]["runtime"]'
}

test_batches() {
	bench_json --rw=randread --iodepth=16 --number_ios=999 --iodepth_batch_submit=3 \
		--iodepth_batch_complete_max=5
	check "batches" json 'd["total"]["read"]["total_ios"] == 999'
	bench_json --rw=randread --iodepth=16 --number_ios=999 --iodepth_batch_complete_min=16
	check "waiting for all" json 'd["total"]["read"]["total_ios"] == 999'
	bench_json --rw=randread --iodepth=32 --number_ios=3200 --iodepth_batch_complete_min=32
	check "the depth is told" json 'd["jobs"][0]["iodepth_level"]["32"] == 100'
	refused 2 "--iodepth_batch_complete_max is smaller" "$bench" --iodepth=8 \
		--iodepth_batch_complete_min=4 --iodepth_batch_complete_max=2 io_uring
}

test_vectored() {
	for rw in randread randwrite randrw; do
		bench_json --rw=$rw --bs=16k --vectored=4 --iodepth=4 --number_ios=200
		check "--vectored $rw" json 'sum(d["total"][k]["total_ios"] for k in ("read", "write")) == 200'
	done
	refused 2 "no 3 equal parts" "$bench" --bs=4k --vectored=3 io_uring
}

# interrupted OPTION...: a run that gets SIGINT when its first live line is there.
interrupted() {
	"$bench" --eta=always "$@" io_uring "path=$dir/jobs-disk" >"$dir/out" 2>"$dir/err" &
	background=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		complains "IOPS" || sleep 0.5
	done
	kill -INT $background
	wait $background
	status=$?
	background=
}

# Before the measurement: the signal may still come too late, so there are several tries.
test_early_signal() {
	for _ in 1 2 3 4 5; do
		: >"$dir/early"
		"$bench" --rw=write --iodepth=256 --bs=1m --size=256m --runtime=100ms io_uring \
			"path=$dir/early" >"$dir/out" 2>"$dir/err" &
		background=$!
		until grep -q '^SigCgt:.*[2367abef]$' /proc/$background/status; do
			[ -d /proc/$background/task ] || break
		done
		kill -INT $background
		wait $background
		status=$?
		background=
		complains "before the measurement began" && break
	done
	check "Ctrl-C before the measurement" exits 0
	check "is said" complains "before the measurement began"
	check "nothing was written" [ ! -s "$dir/early" ]
}

test_signals() {
	interrupted --rw=randread --ramp_time=60 --number_ios=1
	check "Ctrl-C in the ramp" exits 0
	check "says that nothing was measured" complains "before the measurement began"
	printf '[a]\nrw=randread\n[b]\nstonewall\n' >"$dir/x.fio"
	interrupted --jobfile="$dir/x.fio" --runtime=60
	check "Ctrl-C in the first group" exits 0
	check "reports it" says "a: rw=randread"
	check "and does not begin the second" sh -c "! grep -q '^b: ' '$dir/out'"
}

# What people try who know fio.
test_hints() {
	refused 2 "the driver takes its place" "$bench" --ioengine=libaio io_uring
	refused 2 "DRIVER path=FILE" "$bench" --filename=/dev/null io_uring
	refused 2 "leave it out" "$bench" --norandommap io_uring
	refused 2 "write bs" "$bench" --blocksize=4k io_uring
	refused 2 "write > FILE" "$bench" --output=x io_uring
	refused 2 "output-format=json" "$bench" --minimal io_uring
}

if command -v python3 >/dev/null; then
	test_mix
	test_limits
	test_pace
	test_batches
	test_vectored
else
	skip "blkio-bench jobs" "python3 is not there"
fi
test_trim
test_early_signal
test_signals
test_hints
