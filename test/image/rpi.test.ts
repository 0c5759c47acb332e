import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { checkout, dataFolder, eventually } from '../helpers/cairn.ts'
import { comesUp, offersWizard } from '../helpers/first-start.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'
import { firmwareStarts, partitionsOf, readFat } from '../helpers/pi.ts'
import { serveFolder, slotsOf } from '../helpers/update.ts'

/** The image for the Raspberry Pi: its partitions file by file, and started in a Pi 3 that QEMU imitates without its firmware. */
const reason = whyNoMachine('rpi')
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const built = join(checkout, 'build/image/rpi')
const image = join(built, 'cairn-rpi.img.zst')
const onImage = existsSync(image) ? test.serial : test.skip
const noImage = existsSync(image) ? '' : ' (needs an image: scripts/image rpi)'
const patienceMs = 20 * 60_000
const longMs = 60 * 60_000

/** Which board's firmware looks for what, and where. */
const needed: { file: string; on: 'first' | 'slot'; why: string }[] = [
  {
    file: 'bootcode.bin',
    on: 'first',
    why: 'Pi 3: read by the chip from the first FAT; later ones have it in an EEPROM',
  },
  { file: 'autoboot.txt', on: 'first', why: 'all: which partition is started' },
  { file: 'config.txt', on: 'slot', why: 'all; a Pi 5 takes only a partition that has it' },
  { file: 'cmdline.txt', on: 'slot', why: 'all: what the kernel is told' },
  {
    file: 'start.elf',
    on: 'slot',
    why: 'Pi 3: its firmware; and what makes a partition one that can be started',
  },
  { file: 'fixup.dat', on: 'slot', why: 'Pi 3: the other half of start.elf' },
  { file: 'start4.elf', on: 'slot', why: 'Pi 4: its firmware (that of a Pi 5 is in its EEPROM)' },
  { file: 'fixup4.dat', on: 'slot', why: 'Pi 4: the other half of start4.elf' },
  { file: 'vmlinuz', on: 'slot', why: 'all: the kernel' },
  { file: 'initrd.img', on: 'slot', why: 'all: finds the root file system' },
  { file: 'bcm2837-rpi-3-b.dtb', on: 'slot', why: 'Pi 3 B' },
  { file: 'bcm2837-rpi-3-b-plus.dtb', on: 'slot', why: 'Pi 3 B+' },
  { file: 'bcm2711-rpi-4-b.dtb', on: 'slot', why: 'Pi 4 B' },
  { file: 'bcm2711-rpi-400.dtb', on: 'slot', why: 'Pi 400' },
  { file: 'bcm2711-rpi-cm4-io.dtb', on: 'slot', why: 'Compute Module 4' },
  { file: 'bcm2712-rpi-5-b.dtb', on: 'slot', why: 'Pi 5' },
  {
    file: 'bcm2712d0-rpi-5-b.dtb',
    on: 'slot',
    why: 'Pi 5 of the newer kind, by the name that its firmware asks for',
  },
]

onImage(`the partitions hold what the firmware of a Pi 3, 4 and 5 looks for${noImage}`, async t => {
  const disk = join(await dataFolder(t), 'disk.img')
  execFileSync('zstd', ['-q', '-d', image, '-o', disk])
  const partitions = partitionsOf(disk)
  t.deepEqual([...partitions.keys()], [1, 2, 3])
  for (const { file, on, why } of needed) {
    const content = readFat(partitions.get(on === 'first' ? 1 : 2), file)
    t.true((content?.length ?? 0) > 0, `${file}: ${why}`)
  }
  const slot = (name: string) => readFat(partitions.get(2), name) ?? Buffer.alloc(0)
  t.is(
    slot('vmlinuz').toString('latin1', 0x38, 0x3c),
    'ARMd',
    'the firmware starts a plain kernel, not one packed for UEFI',
  )
  t.true(slot('cmdline.txt').length < 512, 'it is overwritten in one sector')
  t.true((readFat(partitions.get(1), 'autoboot.txt')?.length ?? 512) < 256)
  t.regex(slot('config.txt').toString(), /^arm_64bit=1$/m)
  t.regex(
    slot('config.txt').toString(),
    /^\[tryboot\]\nkernel_watchdog_timeout=\d+\n\[all\]$/m,
    'a kernel that hangs in a trial is ended, for which the firmware starts the watchdog before it',
  )
  t.like(firmwareStarts(partitions, { isTrial: false }), { partition: 2 })
  t.is(firmwareStarts(partitions, { isTrial: true }), null, 'nothing was installed into the other slot')
})

onMachine(
  `Raspberry Pi: from power to the wizard, which the code on the console opens${because}`,
  async t => {
    t.timeout(longMs)
    await offersWizard(t, { board: 'rpi', firmware: 'raspberry-pi' })
  },
)

onMachine(
  `Raspberry Pi: from power over the wizard to files, and all is there after a restart${because}`,
  async t => {
    t.timeout(longMs)
    const machine = await comesUp(t, { board: 'rpi', firmware: 'raspberry-pi' })
    t.regex(await machine.shell('cat /proc/device-tree/model'), /Raspberry Pi 3/)
    t.regex(await slotsOf(machine), /RAUC_SYSTEM_COMPATIBLE='cairn-rpi'/)
  },
)

onMachine(`Raspberry Pi: an update is tried, found good and kept${because}`, async t => {
  t.timeout(2 * longMs)
  const port = await serveFolder(t, built)
  const machine = await createMachine(t, { board: 'rpi', firmware: 'raspberry-pi' })
  await machine.start()
  await eventually(async () => (await ask(machine, 'cat /data/system/proven')) !== '', patienceMs)
  t.log(await machine.shell(`rauc install http://10.0.2.2:${port}/cairn-rpi.raucb`))
  t.true(await restartsAsTrial(machine))
  t.is(
    (await machine.unknown()).includes('unhandled tag 0x00038064'),
    true,
    'the firmware is asked for a trial',
  )

  await machine.start({ isTrial: true })
  t.is(await slotOf(machine), 'B')
  const primary = () => ask(machine, 'rauc status --output-format=shell')
  await eventually(async () => /BOOT_PRIMARY='?rootfs\.1/.test(await primary()), patienceMs)
  t.false(await restartsAsTrial(machine))
  await machine.start()
  t.is(await slotOf(machine), 'B')
})

/** Whether the kernel was told so. QEMU's Pi does not start again by itself. */
async function restartsAsTrial(machine: Machine): Promise<boolean> {
  await ask(machine, 'systemctl reboot')
  await eventually(async () => (await machine.console()).includes('reboot: Restarting system'), patienceMs)
  const isTrial = (await machine.console()).includes("Restarting system with command '0 tryboot'")
  await machine.cutPower()
  return isTrial
}

/** The shell's answer to a restart is the connection's end. */
const ask = (machine: Machine, command: string) =>
  machine.shell(command).then(
    said => said.trim(),
    () => '',
  )

async function slotOf(machine: Machine): Promise<string | undefined> {
  return /rauc\.slot=(.)/.exec(await machine.shell('cat /proc/cmdline'))?.[1]
}
