/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tools say on stderr, and their exit statuses.
 *
 * A function of the tools that can fail returns a status: STATUS_OK, or one of the others after
 * its message has been printed. main() returns that status.
 */
#ifndef TOOLS_MSG_H
#define TOOLS_MSG_H

enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* the library, the device or the system said no */
	STATUS_USAGE = 2,  /* the command line makes no sense */
};

/* What the messages from now on are about, such as "FILE:LINE"; NULL: the command line. */
void msg_set_place(const char *place);

/* Print "program: text" and return STATUS_FAILED. */
int msg_failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Print "program: text: the library's last error" and return STATUS_FAILED. */
int msg_blkio(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The text of the last message, up to 1023 bytes of it; "" if there was none. */
const char *msg_last(void);
/* Print "program: text", point to --help, and return STATUS_USAGE. */
int msg_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* STATUS_OK, or a message and STATUS_FAILED if what went to stdout did not get there. */
int msg_close_stdout(void);

#endif /* TOOLS_MSG_H */
