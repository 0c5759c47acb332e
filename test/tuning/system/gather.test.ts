import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import test from 'ava'
import { parseFacts } from '../../../appliance/tuning/parse/facts.ts'
import { planOf } from '../../../appliance/tuning/plan/index.ts'
import { facts as factsSchema, plan as planSchema, rawFacts } from '../../../appliance/tuning/schema/index.ts'
import { gatherFacts } from '../../../appliance/tuning/system/gather.ts'
import { tempFolder } from '../../helpers/temp.ts'

test('this very machine: its processor, its memory, and nothing that names it', async t => {
  const raw = rawFacts.parse(await gatherFacts({ poolsDir: '/nowhere' }))
  const facts = factsSchema.parse(parseFacts(raw, []))
  t.true(facts.cpu.cores >= 1)
  t.true(facts.memory.totalBytes > 64 * 1024 ** 2)
  t.false(Object.keys(raw.files).some(path => /serial|wwid|uuid|address$/.test(path)))
  const plan = planSchema.parse(planOf(facts, null, {}))
  t.true(plan.settings.length > 0)
})

test('a folder that stands for a machine: bridges and links are followed', async t => {
  const root = await tempFolder(t)
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const bridge = '/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1'
  const disk = `${bridge}/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda`
  await put(`${bridge}/idVendor`, '152d\n')
  await put(`${bridge}/idProduct`, '0578\n')
  await put(`${bridge}/speed`, '5000\n')
  await put(`${disk}/size`, '2048\n')
  await put(`${disk}/wwid`, 'naa.5000c500a1b2c3d4\n')
  await put(`${disk}/queue/scheduler`, '[none] mq-deadline\n')
  await put('/sys/block/loop3/size', '2048\n')
  await put('/sys/bus/usb/drivers/uas/bind', '')
  await symlink('../../../../../../bus/usb/drivers/uas', join(root, bridge, '2-1:1.0/driver'))
  await symlink(`..${disk.slice('/sys'.length)}`, join(root, '/sys/block/sda'))

  const raw = await gatherFacts({ root, poolsDir: '/nowhere' })
  const { disks } = parseFacts(raw, [])
  t.deepEqual(
    disks.map(({ name, bus, usb }) => [name, bus, usb?.driver, usb?.id]),
    [['sda', 'usb', 'uas', '152d:0578']],
  )
  t.regex(disks[0]?.key ?? '', /^[0-9a-f]{8}$/)
  t.false(JSON.stringify(raw).includes('5000c500a1b2c3d4'))
})
