# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154
# blkio-bench with job files. Sourced by programs.sh.

head -c 1048576 /dev/urandom >"$dir/file-disk"

job_file() {
	cat >"$dir/x.fio"
}

test_groups() {
	job_file <<-EOF
		[global]
		device=io_uring path=$dir/file-disk
		number_ios=200
		[writers]
		rw=randwrite
		numjobs=2
		[readers]
		rw=randread
		bs=8k
		wait=poll
		[after]
		stonewall
		rw=read
		number_ios=50
	EOF
	run "$bench" --jobfile="$dir/x.fio" --output-format=json
	check "a job file" exits 0
	check "its jobs" json '[(j["jobname"], j["groupid"], j["job"]) for j in d["jobs"]] ==
		[("writers", 0, 0), ("writers", 0, 1), ("readers", 0, 0), ("after", 1, 0)]'
	check "what each did" json '[[j[k]["total_ios"] for k in ("read", "write", "trim")]
		for j in d["jobs"]] == [[0, 200, 0], [0, 200, 0], [200, 0, 0], [50, 0, 0]]'
	check "what a group did" json '[g["read"]["total_ios"] for g in d["groups"]] == [200, 50]
		and d["groups"][0]["write"]["io_bytes"] == 400 * 4096'
	run "$bench" --jobfile="$dir/x.fio"
	check "a job file as text" exits 0
	check "the report of a file fits a terminal" fits_80_columns_but_device
	check "sections are told" sh -c "grep -q '^writers: ' '$dir/out' &&
		grep -q '^after: ' '$dir/out' && grep -q '^Group 0: 2 sections' '$dir/out'"
	run "$bench" --jobfile="$dir/x.fio" --number_ios=3 --output-format=json
	check "the command line counts more" json 'all(j["read"]["total_ios"] + j["write"]["total_ios"] == 3
		for j in d["jobs"])'
	run sh -c "grep -v device '$dir/x.fio' | '$bench' --jobfile=- threads 'path=$dir/file-disk'"
	check "a job file from stdin, the device from the command line" exits 0
	refused 2 "--readonly forbids --rw=randwrite" "$bench" --readonly --jobfile="$dir/x.fio"
}

fits_80_columns_but_device() { ! grep -v '^  device' "$dir/out" | grep -q '.\{81\}'; }

# The second group reads what the first has made; when it fails, the first is still reported.
test_one_after_the_other() {
	: >"$dir/grows"
	job_file <<-EOF
		[global]
		device=io_uring path=$dir/grows
		[make]
		rw=write
		size=64k
		[use]
		stonewall
		rw=read
		[too much]
		stonewall
		rw=read
		size=128k
	EOF
	run "$bench" --jobfile="$dir/x.fio"
	check "a section that does not fit" exits 1
	check "it is named" complains "too much: --offset and --size reach beyond the device"
	check "those before it are reported" says "16 requests, 64 KiB"
	check "it has no report" sh -c "! grep -qE '^too much:|null' '$dir/out'"
	run "$bench" --jobfile="$dir/x.fio" --output-format=json
	check "it is not in the total" json '0 < d["total"]["write"]["runtime"] < 60000 and
		[j["jobname"] for j in d["jobs"]] == ["make", "use"]'
	check "the report tells why it ended" json '"too much: --offset and --size reach beyond" in
		d["error message"]'
}

test_faults() {
	printf '[a]\nbs=4k\nbz=1\n' | job_file
	refused 2 "$dir/x.fio:3: there is no key 'bz'" "$bench" --jobfile="$dir/x.fio" io_uring
	refused 1 "cannot open the job file $dir/none" "$bench" --jobfile="$dir/none"
	refused 2 "a job file is given with --jobfile" "$bench" "$dir/x.fio"
	refused 1 "no job file" "$bench" --jobfile=/dev/zero
	refused 1 "cannot read the job file" "$bench" --jobfile="$dir"
}

# The example of the manual, with a shorter time and on a file system that may know no O_DIRECT.
test_example() {
	truncate -s 64M "$dir/disk.img"
	awk '/^\.Bd -literal/ { inside = !done; next } /^\.Ed/ { done = 1; inside = 0 } inside' \
		"$man/blkio-bench-job.5" | sed "s|/tmp/disk.img|$dir/disk.img|" >"$dir/x.fio"
	run "$bench" --jobfile="$dir/x.fio" --runtime=100ms --ramp_time=0 --direct=0
	if complains "cannot trim"; then
		skip "the example of blkio-bench-job(5)" "the file system cannot punch holes"
		return
	fi
	check "the example of blkio-bench-job(5)" exits 0
	check "all its sections" [ "$(grep -cE '^(fill|readers|steady writer|trim): ' "$dir/out")" -eq 4 ]
}

# What --help has is in the manuals.
test_manuals() {
	"$bench" --help | sed -n 's/^  --\([a-z_-]*\).*/\1/p' >"$dir/names"
	check "--help has options" [ "$(wc -l <"$dir/names")" -gt 20 ]
	while read -r name; do
		check "blkio-bench(1) has --$name" grep -qE "^\.(It )?Fl .*-$name( |\$)" \
			"$man/blkio-bench.1"
	done <"$dir/names"
	sed -n 's/^\.It Cm \([a-z_]*\) .*/\1/p' "$man/blkio-bench-job.5" | grep -v '^stonewall$' |
		while read -r name; do
			"$bench" "--$name" 2>&1 | grep -q "unknown option" && echo "$name"
		done >"$dir/unknown"
	check "the keys of blkio-bench-job(5) are there" [ ! -s "$dir/unknown" ]
}

man=$here/../../man
test_example
test_manuals
if command -v python3 >/dev/null; then
	test_groups
	test_one_after_the_other
else
	skip "blkio-bench groups" "python3 is not there"
fi
test_faults
