/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A vhost-user block back-end that follows a script and breaks the rules as it says. It is a
 * process of its own, so that it can be killed; the first connection follows the script, later
 * ones find an honest back-end.
 */
#ifndef TESTS_FAKES_FAKE_BACKEND_H
#define TESTS_FAKES_FAKE_BACKEND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "drivers/virtio/virtio_blk_wire.h"
#include "tests/fakes/fake_device.h"

/* What is wrong with the answer to script->spoilt. */
enum fake_spoil {
	SPOIL_NOTHING,
	SPOIL_SILENCE,      /* it never comes */
	SPOIL_DRIP,         /* it comes byte by byte, in time */
	SPOIL_SLOW_DRIP,    /* it comes byte by byte, and takes a second or more */
	SPOIL_HALF,         /* it ends in the middle, and the connection with it */
	SPOIL_HALF_SILENCE, /* it ends in the middle */
	SPOIL_NO_REPLY_FLAG,
	SPOIL_VERSION,
	SPOIL_REQUEST,
	SPOIL_SHORT,
	SPOIL_LONG,
	SPOIL_HUGE,
	SPOIL_FDS,   /* right, with descriptors that nobody asked for */
	SPOIL_VALUE, /* script->value instead of what is true */
	SPOIL_CLOSE, /* the connection ends instead */
};

/* What is done with requests. */
enum fake_rings {
	RINGS_SILENT,    /* once the serial number is told */
	RINGS_SERVE,     /* with success; data is not touched */
	RINGS_SERVE_ONE, /* only the first */
	RINGS_STRICT,    /* an error for a request that has not the form of the specification */
	RINGS_BAD_ID,
	RINGS_TWICE,
	RINGS_TOO_LONG,
	RINGS_BAD_STATUS,
	RINGS_NO_STATUS,
	RINGS_SCRIBBLE,  /* random bytes all over the memory of the rings */
	RINGS_BLOCK_FDS, /* make the eventfds blocking and full, then serve nothing */
};

/* What the test tells the back-end to do once it runs: see fake_backend_do(). */
enum fake_command {
	COMMAND_NONE,
	COMMAND_GROW,     /* the capacity doubles, and the client is told */
	COMMAND_GROW_ASK, /* the same, and it waits for the client's answer before it serves on */
	COMMAND_SAME,     /* the client is told of a change, but there is none */
	COMMAND_FLOOD,    /* the same, over and over */
	COMMAND_STRANGE,  /* asks for what we do not have, with descriptors */
	COMMAND_GARBAGE,  /* bytes that are no message, on the back-end's own channel */
	COMMAND_HALF,     /* half a message there */
	COMMAND_HUGE,     /* one with a payload of 4 GiB there */
	COMMAND_HANG_UP,  /* that channel ends, the connection does not */
	COMMAND_ERROR,    /* it gives the queue up */
	NR_COMMANDS,
};

/* What is wrong with a report of zones, or with where data was appended. */
enum fake_zones {
	ZONES_HONEST,
	ZONES_NONE,     /* there are none, it says */
	ZONES_TOO_MANY, /* more than fit in the memory for the report */
	ZONES_ABSURD,   /* 2^64 - 1 */
	ZONES_START,    /* a zone begins elsewhere */
	ZONES_CAPACITY, /* a zone can hold more than it is long */
	ZONES_OVERFLOW, /* numbers that are too large in bytes */
	ZONES_POINTER,  /* the write pointer is outside */
	ZONES_TYPE,
	ZONES_STATE,
	ZONES_APPEND_BEFORE, /* data goes in front of the zone, */
	ZONES_APPEND_BEHIND, /* behind it, */
	ZONES_APPEND_ABSURD, /* beyond 2^64 bytes */
	NR_ZONES_SPOILT,
};

struct fake_script {
	struct fake_kind kind;
	uint64_t extra_features; /* offered beyond those of the kind, */
	uint64_t hidden_features;
	uint64_t hidden_protocol; /* and not offered */
	unsigned int close_at;    /* the number of a message, from 1 on, that ends the connection */
	uint32_t spoilt;          /* a request */
	enum fake_spoil spoil;
	uint64_t value;
	enum fake_rings rings;
	uint64_t inflight_bytes; /* what it wants to note requests in flight in */
	bool inflight_without_fd;
	enum fake_zones zones; /* with extra_features and config that make a zoned device */
	uint8_t id[VIRTIO_BLK_ID_BYTES];
	bool no_id; /* it is never told */
	bool stays; /* later connections find the same script */
	struct virtio_blk_config config;
};

/* Shared with the back-end's process. */
struct fake_stats {
	volatile unsigned int messages; /* of the first connection */
	volatile unsigned int chains;   /* requests seen */
	volatile uint64_t features;     /* what the client has accepted */
	volatile uint64_t protocol;
	volatile uint64_t user_addr;       /* of the last memory region, as the client told it */
	volatile unsigned int regions;     /* that it was given */
	volatile unsigned int truncated;   /* memory files that could be made shorter */
	volatile unsigned int wrong_sizes; /* messages whose size is not that of their content */
	volatile unsigned int inflight;    /* SET_INFLIGHT_FD with the memory it had given out */
	volatile int command;              /* enum fake_command, until it is done */
	volatile uint64_t answer;          /* the client's to what the back-end asked */
};

struct fake_backend {
	pid_t pid;
	char dir[64];
	char path[80];
	struct fake_stats *stats;
};

/* An honest back-end's script: everything is offered, requests are served. */
struct fake_script fake_script_for(const struct fake_kind *kind);

void fake_backend_start(struct fake_backend *fb, const struct fake_script *script);
/* A new process at the same path, after the old one was killed. */
void fake_backend_again(struct fake_backend *fb, const struct fake_script *script);
/* Give a command, and wait until it is done. */
void fake_backend_do(struct fake_backend *fb, enum fake_command command);
/* kill -9, and its end is awaited. */
void fake_backend_kill(struct fake_backend *fb);
/* The same, if that was not done, and its files go. */
void fake_backend_stop(struct fake_backend *fb);

#endif
