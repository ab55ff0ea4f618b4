/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * libblkio: one API for the fast block device interfaces of Linux.
 *
 * The manual is blkio(7); every function below has a page in section 3. All offsets and lengths
 * are in bytes. Functions that return int return 0 (or a count, or an index) on success and a
 * negative errno on failure, and then blkio_get_error_msg() has the text.
 */
#ifndef BLKIO_H
#define BLKIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/select.h> /* sigset_t and struct timespec, in strict C99 too */
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header; blkio_version() is that of the library. */
#define BLKIO_VERSION_MAJOR 1
#define BLKIO_VERSION_MINOR 6
#define BLKIO_VERSION_MICRO 0

struct timespec;
struct blkio;  /* an instance: one driver, at most one device */
struct blkioq; /* a queue of an instance */

/* Memory for data buffers, as blkio_map_mem_region() takes it. */
struct blkio_mem_region {
	void *addr;        /* multiple of "mem-region-alignment" */
	size_t len;        /* multiple of "mem-region-alignment" */
	uint64_t iova;     /* reserved: 0 */
	int64_t fd_offset; /* where the region begins in fd */
	int fd;            /* -1, or the file behind the memory */
	uint32_t flags;    /* reserved: 0 */
};

/* The result of one request. */
struct blkio_completion {
	void *user_data;       /* as it was queued */
	const char *error_msg; /* static text, or NULL; always NULL when ret >= 0 */
	int ret;               /* 0 or a count on success, else a negative errno */
	uint8_t reserved_[4];
	uint64_t append_offset; /* zone append that succeeded: where the data went; else 0 */
};

/* Flags of requests. */
enum {
	BLKIO_REQ_FUA = 1 << 0,         /* complete only when the data is persistent */
	BLKIO_REQ_NO_UNMAP = 1 << 1,    /* write zeroes: keep the space allocated */
	BLKIO_REQ_NO_FALLBACK = 1 << 2, /* write zeroes: fail rather than write buffers of zeroes */
};

/* The property "zoned". */
enum {
	BLKIO_ZONED_NONE = 0,         /* no zones */
	BLKIO_ZONED_HOST_AWARE = 1,   /* zones that are best written at the write pointer */
	BLKIO_ZONED_HOST_MANAGED = 2, /* zones that must be */
};

/* struct blkio_zone, zone_type */
enum {
	BLKIO_ZONE_TYPE_CONVENTIONAL = 0x1,  /* random writes, no write pointer */
	BLKIO_ZONE_TYPE_SEQWRITE_REQ = 0x2,  /* writes only at the write pointer */
	BLKIO_ZONE_TYPE_SEQWRITE_PREF = 0x3, /* best written at the write pointer */
};

/* struct blkio_zone, zone_state */
enum {
	BLKIO_ZONE_STATE_EMPTY = 0x1,
	BLKIO_ZONE_STATE_IMP_OPEN = 0x2,
	BLKIO_ZONE_STATE_EXP_OPEN = 0x3,
	BLKIO_ZONE_STATE_CLOSED = 0x4,
	BLKIO_ZONE_STATE_READONLY = 0xD,
	BLKIO_ZONE_STATE_FULL = 0xE,
	BLKIO_ZONE_STATE_OFFLINE = 0xF,
};

/* A zone of a zoned device, as blkioq_report_zones() tells it. */
struct blkio_zone {
	uint64_t start;         /* where the zone begins on the device */
	uint64_t len;           /* from this zone's start to the next one's */
	uint64_t capacity;      /* usable bytes, at most len */
	uint64_t write_pointer; /* where the next write goes on the device */
	uint8_t zone_type;
	uint8_t zone_state;
	uint8_t reset; /* not 0: the device recommends a reset */
	uint8_t reserved_[29];
};

/* The type of a property: which blkio_get_*() and blkio_set_*() it has. */
enum {
	BLKIO_PROP_BOOL = 1,
	BLKIO_PROP_INT = 2,
	BLKIO_PROP_UINT64 = 3,
	BLKIO_PROP_STR = 4,
};

/* The states of an instance, as bits of struct blkio_prop_info. */
enum {
	BLKIO_STATE_CREATED = 1 << 0,
	BLKIO_STATE_CONNECTED = 1 << 1,
	BLKIO_STATE_STARTED = 1 << 2,
};

