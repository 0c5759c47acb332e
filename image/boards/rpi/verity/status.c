/*
 * Loaded into RAUC, which up to 1.15.1 takes `V` for the only good status of dm-verity. From Linux 6.19 on, more fields follow
 * (https://github.com/rauc/rauc/pull/1846), and Debian 13 has RAUC 1.13 and, for the Pi 5, a newer kernel. The first field stays; a
 * status that is not `V` is refused by RAUC as before. It can go with Debian's RAUC being newer than that.
 */
#include <linux/dm-ioctl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int ioctl(int file, unsigned long request, ...)
{
	va_list arguments;
	void *data;
	int answer;

	va_start(arguments, request);
	data = va_arg(arguments, void *);
	va_end(arguments);
	answer = (int)syscall(SYS_ioctl, file, request, data);
	if (answer == 0 && request == DM_TABLE_STATUS) {
		struct dm_ioctl *table = data;
		struct dm_target_spec *target = (void *)((char *)data + table->data_start);

		if (table->target_count == 1 && !(table->flags & (DM_STATUS_TABLE_FLAG | DM_BUFFER_FULL_FLAG)) &&
		    strcmp(target->target_type, "verity") == 0) {
			char *status = (char *)(target + 1);

			status[strcspn(status, " ")] = '\0';
		}
	}
	return answer;
}
