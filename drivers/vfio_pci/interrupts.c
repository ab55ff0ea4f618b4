// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * See interrupts.h.
 */
#include "drivers/vfio_pci/interrupts.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/util/barrier.h"
#include "lib/util/compiler.h"

#define CONFIG_VECTOR 0
/* Without an interrupt for the configuration: looks for each read of the status register. */
#define LOOKS_PER_READ 1024

void interrupts_init(struct interrupts *irq)
{
	*irq = (struct interrupts) {
		.epoll_fd = -1, .gone_fd = -1, .config_fd = -1, .changed_fd = -1
	};
	pthread_mutex_init(&irq->lock, NULL);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void interrupts_close(struct interrupts *irq)
{
	hangup_finish(&irq->hangup);
	close_fd(irq->epoll_fd);
	close_fd(irq->gone_fd);
	close_fd(irq->config_fd);
	close_fd(irq->changed_fd);
	free(irq->completion_fds);
	pthread_mutex_destroy(&irq->lock);
	interrupts_init(irq);
}

/* ---- open ---- */

static int make_eventfd(int *fd)
{
	*fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return *fd < 0 ? err_os(-errno, "cannot create an eventfd (see ulimit -n)") : 0;
}

static int add_to_epoll(struct interrupts *irq, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (epoll_ctl(irq->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return err_os(-errno, "cannot watch an eventfd");
	return 0;
}

static int make_fds(struct interrupts *irq)
{
	int ret = make_eventfd(&irq->gone_fd);

	if (ret == 0)
		ret = make_eventfd(&irq->config_fd);
	if (ret == 0)
		ret = make_eventfd(&irq->changed_fd);
	if (ret < 0)
		return ret;
	irq->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (irq->epoll_fd < 0)
		return err_os(-errno, "cannot create an epoll descriptor (see ulimit -n)");
	ret = add_to_epoll(irq, irq->gone_fd);
	return ret < 0 ? ret : add_to_epoll(irq, irq->config_fd);
}

static int make_table(struct interrupts *irq, unsigned int nr_queues)
{
	irq->completion_fds = calloc(nr_queues, sizeof(*irq->completion_fds));
	if (!irq->completion_fds)
		return err_os(-ENOMEM, "cannot connect to a device with %u queues", nr_queues);
	irq->nr_completion_fds = nr_queues;
	for (unsigned int i = 0; i < nr_queues; i++)
		irq->completion_fds[i] = -1;
	return 0;
}

/* An error of the bus, and the administrator's wish to have the function back. */
static int watch_for_the_end(struct interrupts *irq)
{
	static const unsigned int ends[] = { VFIO_PCI_ERR_IRQ_INDEX, VFIO_PCI_REQ_IRQ_INDEX };

	for (size_t i = 0; i < array_len(ends); i++) {
		int ret = 0;

		if (irq->d->nr_irqs[ends[i]])
			ret = vfio_set_irq(irq->d, ends[i], 0, irq->gone_fd);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int interrupts_open(struct interrupts *irq, struct vfio_dev *d, struct virtio_pci *pci,
		    unsigned int vectors, unsigned int nr_queues)
{
	int ret;

	irq->d = d;
	irq->pci = pci;
	irq->vectors = vectors;
	ret = make_fds(irq);
	if (ret == 0)
		ret = make_table(irq, nr_queues);
	if (ret == 0)
		ret = watch_for_the_end(irq);
	if (ret == 0)
		hangup_init(&irq->hangup, irq->epoll_fd, POLLIN);
	return ret;
}

/* ---- vectors ---- */

/*
 * Each queue that sleeps has a vector of its own; if one more is left, the configuration has it. If
 * there are too few, the last queues share the one of the configuration.
 */
static int share_out(struct interrupts *irq, unsigned int nr_queues)
{
	if (nr_queues && !irq->vectors)
		return err_set(-ENOTSUP,
			       "%s has no MSI-X vectors: set num-queues to 0, num-poll-queues "
			       "to what is needed",
			       irq->d->name);
	irq->has_config = irq->vectors != nr_queues;
	irq->nr_own = nr_queues;
	if (nr_queues > irq->vectors)
		irq->nr_own = irq->vectors - 1;
	return 0;
}

static int set_config_vector(struct interrupts *irq)
{
	int ret = 0;

	if (irq->has_config)
		ret = vfio_set_irq(irq->d, VFIO_PCI_MSIX_IRQ_INDEX, CONFIG_VECTOR, irq->config_fd);
	if (ret == 0 && irq->has_config)
		ret = virtio_pci_set_config_vector(irq->pci, CONFIG_VECTOR);
	return ret;
}

int interrupts_start(struct interrupts *irq, unsigned int nr_queues)
{
	int ret = share_out(irq, nr_queues);
	unsigned int n;

	if (ret == 0 && irq->allocated)
		ret = vfio_alloc_irqs(irq->d, VFIO_PCI_MSIX_IRQ_INDEX, 0);
	if (ret < 0)
		return ret;
	irq->allocated = false;
	if (!irq->vectors)
		return 0;
	n = irq->nr_own + irq->has_config;
	/* All at once: older kernels cannot add vectors to those in use. */
	ret = vfio_alloc_irqs(irq->d, VFIO_PCI_MSIX_IRQ_INDEX, n);
	if (ret < 0)
		return ret;
	irq->allocated = true;
	return set_config_vector(irq);
}

static void set_completion_fd(struct interrupts *irq, unsigned int queue, int fd)
{
	pthread_mutex_lock(&irq->lock);
	irq->completion_fds[queue] = fd;
	pthread_mutex_unlock(&irq->lock);
}

bool interrupts_is_shared(const struct interrupts *irq, unsigned int queue)
{
	return queue >= irq->nr_own;
}

int interrupts_add_queue(struct interrupts *irq, unsigned int queue, int completion_fd)
{
	unsigned int vector = queue + irq->has_config;
	int ret;

	if (interrupts_is_shared(irq, queue)) {
		set_completion_fd(irq, queue, completion_fd);
		return CONFIG_VECTOR;
	}
	ret = vfio_set_irq(irq->d, VFIO_PCI_MSIX_IRQ_INDEX, vector, completion_fd);

	if (ret < 0)
		return ret;
	set_completion_fd(irq, queue, completion_fd);
	return (int)vector;
}

void interrupts_remove_queue(struct interrupts *irq, unsigned int queue)
{
	if (!irq->allocated)
		return;
	set_completion_fd(irq, queue, -1);
	if (!interrupts_is_shared(irq, queue))
		(void)vfio_set_irq(irq->d, VFIO_PCI_MSIX_IRQ_INDEX, queue + irq->has_config, -1);
}

void interrupts_watch(struct interrupts *irq, int completion_fd)
{
	hangup_notify(&irq->hangup, completion_fd);
}

/* ---- the device's state ---- */

static bool is_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

/* Whether there was something. */
static bool drain(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == sizeof(n);
}

static void signal_fd(int fd)
{
	const uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

/* A device that was pulled out reads as ones, which has the bit NEEDS_RESET as well. */
static bool is_in_order(struct interrupts *irq)
{
	uint8_t status;

	return virtio_pci_status(irq->pci, &status) == 0 &&
	       !(status & (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED));
}

static void set_gone(struct interrupts *irq)
{
	store_once(&irq->gone, true);
	/* From now on the descriptor that sleepers watch stays readable. */
	signal_fd(irq->gone_fd);
}

/*
 * Whose interrupt it was cannot be told. Written after the eventfd was drained: an interrupt that
 * comes later makes that readable again, for one before it each queue looks now.
 */
static void wake_sharers(struct interrupts *irq)
{
	for (unsigned int i = irq->nr_own; i < irq->nr_completion_fds; i++) {
		if (irq->completion_fds[i] >= 0)
			signal_fd(irq->completion_fds[i]);
	}
}

/* Something has come. The lock is held. */
static void look(struct interrupts *irq)
{
	if (is_readable(irq->gone_fd)) {
		store_once(&irq->gone, true);
		return;
	}
	if (drain(irq->config_fd)) {
		if (!is_in_order(irq)) {
			set_gone(irq);
			return;
		}
		store_once(&irq->changed, true);
		signal_fd(irq->changed_fd);
		wake_sharers(irq);
	}
	/* It was only the configuration: watch for the next time. */
	hangup_rearm(&irq->hangup, irq->completion_fds, irq->nr_completion_fds);
}

/* Somebody else may be looking; then we will see what he finds the next time. */
static cold void look_if_free(struct interrupts *irq)
{
	if (pthread_mutex_trylock(&irq->lock) != 0)
		return;
	if (!load_once(&irq->gone))
		look(irq);
	pthread_mutex_unlock(&irq->lock);
}

/* Without an interrupt for the configuration, the status register is read now and then. */
static void count_look(struct interrupts *irq)
{
	uint32_t n = load_once(&irq->looks) + 1;

	store_once(&irq->looks, n);
	if (n % LOOKS_PER_READ == 0 && !is_in_order(irq))
		set_gone(irq);
}

bool interrupts_is_alive(struct interrupts *irq)
{
	if (unlikely(load_once(&irq->gone)))
		return false;
	if (unlikely(hangup_is_over(&irq->hangup)))
		look_if_free(irq);
	else if (!irq->has_config)
		count_look(irq);
	return !load_once(&irq->gone);
}

bool interrupts_take_changed(struct interrupts *irq)
{
	bool changed;

	pthread_mutex_lock(&irq->lock);
	if (!load_once(&irq->gone) && is_readable(irq->epoll_fd))
		look(irq);
	changed = irq->changed;
	irq->changed = false;
	(void)drain(irq->changed_fd);
	pthread_mutex_unlock(&irq->lock);
	return changed;
}
