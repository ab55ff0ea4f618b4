// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * dbgexit STATUS: in a guest with "-device isa-debug-exit,iobase=0x501,iosize=1", end QEMU with the
 * exit status 65 + 2 * STATUS, which nothing else does. The largest STATUS that fits is 95. The
 * kernel of the guest need not have /dev/port.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>
#include <termios.h>
#include <unistd.h>

enum {
	PORT = 0x501,
	BASE = 32, /* QEMU makes it 2 * BASE + 1 */
	MAX_STATUS = 95,
};

int main(int argc, char **argv)
{
	int status = argc > 1 ? atoi(argv[1]) : 0;

	if (status < 0 || status > MAX_STATUS)
		status = MAX_STATUS;
	tcdrain(STDOUT_FILENO); /* what was printed must be out before */
	if (ioperm(PORT, 1, 1) < 0) {
		perror("ioperm");
		return EXIT_FAILURE;
	}
	outb((unsigned char)(BASE + status), PORT);
	return EXIT_FAILURE; /* there is no such device */
}
