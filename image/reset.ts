import { readConfig } from '../appliance/config.ts'
import { createLog } from '../appliance/lib/log.ts'
import { run } from '../appliance/lib/run.ts'
import { createEraser } from '../appliance/storage/system/erasing.ts'
import { resetImage } from './resetting.ts'

/**
 * Runs at a start of the image at which a reset is asked for, before anything opens the settings. When it is done the machine
 * starts once more, as another one.
 */
const { dataDir, poolsDir, practice, isRoot, bootFolder } = readConfig()
const log = createLog('reset')
const wasAsked = await resetImage({
  dataDir,
  poolsDir,
  system: '/data/system',
  bootFolder: bootFolder ?? '/boot/efi',
  erase: createEraser({ poolsDir, practice, isRoot, log }),
  log,
})
if (wasAsked) {
  await run(['systemctl', '--no-block', 'reboot'])
  // Whoever waits for this unit must not start any more: systemd ends it.
  setInterval(() => undefined, 60_000)
}
