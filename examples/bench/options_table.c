// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The table of options, for the command line and for job files.
 */
#include "../common/number.h"
#include "options.h"

#define AT(field) offsetof(struct bench_options, field)

/* Ten years: sums of such times do not overflow. */
#define TIME_MAX_NS (10ULL * 365 * 24 * 3600 * NS_PER_SEC)

/* The order is that of enum rw, enum wait_mode, enum output_format and enum eta. */
const char *const options_rw_names[] = { "read",      "write",    "trim",   "rw",        "randread",
					 "randwrite", "randtrim", "randrw", "readwrite", NULL };
const char *const options_wait_names[] = { "block", "eventfd", "poll", "pollqueue", NULL };
static const char *const verify_names[] = { "none", "crc32c", NULL };
static const char *const format_names[] = { "normal", "json", NULL };
static const char *const eta_names[] = { "auto", "always", "never", NULL };

/* An option of fio that has no use here, and what to do instead. */
#define HINT(option, text)                                        \
	{                                                         \
		.name = (option), .kind = OPT_HINT, .arg = (text) \
	}

const struct opt options_table[] = {
	{ NULL, OPT_HEADING, 0, .help = "What is done:" },
	{ "jobfile", OPT_STRING, AT(jobfile),
	  .help = "file with jobs, see blkio-bench-job(5); - is stdin", .arg = "FILE",
	  .scope = SCOPE_PROGRAM },
	{ "rw", OPT_CHOICE, AT(rw), .help = "kind of requests (read)",
	  .arg = "read|write|trim|rw|randread|randwrite|randtrim|randrw",
	  .choices = options_rw_names },
	{ "readwrite", OPT_CHOICE, AT(rw),
	  .arg = "read|write|trim|rw|randread|randwrite|randtrim|randrw",
	  .choices = options_rw_names },
	{ "rwmixread", OPT_NUMBER, AT(rwmixread), .help = "rw, randrw: per cent of reads (50)",
	  .arg = "N", .max = 100 },
	{ "bs", OPT_SIZE, AT(bs), .help = "bytes of a request (4k)", .arg = "SIZE", .min = 1,
	  .max = 1ULL << 30 },
	{ "iodepth", OPT_NUMBER, AT(iodepth), .help = "requests in flight in each job (1)",
	  .arg = "N", .min = 1, .max = 65536 },
	{ "device", OPT_STRING, AT(device), .arg = "DRIVER PROP=VALUE ..." },
	{ "stonewall", OPT_BOOL, AT(stonewall), .arg = "0|1" },
	{ "numjobs", OPT_NUMBER, AT(numjobs), .help = "threads, each with its own queue (1)",
	  .arg = "N", .min = 1, .max = 1024 },
	{ "vectored", OPT_NUMBER, AT(vectored),
	  .help = "readv and writev with N equal buffers (0: not)", .arg = "N", .max = 1024 },
	{ "rate_iops", OPT_NUMBER, AT(rate_iops), .help = "at most N requests per second and job",
	  .arg = "N", .max = 1000000000 },
	{ "direct", OPT_BOOL, AT(direct), .help = "set the property \"direct\" (no page cache)",
	  .arg = "0|1" },
	{ "wait", OPT_CHOICE, AT(wait), .help = "how completions are waited for (block)",
	  .arg = "block|eventfd|poll|pollqueue", .choices = options_wait_names },
	{ "verify", OPT_CHOICE, AT(verify), .help = "write checksums and read them back (none)",
	  .arg = "none|crc32c", .choices = verify_names },
	{ "verify_only", OPT_BOOL, AT(verify_only),
	  .help = "only check what the same options have written", .arg = "0|1" },
	{ "iodepth_batch_submit", OPT_NUMBER, AT(batch_submit),
	  .help = "queue up to N before each do_io (all)", .arg = "N", .max = 65536 },
	{ "iodepth_batch_complete_min", OPT_NUMBER, AT(batch_min),
	  .help = "--wait=block: wait for N at a time (1)", .arg = "N", .min = 1, .max = 65536 },
	{ "iodepth_batch_complete_max", OPT_NUMBER, AT(batch_max),
	  .help = "take up to N from each do_io (all)", .arg = "N", .max = 65536 },
	{ "iodepth_batch", OPT_NUMBER, AT(batch_submit), .max = 65536 },
	{ "batch", OPT_NUMBER, AT(batch_min), .min = 1, .max = 65536 },

	{ NULL, OPT_HEADING, 0,
	  .help = "Where and how long (without limit: until each job has done the area once):" },
	{ "offset", OPT_SIZE, AT(offset), .help = "start of the area that is used (0)",
	  .arg = "SIZE" },
	{ "size", OPT_SIZE, AT(size), .help = "size of that area (up to the end of the device)",
	  .arg = "SIZE" },
	{ "io_size", OPT_SIZE, AT(io_size), .help = "stop each job after that many bytes",
	  .arg = "SIZE" },
	{ "number_ios", OPT_NUMBER, AT(number_ios), .help = "stop each job after N requests",
	  .arg = "N" },
	{ "runtime", OPT_TIME, AT(runtime_ns),
	  .help = "stop after that time, such as 10, 500ms, 2m", .arg = "TIME",
	  .max = TIME_MAX_NS },
	{ "time_based", OPT_BOOL, AT(time_based),
	  .help = "with --runtime alone: begin the area anew (1)", .arg = "0|1" },
	{ "ramp_time", OPT_TIME, AT(ramp_ns), .help = "run so long before that, unmeasured (0)",
	  .arg = "TIME", .max = TIME_MAX_NS },
	{ "randseed", OPT_NUMBER, AT(randseed), .help = "start of the random sequence (1)",
	  .arg = "N" },
	{ "readonly", OPT_BOOL, AT(readonly), .help = "refuse to write or trim", .arg = "0|1",
	  .scope = SCOPE_PROGRAM },
	{ "allow-mounted-write", OPT_BOOL, AT(allow_mounted_write),
	  .help = "write even to a device that is in use", .arg = "0|1", .scope = SCOPE_PROGRAM },

	{ NULL, OPT_HEADING, 0, .help = "What is shown:" },
	{ "name", OPT_STRING, AT(name), .help = "what the report calls the job (as --rw)",
	  .arg = "TEXT", .scope = SCOPE_PROGRAM },
	{ "output-format", OPT_CHOICE, AT(output_format), .help = "form of the report (normal)",
	  .arg = "normal|json", .choices = format_names, .scope = SCOPE_PROGRAM },
	{ "plot", OPT_STRING, AT(plot), .help = "draw IOPS over time and latencies",
	  .arg = "FILE.svg", .scope = SCOPE_PROGRAM },
	{ "eta", OPT_CHOICE, AT(eta), .help = "live line on stderr (auto: on a terminal)",
	  .arg = "auto|always|never", .choices = eta_names, .scope = SCOPE_PROGRAM },
	{ "disable_lat", OPT_BOOL, AT(disable_lat), .help = "take no time stamps: no latencies",
	  .arg = "0|1" },
	{ "gtod_reduce", OPT_BOOL, AT(disable_lat), .arg = "0|1" },
	{ "help", OPT_FLAG, AT(help), .help = "print this text (-h)", .scope = SCOPE_PROGRAM },
	{ "version", OPT_FLAG, AT(version), .help = "print the version (-V)",
	  .scope = SCOPE_PROGRAM },

	HINT("ioengine", "the driver takes its place, DRIVER or device=DRIVER ... in a job file"),
	HINT("wait_for_previous", "write stonewall"),
	HINT("description", "write a comment, which begins with #"),
	HINT("include", "there is one job file"),
	HINT("filename", "write DRIVER path=FILE, or device=DRIVER path=FILE in a job file"),
	HINT("directory", "write the whole path of the file in path=FILE"),
	HINT("filesize", "--size is the area that is used; a file must be there already"),
	HINT("output", "the report goes to standard output, so write > FILE"),
	HINT("minimal", "write output-format=json"),
	HINT("rwmixwrite", "write rwmixread, which is the rest to 100"),
	HINT("blocksize", "write bs"),
	HINT("bsrange", "all requests of a job have the size bs; use several jobs"),
	HINT("bssplit", "all requests of a job have the size bs; use several jobs"),
	HINT("buffered", "write direct=0"),
	HINT("iodepth_low", "write iodepth_batch_complete_min"),
	HINT("hipri", "write wait=pollqueue"),
	HINT("sqthread_poll", "it is a property of the driver, see 'blkio-info io_uring'"),
	HINT("fixedbufs", "leave it out: buffers are registered anyway"),
	HINT("registerfiles", "leave it out: files are registered anyway"),
	HINT("thread", "leave it out: each job is a thread"),
	HINT("group_reporting", "leave it out: the report has each job and all together"),
	HINT("norandommap", "leave it out: blocks are drawn independently, except with verify"),
	HINT("random_generator", "there is one generator; randseed sets its start"),
	HINT("allrandrepeat", "leave it out: the sequence is always the same; see randseed"),
	HINT("randrepeat", "leave it out: the sequence is always the same; see randseed"),
	HINT("rate", "write rate_iops, which is the rate divided by bs"),
	HINT("rate_min", "there is only rate_iops"),
	HINT("loops", "write io_size, which may be a multiple of size"),
	HINT("invalidate", "write direct=1 to leave the page cache out"),
	HINT("fsync", "no flushes are made"),
	HINT("fdatasync", "no flushes are made"),
	HINT("end_fsync", "no flushes are made"),
	HINT("cpus_allowed", "start the program with taskset(1)"),
	HINT("numa_cpu_nodes", "start the program with numactl(8)"),
	HINT("do_verify", "leave it out: with verify it is always so"),
	HINT("verify_fatal", "leave it out: all blocks are checked, the first fault is shown"),
	HINT("exitall", "leave it out: a job that fails ends all of them"),
	HINT("write_bw_log", "use --plot or --output-format=json"),
	HINT("write_lat_log", "use --plot or --output-format=json"),
	HINT("write_iops_log", "use --plot or --output-format=json"),
	{ 0 },
};
