# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154
# blkio-bench on files. Sourced by programs.sh.

head -c 1048576 /dev/zero >"$dir/zeroes"
cp "$dir/zeroes" "$dir/disk"

run "$bench" --help
check "--help" exits 0
check "--help fits a terminal" fits_80_columns
check "--help has the usage" says "Usage: blkio-bench"
run "$bench" -V
check "-V" grep -qE '^blkio-bench [0-9]+\.[0-9]+\.[0-9]+$' "$dir/out"

run "$bench" --rw=randread --bs 512 --iodepth 8 --number_ios=1000 io_uring "path=$dir/disk"
check "a run" exits 0
check "the report fits a terminal" sh -c "tail -n +2 '$dir/out' | awk 'length > 80 { exit 1 }'"
check "the report has the requests" grep -qE '^ +1000 requests, ' "$dir/out"
check "the report has IOPS" grep -qE '^ +read +IOPS=[0-9]' "$dir/out"
check "the report has percentiles" grep -qE '99\.99 % +[0-9.]+ (ns|us|ms|s)' "$dir/out"
check "no live line without a terminal" silent

run "$bench" --rw=randread --runtime=1600ms --eta=always io_uring "path=$dir/disk"
check "--eta=always" complains "IOPS"
check "the report has the rates of each half second" grep -qE '^ +iops +min=.*, samples=[0-9]+$' \
	"$dir/out"
check "with them it fits a terminal" sh -c "tail -n +2 '$dir/out' | awk 'length > 80 { exit 1 }'"
run "$bench" --disable-lat --number_ios=10 io_uring "path=$dir/disk"
check "--disable_lat has no latencies" sh -c "! grep -q lat '$dir/out'"
run "$bench" io_uring "path=$dir/disk"
check "without limits the area is read once" says "256 requests, 1 MiB"
run "$bench" --size=64k --offset=512k --bs=16k io_uring "path=$dir/disk"
check "--size and --offset" says "4 requests, 64 KiB"

# Every kind of request and of waiting does exactly what it was asked for.
if command -v python3 >/dev/null; then
	for rw in read write randread randwrite; do
		for wait in block eventfd poll; do
			run "$bench" --rw=$rw --wait=$wait --bs=4k --iodepth=7 --numjobs=2 \
				--number_ios=500 --output-format=json io_uring "path=$dir/disk"
			check "$rw $wait" exits 0
			check "$rw $wait: the jobs" json 'len(d["jobs"]) == 2 and
				all(j[d["jobs"][0]["job options"]["rw"].replace("rand", "")]["total_ios"] == 500
				for j in d["jobs"])'
			check "$rw $wait: the total" json '(t := max((d["total"][k]
				for k in ("read", "write")), key=lambda t: t["total_ios"]))["io_bytes"] == 1000 * 4096 and
				t["lat_ns"]["N"] == 1000 and lat_is_sane(t["lat_ns"])'
		done
	done
	run "$bench" --rw=randread --runtime=1 --output_format=json io_uring "path=$dir/disk"
	check "--runtime" json '950 < d["total"]["read"]["runtime"] < 5000'
	check "IOPS fit the time" json '(lambda r: abs(r["iops"] * r["runtime"] / 1000 -
		r["total_ios"]) < 2)(d["total"]["read"])'
else
	skip "blkio-bench JSON" "python3 is not there"
fi

cp "$dir/zeroes" "$dir/disk"
run "$bench" --rw=write --bs=4k --iodepth=4 io_uring "path=$dir/disk"
check "a write" exits 0
# 4 KiB of random bytes without a zero among 64 in a row: no block was left out.
check "every block was written" sh -c "[ \"\$(od -An -v -tx1 -w64 '$dir/disk' |
	grep -c '^\( 00\)*\$')\" -eq 0 ]"
check "nothing was appended" [ "$(wc -c <"$dir/disk")" -eq 1048576 ]