/* A property of a driver, as blkio_get_prop_info() tells it. */
struct blkio_prop_info {
	const char *name;
	const char *summary; /* one line of English */
	int type;            /* BLKIO_PROP_* */
	uint32_t readable;   /* BLKIO_STATE_* bits: when it can be read */
	uint32_t writable;   /* BLKIO_STATE_* bits: when it can be set; 0 is never */
	uint8_t reserved_[36];
};

/* struct blkio_event, type */
enum {
	BLKIO_EVENT_CAPACITY_CHANGED = 1,    /* the device has another size now */
	BLKIO_EVENT_CONNECTION_LOST = 2,     /* the device is gone, or has failed for good */
	BLKIO_EVENT_CONNECTION_RESTORED = 3, /* the device is back, requests go on */
};

/* Something that happened to the device, as blkio_next_event() tells it. */
struct blkio_event {
	int type; /* BLKIO_EVENT_* */
	uint8_t reserved_[4];
	uint64_t capacity; /* capacity changed: the new size; else 0 */
	uint8_t reserved2_[16];
};

/* The library's version, such as "1.6.0". */
const char *blkio_version(void);
/* The names of the drivers compiled in, a static array that ends with NULL. */
const char *const *blkio_driver_names(void);
/* Property number index (from 0) of a driver; -ENOENT past the last one. */
int blkio_get_prop_info(const char *driver, int index, struct blkio_prop_info *info);
/* Why the last call that failed in this thread did so; "" if none has. */
const char *blkio_get_error_msg(void);

/* Make an instance of a driver; touches no device. */
int blkio_create(const char *driver, struct blkio **bp);
/* Open the device that the properties name. */
int blkio_connect(struct blkio *b);
/* Make the queues; requests are possible from now on. */
int blkio_start(struct blkio *b);
/* End everything the instance has and set *bp to NULL. */
void blkio_destroy(struct blkio **bp);

/* Read a property of type bool. */
int blkio_get_bool(struct blkio *b, const char *name, bool *value);
/* Read a property of type int. */
int blkio_get_int(struct blkio *b, const char *name, int *value);
/* Read a property of type uint64. */
int blkio_get_uint64(struct blkio *b, const char *name, uint64_t *value);
/* Read a property of any type as text; the caller frees it with free(3). */
int blkio_get_str(struct blkio *b, const char *name, char **value);
/* Set a property of type bool. */
int blkio_set_bool(struct blkio *b, const char *name, bool value);
/* Set a property of type int. */
int blkio_set_int(struct blkio *b, const char *name, int value);
/* Set a property of type uint64. */
int blkio_set_uint64(struct blkio *b, const char *name, uint64_t value);
/* Set a property of any type from text. */
int blkio_set_str(struct blkio *b, const char *name, const char *value);

/* Allocate len bytes that fit for data buffers and fill in region. */
int blkio_alloc_mem_region(struct blkio *b, struct blkio_mem_region *region, size_t len);
/* Free what blkio_alloc_mem_region() allocated; not while it is mapped. */
void blkio_free_mem_region(struct blkio *b, const struct blkio_mem_region *region);
/* Make memory known to the driver. */
int blkio_map_mem_region(struct blkio *b, const struct blkio_mem_region *region);
/* Undo blkio_map_mem_region(); not while requests use the memory. */
void blkio_unmap_mem_region(struct blkio *b, const struct blkio_mem_region *region);

/* A descriptor to poll(2) for POLLIN: blkio_next_event() may have something then. */
int blkio_get_event_fd(struct blkio *b);
/* The next event of the device: 1 and *event is filled in, or 0 if there is none now. */
int blkio_next_event(struct blkio *b, struct blkio_event *event);

/* The queue with this index, or NULL. */
struct blkioq *blkio_get_queue(struct blkio *b, int index);
/* The poll queue with this index, or NULL. */
struct blkioq *blkio_get_poll_queue(struct blkio *b, int index);
/* Add a queue to a started instance; the result is its index. */
int blkio_add_queue(struct blkio *b);
/* Add a poll queue to a started instance; the result is its index. */
int blkio_add_poll_queue(struct blkio *b);
/* Remove a queue; other queues keep their indices. */
int blkio_remove_queue(struct blkio *b, int index);
/* Remove a poll queue; other poll queues keep their indices. */
int blkio_remove_poll_queue(struct blkio *b, int index);

