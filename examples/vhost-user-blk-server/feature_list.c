// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The features by name, and which of them are offered.
 */
#include "feature_list.h"

#include <stdio.h>
#include <string.h>

#include "../common/msg.h"
#include "options.h"
#include "virtio.h"
#include "wire.h"

struct feature {
	const char *name;
	unsigned int bit;
};

static const struct feature virtio_features[] = {
	{ "size-max", BLK_F_SIZE_MAX },
	{ "seg-max", BLK_F_SEG_MAX },
	{ "blk-size", BLK_F_BLK_SIZE },
	{ "flush", BLK_F_FLUSH },
	{ "topology", BLK_F_TOPOLOGY },
	{ "config-wce", BLK_F_CONFIG_WCE },
	{ "mq", BLK_F_MQ },
	{ "discard", BLK_F_DISCARD },
	{ "write-zeroes", BLK_F_WRITE_ZEROES },
	{ "secure-erase", BLK_F_SECURE_ERASE },
	{ "indirect", F_INDIRECT_DESC },
	{ "event-idx", F_EVENT_IDX },
	{ "packed", F_RING_PACKED },
	{ "version-1", F_VERSION_1 },
	{ "protocol-features", F_PROTOCOL_FEATURES },
	{ 0 },
};

static const struct feature protocol_features[] = {
	{ "protocol-mq", VU_F_MQ },
	{ "reply-ack", VU_F_REPLY_ACK },
	{ "backend-req", VU_F_BACKEND_REQ },
	{ "config", VU_F_CONFIG },
	{ "inflight", VU_F_INFLIGHT_SHMFD },
	{ "reset-device", VU_F_RESET_DEVICE },
	{ "configure-mem-slots", VU_F_CONFIGURE_MEM_SLOTS },
	{ "status", VU_F_STATUS },
	{ 0 },
};

static uint64_t all_of(const struct feature *f)
{
	uint64_t bits = 0;

	for (; f->name; f++)
		bits |= BIT(f->bit);
	return bits;
}

static uint64_t by_name(const struct feature *f, const char *name, size_t len)
{
	for (; f->name; f++)
		if (strlen(f->name) == len && strncmp(f->name, name, len) == 0)
			return BIT(f->bit);
	return 0;
}

static int remove_list(const char *list, uint64_t *features, uint64_t *protocol)
{
	for (;;) {
		size_t len = strcspn(list, ",");
		uint64_t bit = by_name(virtio_features, list, len);
		uint64_t protocol_bit = by_name(protocol_features, list, len);

		if (!bit && !protocol_bit)
			return msg_usage("--no: there is no feature '%.*s'", (int)len, list);
		*features &= ~bit;
		*protocol &= ~protocol_bit;
		if (!list[len])
			return STATUS_OK;
		list += len + 1;
	}
}

int features_offered(const struct options *o, uint64_t *features, uint64_t *protocol)
{
	int status = STATUS_OK;

	*features = all_of(virtio_features);
	*protocol = all_of(protocol_features);
	if (!o->size_max)
		*features &= ~BIT(BLK_F_SIZE_MAX);
	if (o->read_only)
		*features |= BIT(BLK_F_RO);
	if (options_zoned(o)) {
		*features |= BIT(BLK_F_ZONED);
		*features &=
			~(BIT(BLK_F_DISCARD) | BIT(BLK_F_WRITE_ZEROES) | BIT(BLK_F_SECURE_ERASE));
	}
	for (int i = 0; i < o->no.count && status == STATUS_OK; i++)
		status = remove_list(o->no.word[i], features, protocol);
	/* A cache whose mode can be switched needs a flush (VIRTIO 5.2.5.2). */
	if (!(*features & BIT(BLK_F_FLUSH)))
		*features &= ~BIT(BLK_F_CONFIG_WCE);
	if (!(*features & BIT(F_PROTOCOL_FEATURES)))
		*protocol = 0;
	return status;
}

static void print_names(const char *what, const struct feature *f)
{
	printf("  %s:\n   ", what);
	for (int column = 0; f->name; f++) {
		column += printf(" %s", f->name);
		if (column > 70 && f[1].name)
			column = printf("\n   ") * 0;
	}
	putchar('\n');
}

void features_print_names(void)
{
	print_names("VIRTIO", virtio_features);
	print_names("vhost-user", protocol_features);
}