cp "$dir/zeroes" "$dir/a"
cp "$dir/zeroes" "$dir/b"
cp "$dir/zeroes" "$dir/c"
"$bench" --rw=randwrite --number_ios=20 --randseed=5 io_uring "path=$dir/a" >/dev/null
"$bench" --rw=randwrite --number_ios=20 --randseed=5 io_uring "path=$dir/b" >/dev/null
"$bench" --rw=randwrite --number_ios=20 --randseed=6 io_uring "path=$dir/c" >/dev/null
check "the same seed is the same sequence" cmp "$dir/a" "$dir/b"
check "another seed is another one" sh -c "! cmp '$dir/a' '$dir/c'"

: >"$dir/grow"
run "$bench" --rw=write --size=64k io_uring "path=$dir/grow"
check "a file grows if --size says so" [ "$(wc -c <"$dir/grow")" -eq 65536 ]

run "$bench" --iodepth=500 --number_ios=2000 --rw=randread io_uring "path=$dir/disk"
check "more requests than num-entries" exits 0

refused 2 "DRIVER is missing" "$bench"
refused 2 "'--nonsense'" "$bench" --nonsense=1 io_uring
refused 2 "read|write" "$bench" --rw=sideways io_uring
refused 2 "'4x' is not a size" "$bench" --bs=4x io_uring
refused 2 "'-1' is not a number" "$bench" --iodepth=-1 io_uring
refused 2 "--numjobs: 0 is too small (at least 1)" "$bench" --numjobs=0 io_uring
refused 2 "--numjobs: 100000 is too large (at most 1024)" "$bench" --numjobs=100000 io_uring
refused 2 "is too large (at most 16 EiB)" "$bench" --size=99999999999999999999 io_uring
refused 2 "is too large (at most 16 EiB)" "$bench" --size=99999999p io_uring
refused 2 "is too large (at most 1 GiB)" "$bench" --bs=2g io_uring
refused 2 "is not a size" "$bench" --size=99999999999999999999x io_uring
refused 2 "--runtime: 11111111111 is too large (at most 87600h)" "$bench" --runtime=11111111111 \
	io_uring
refused 2 "--ramp_time: 9999999h is too large (at most 87600h)" "$bench" --ramp_time=9999999h \
	io_uring
refused 2 "is not a time" "$bench" --runtime=soon io_uring
refused 2 "neither 0 nor 1" "$bench" --direct=2 io_uring
refused 2 "--iodepth" "$bench" --batch=2 --iodepth=1 io_uring
refused 2 "--wait=block" "$bench" --batch=2 --iodepth=4 --wait=poll io_uring
refused 2 "--size is smaller" "$bench" --size=512 --bs=4k io_uring
refused 2 "beyond" "$bench" --offset=16383p --size=2p io_uring
refused 1 "'nonsense'" "$bench" nonsense path=x
refused 1 "$dir/missing" "$bench" io_uring "path=$dir/missing"
refused 1 "beyond the device" "$bench" --size=2m io_uring "path=$dir/disk"
refused 1 "no room" "$bench" --offset=1m io_uring "path=$dir/disk"
refused 1 "single-issuer=5" "$bench" io_uring "path=$dir/disk" single-issuer=5
refused 1 "poll queues" "$bench" --wait=pollqueue io_uring "path=$dir/disk"

# A write beyond the limit of the shell: the first error, with offset and reason.
run sh -c "trap '' XFSZ; ulimit -f 16; exec '$bench' --rw=write io_uring 'path=$dir/grow' \
	--size=1m"
check "a failed request" exits 1
check "its offset is told" grep -qE 'write of 4096 bytes at offset [0-9]+: ' "$dir/err"
check "its reason is told" complains "File too large"
check "what was done is still reported" says "IOPS"

"$bench" --rw=randread --runtime=60 --eta=always io_uring "path=$dir/disk" \
	>"$dir/out" 2>"$dir/err" &
background=$!
for i in 1 2 3 4 5 6 7 8 9 10; do	# until its first live line
	complains "IOPS" || sleep 1
done
kill -INT $background
wait $background
status=$?
background=
check "Ctrl-C ends a run" exits 0
check "and it reports" says "IOPS"
check "and says that it was interrupted" says "Interrupted"
