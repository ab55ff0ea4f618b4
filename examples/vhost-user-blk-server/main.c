// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * vhost-user-blk-server: a block device for vhost-user front-ends.
 *
 * From the outside in: options.c and feature_list.c say what is wanted, setup.c makes it, server.c
 * is the main thread's loop, with front-ends in conn*.c (messages in wire.c, memory in mem.c) and
 * commands in control.c. The queue threads are worker.c; each runs vring.c with one of two ring
 * formats, which hand requests to blk.c, which moves data to and from a backend_*.c.
 */
#include <stdio.h>

#include "../common/msg.h"
#include "server.h"

static int serve(const struct options *o)
{
	struct server server;
	int status = server_init(&server, o);

	if (status == STATUS_OK)
		status = server_run(&server);
	server_finish(&server);
	return status;
}

static int run_options(const struct options *o)
{
	if (!o->help && !o->version && !o->print_capabilities)
		return serve(o);
	if (o->help)
		options_print_help();
	else if (o->version)
		puts("vhost-user-blk-server " SERVER_VERSION);
	else
		puts("{ \"type\": \"block\", \"features\": [ \"blk-file\", \"read-only\" ] }");
	return msg_close_stdout();
}

int main(int argc, char **argv)
{
	struct options o;
	int status = options_parse(&o, argv);

	(void)argc;
	if (status == STATUS_OK)
		status = run_options(&o);
	options_finish(&o);
	return status;
}
