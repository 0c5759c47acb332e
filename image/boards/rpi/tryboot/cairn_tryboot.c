// SPDX-License-Identifier: GPL-2.0
/*
 * `reboot "0 tryboot"`, as on the kernels of Raspberry Pi OS: tells the firmware that the next start, and only that one, is a
 * trial. Linux' own driver of the firmware tells it of the restart, but not of what was said with it.
 */
#include <linux/module.h>
#include <linux/of.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

/* Not among the tags of Linux' header. The one bit that has a meaning says `trial`. */
#define SET_REBOOT_FLAGS 0x00038064
#define FLAG_TRYBOOT cpu_to_le32(1)

static int ask_for_trial(void)
{
	struct device_node *node = rpi_firmware_find_node();
	struct rpi_firmware *firmware = node ? rpi_firmware_get(node) : NULL;
	__le32 flags = FLAG_TRYBOOT;
	int error;

	of_node_put(node);
	if (!firmware)
		return -ENODEV;
	error = rpi_firmware_property(firmware, SET_REBOOT_FLAGS, &flags, sizeof(flags));
	rpi_firmware_put(firmware);
	return error;
}

static int on_restart(struct notifier_block *block, unsigned long action, void *said)
{
	int error;

	if (action != SYS_RESTART || !said || !strstr(said, "tryboot"))
		return NOTIFY_DONE;
	error = ask_for_trial();
	if (error)
		pr_emerg("cairn_tryboot: the firmware was not asked for a trial: %d\n", error);
	else
		pr_emerg("cairn_tryboot: the firmware tries the other slot\n");
	return NOTIFY_DONE;
}

static struct notifier_block restart = { .notifier_call = on_restart };

static int __init start(void)
{
	return register_reboot_notifier(&restart);
}

static void __exit stop(void)
{
	unregister_reboot_notifier(&restart);
}

module_init(start);
module_exit(stop);
MODULE_DESCRIPTION("Asks the Raspberry Pi's firmware for a trial of the other slot");
MODULE_LICENSE("GPL");
