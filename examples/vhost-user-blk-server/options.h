/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The options of vhost-user-blk-server. Names that other vhost-user back-ends have (--socket-path,
 * --fd, --blk-file, --read-only, --print-capabilities) mean the same here.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../common/opts.h"
#include "blk.h"
#include "conn.h"
#include "worker.h"
#include "zoned.h"

struct options {
	/* As given; of those that are words, the last one counts. */
	struct opt_words socket_path, control, blk_file, no, fail, serial_words, words;
	uint64_t fd; /* UINT64_MAX: none */
	uint64_t memory, size;
	int null, read_only, once, poll;
	uint64_t poll_ns, num_queues, threads, queue_size_max, mem_slots;
	uint64_t block_size, physical_block_size, size_max, seg_max;
	uint64_t max_discard_sectors, max_discard_seg;
	uint64_t max_write_zeroes_sectors, max_write_zeroes_seg;
	uint64_t max_secure_erase_sectors, max_secure_erase_seg;
	uint64_t zone_size, zone_capacity, conventional_zones;
	uint64_t max_open_zones, max_active_zones, max_append;
	uint64_t delay_ns, exit_after, exit_after_messages;
	int print_capabilities, help, version;
};

/* The result is a status, see msg.h. options_finish() is right after any result. */
int options_parse(struct options *o, char **argv);
void options_finish(struct options *o);
void options_print_help(void);

/* The last of the words, or NULL. */
const char *options_last(const struct opt_words *words);
bool options_zoned(const struct options *o);
/* Parse all --fail into blk. The result is a status. */
int options_get_fails(const struct options *o, struct blk *blk);

#endif /* SERVER_OPTIONS_H */
