import test from 'ava'
import { eventually } from '../helpers/cairn.ts'
import { type Bus, createMachine, whyNoMachine } from '../helpers/machine.ts'
import { createOwner, setupFile } from '../helpers/owner.ts'

/** Disks are seen for what they are, however they hang on the box, and a pool is made of any of them. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const minuteMs = 60_000
const buses: Record<string, Bus> = { NVME1: 'nvme', SATA1: 'sata', UAS1: 'uas', STICK1: 'usb', CARD1: 'sd' }
/** As Linux names it in lower case; QEMU's card has this one whatever it is told. */
const cardSerial = '0xdeadbeef'

interface Seen {
  serial: string
  path: string
  bus: string
  isOffered: boolean
}

onMachine(
  `NVMe, SATA, USB with UAS and without, and a memory card are seen for what they are, and the box tunes itself${because}`,
  async t => {
    t.timeout(30 * minuteMs)
    const bootFiles = setupFile({ profile: 'raid1', disks: ['NVME1', 'SATA1'] })
    const machine = await createMachine(t, { firmware: 'uefi', disks: Object.keys(buses), buses, bootFiles })
    const owner = createOwner(machine)
    t.log(`answers after ${await machine.start()} s`)
    await owner.moveIn()

    const disks: Seen[] = (await owner.api('GET', '/disks')).body
    t.log(disks.map(({ serial, path, bus }) => `${serial} ${path} ${bus}`).join('\n'))
    const seen = (serial: string) => disks.find(disk => disk.serial === serial)
    t.is(seen('NVME1')?.path, '/dev/nvme0n1')
    t.regex(seen(cardSerial)?.path ?? '', /^\/dev\/mmcblk\d$/)
    for (const serial of ['UAS1', 'STICK1', cardSerial]) t.true(seen(serial)?.isOffered, serial)

    const { facts, settings, automatic } = (await owner.api('GET', '/tuning')).body
    const nameOf = (serial: string) => seen(serial)?.path.replace('/dev/', '')
    const known = (serial: string) =>
      facts.disks.find(({ name }: { name: string }) => name === nameOf(serial))
    t.is(known('NVME1').bus, 'nvme')
    t.is(known('SATA1').bus, 'sata')
    t.like(known('UAS1'), { bus: 'usb', usb: { driver: 'uas' } })
    t.like(known('STICK1'), { bus: 'usb', usb: { driver: 'usb-storage' } })
    t.is(known(cardSerial).bus, 'mmc')
    const scheduler = settings.find(
      ({ name }: { name: string }) => name === `disk.${known('NVME1').key}.scheduler`,
    )
    t.is(scheduler.to, 'none')
    t.log(settings.map(({ name, to, state }: Record<string, string>) => `${name} ${to} ${state}`).join('\n'))

    t.true(automatic.isOn)
    // It would begin five minutes after the setup, so as not to be in the way of who measures first.
    await owner.api('PUT', '/tuning/automatic', { isOn: true })
    const zram = async () =>
      (await owner.api('GET', '/tuning')).body.settings.find(
        ({ name }: { name: string }) => name === 'zram.size',
      )
    await eventually(async () => (await zram()).state === 'applied', 10 * minuteMs)
    t.regex(await machine.shell('swapon --show --noheadings'), /^\/dev\/zram0 /)
  },
)
