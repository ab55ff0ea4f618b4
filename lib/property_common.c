// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The table of properties that every driver has. The values live in struct blkio; drivers set
 * b->limits in init and connect. A driver whose value lives elsewhere has a row of that name.
 */
#include "lib/property_common.h"

#include "lib/driver.h"

#define LIMIT(field) offsetof(struct blkio, limits.field)

static int get_driver(struct blkio *b, union prop_value *v)
{
	v->str = b->driver->name;
	return 0;
}

static int get_capacity(struct blkio *b, union prop_value *v)
{
	return b->driver->get_capacity(b, &v->u64);
}

const struct blkio_prop common_props[] = {
	{ "driver", BLKIO_PROP_STR, .get = get_driver, .summary = "name of the driver" },
	{ "read-only", BLKIO_PROP_BOOL, offsetof(struct blkio, read_only),
	  .set_until = BLKIO_CREATED, .summary = "refuse requests that change the device" },
	{ "capacity", BLKIO_PROP_UINT64, .get = get_capacity, .get_from = BLKIO_CONNECTED,
	  .summary = "size of the device in bytes" },

	{ "num-queues", BLKIO_PROP_INT, offsetof(struct blkio, num_queues), .def.i = 1,
	  .set_from = BLKIO_CONNECTED, .set_until = BLKIO_CONNECTED,
	  .check = prop_check_not_negative, .summary = "queues to make at start" },
	{ "num-poll-queues", BLKIO_PROP_INT, offsetof(struct blkio, num_poll_queues),
	  .set_from = BLKIO_CONNECTED, .set_until = BLKIO_CONNECTED,
	  .check = prop_check_not_negative, .summary = "poll queues to make at start" },
	{ "max-queues", BLKIO_PROP_INT, LIMIT(max_queues), .get_from = BLKIO_CONNECTED,
	  .summary = "most queues of both kinds together" },
	{ "can-add-queues", BLKIO_PROP_BOOL, LIMIT(can_add_queues),
	  .summary = "queues can be added after start" },
	{ "supports-poll-queues", BLKIO_PROP_BOOL, LIMIT(supports_poll_queues),
	  .summary = "poll queues are possible" },

	{ "needs-mem-regions", BLKIO_PROP_BOOL, LIMIT(needs_mem_regions),
	  .summary = "data buffers must lie in mapped memory regions" },
	{ "needs-mem-region-fd", BLKIO_PROP_BOOL, LIMIT(needs_mem_region_fd),
	  .summary = "memory regions must have a file descriptor" },
	{ "may-pin-mem-regions", BLKIO_PROP_BOOL, LIMIT(may_pin_mem_regions),
	  .summary = "pages of the application's mapped memory may be pinned" },
	{ "max-mem-regions", BLKIO_PROP_UINT64, LIMIT(max_mem_regions), .get_from = BLKIO_CONNECTED,
	  .summary = "most memory regions mapped at a time" },
	{ "mem-region-alignment", BLKIO_PROP_UINT64, LIMIT(mem_region_alignment),
	  .get_from = BLKIO_CONNECTED,
	  .summary = "alignment of memory regions and of their lengths, in bytes" },

	{ "request-alignment", BLKIO_PROP_INT, LIMIT(request_alignment),
	  .get_from = BLKIO_CONNECTED,
	  .summary = "alignment of start and length of requests, in bytes" },
	{ "optimal-io-alignment", BLKIO_PROP_INT, LIMIT(optimal_io_alignment),
	  .get_from = BLKIO_CONNECTED,
	  .summary = "best alignment of start and length of requests, in bytes" },
	{ "optimal-io-size", BLKIO_PROP_INT, LIMIT(optimal_io_size), .get_from = BLKIO_CONNECTED,
	  .summary = "best length of requests, in bytes; 0 is unknown" },
	{ "buf-alignment", BLKIO_PROP_INT, LIMIT(buf_alignment), .get_from = BLKIO_CONNECTED,
	  .summary = "alignment of data buffers and of their lengths, in bytes" },
	{ "optimal-buf-alignment", BLKIO_PROP_INT, LIMIT(optimal_buf_alignment),
	  .get_from = BLKIO_CONNECTED, .summary = "best alignment of data buffers, in bytes" },
	{ "max-segments", BLKIO_PROP_INT, LIMIT(max_segments), .get_from = BLKIO_CONNECTED,
	  .summary = "most buffers in a request" },
	{ "max-segment-len", BLKIO_PROP_INT, LIMIT(max_segment_len), .get_from = BLKIO_CONNECTED,
	  .summary = "longest buffer in a request, in bytes; 0 is no limit" },
	{ "max-transfer", BLKIO_PROP_INT, LIMIT(max_transfer), .get_from = BLKIO_CONNECTED,
	  .summary = "longest read or write, in bytes; 0 is no limit" },
	{ "max-write-zeroes-len", BLKIO_PROP_UINT64, LIMIT(max_write_zeroes_len),
	  .get_from = BLKIO_CONNECTED,
	  .summary = "longest write zeroes request, in bytes; 0 is no limit" },
	{ "max-discard-len", BLKIO_PROP_UINT64, LIMIT(max_discard_len), .get_from = BLKIO_CONNECTED,
	  .summary = "longest discard request, in bytes; 0 is no limit" },
	{ "max-secure-erase-len", BLKIO_PROP_UINT64, LIMIT(max_secure_erase_len),
	  .get_from = BLKIO_CONNECTED,
	  .summary =
		  "most that is securely erased at a time, in bytes; 0 if that is not possible" },
	{ "discard-alignment", BLKIO_PROP_INT, LIMIT(discard_alignment),
	  .get_from = BLKIO_CONNECTED,
	  .summary = "alignment of start and length of discards, in bytes" },
	{ "discard-alignment-offset", BLKIO_PROP_INT, LIMIT(discard_alignment_offset),
	  .get_from = BLKIO_CONNECTED,
	  .summary = "where the first aligned discard begins, in bytes" },

	{ "can-grow", BLKIO_PROP_BOOL, LIMIT(can_grow),
	  .summary = "writes past the end make the device longer" },
	{ "flush-needed", BLKIO_PROP_BOOL, LIMIT(flush_needed),
	  .summary = "written data is persistent only after a flush" },
	{ "supports-fua-natively", BLKIO_PROP_BOOL, LIMIT(supports_fua_natively),
	  .summary = "a write with BLKIO_REQ_FUA needs no flush behind it" },

	{ "zoned", BLKIO_PROP_INT, LIMIT(zoned),
	  .summary = "zones of the device: 0 none, 1 host-aware, 2 host-managed" },
	{ "zone-size", BLKIO_PROP_UINT64, LIMIT(zone_size),
	  .summary = "from the start of a zone to that of the next, in bytes" },
	{ "nr-zones", BLKIO_PROP_UINT64, LIMIT(nr_zones), .summary = "zones of the device" },
	{ "max-open-zones", BLKIO_PROP_INT, LIMIT(max_open_zones),
	  .summary = "most zones open at a time; 0 is no limit" },
	{ "max-active-zones", BLKIO_PROP_INT, LIMIT(max_active_zones),
	  .summary = "most zones open or closed at a time; 0 is no limit" },
	{ "append-support", BLKIO_PROP_BOOL, LIMIT(append_support),
	  .summary = "data can be appended to zones" },
	{ "zone-append-max-bytes", BLKIO_PROP_UINT64, LIMIT(zone_append_max_bytes),
	  .summary = "longest append to a zone, in bytes" },
	{ 0 },
};