/* Queue a read of len bytes at start into buf. */
void blkioq_read(struct blkioq *q, uint64_t start, void *buf, size_t len, void *user_data,
		 uint32_t flags);
/* Queue a write of len bytes at start from buf. */
void blkioq_write(struct blkioq *q, uint64_t start, const void *buf, size_t len, void *user_data,
		  uint32_t flags);
/* Queue a read at start into several buffers. */
void blkioq_readv(struct blkioq *q, uint64_t start, const struct iovec *iovec, int iovcnt,
		  void *user_data, uint32_t flags);
/* Queue a write at start from several buffers. */
void blkioq_writev(struct blkioq *q, uint64_t start, struct iovec *iovec, int iovcnt,
		   void *user_data, uint32_t flags);
/* Queue that len bytes at start become zeroes. */
void blkioq_write_zeroes(struct blkioq *q, uint64_t start, uint64_t len, void *user_data,
			 uint32_t flags);
/* Queue that the device may forget len bytes at start. */
void blkioq_discard(struct blkioq *q, uint64_t start, uint64_t len, void *user_data,
		    uint32_t flags);
/* Queue that the device destroys len bytes at start, all copies of them included. */
void blkioq_secure_erase(struct blkioq *q, uint64_t start, uint64_t len, void *user_data,
			 uint32_t flags);
/* Queue that all writes completed so far become persistent. */
void blkioq_flush(struct blkioq *q, void *user_data, uint32_t flags);

/* Queue a report of up to nr_zones zones from the one at offset on; ret is how many there were. */
void blkioq_report_zones(struct blkioq *q, uint64_t offset, struct blkio_zone *zones,
			 uint32_t nr_zones, void *user_data, uint32_t flags);
/* Queue the transition of the zone at offset to closed. */
void blkioq_close_zone(struct blkioq *q, uint64_t offset, void *user_data, uint32_t flags);
/* Queue the transition of the zone at offset to full. */
void blkioq_finish_zone(struct blkioq *q, uint64_t offset, void *user_data, uint32_t flags);
/* Queue the transition of the zone at offset to explicitly open. */
void blkioq_open_zone(struct blkioq *q, uint64_t offset, void *user_data, uint32_t flags);
/* Queue the transition of the zone at offset to empty: its data is lost. */
void blkioq_reset_zone(struct blkioq *q, uint64_t offset, void *user_data, uint32_t flags);
/* Queue the transition of every open zone to closed. */
void blkioq_close_all_zones(struct blkioq *q, void *user_data, uint32_t flags);
/* Queue the transition of every open or closed zone to full. */
void blkioq_finish_all_zones(struct blkioq *q, void *user_data, uint32_t flags);
/* Queue the transition of every closed zone to explicitly open. */
void blkioq_open_all_zones(struct blkioq *q, void *user_data, uint32_t flags);
/* Queue the transition of every zone to empty: all data is lost. */
void blkioq_reset_all_zones(struct blkioq *q, void *user_data, uint32_t flags);
/* Queue a write of len bytes at the write pointer of the zone at offset. */
void blkioq_append_zone(struct blkioq *q, uint64_t offset, const void *buf, size_t len,
			void *user_data, uint32_t flags);
/* Queue a write from several buffers at the write pointer of the zone at offset. */
void blkioq_appendv_zone(struct blkioq *q, uint64_t offset, const struct iovec *iovec, int iovcnt,
			 void *user_data, uint32_t flags);

/* Submit what is queued, wait for min_completions, return up to max_completions. */
int blkioq_do_io(struct blkioq *q, struct blkio_completion *completions, int min_completions,
		 int max_completions, struct timespec *timeout);
/* The same, but a signal ends the wait; sig, unless NULL, is the signal mask during it. */
int blkioq_do_io_interruptible(struct blkioq *q, struct blkio_completion *completions,
			       int min_completions, int max_completions, struct timespec *timeout,
			       const sigset_t *sig);
/* The eventfd that tells of completions; -1 for a poll queue. */
int blkioq_get_completion_fd(struct blkioq *q);
/* Turn the events of the completion fd on or off; they are off at first. */
void blkioq_set_completion_fd_enabled(struct blkioq *q, bool enable);

#ifdef __cplusplus
}
#endif

#endif /* BLKIO_H */
