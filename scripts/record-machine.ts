import { mkdirSync, writeFileSync } from 'node:fs'
import { gatherFacts } from '../appliance/tuning/system/gather.ts'
import { machineFile, machineText } from '../test/helpers/machine-text.ts'

/**
 * Records this machine for the tests of the tuning, without serials and without loop devices, which are no hardware:
 * node scripts/record-machine.ts NAME 'what it is, in one sentence'
 */
const [name, about] = process.argv.slice(2)
if (!name || !about) throw new Error('node scripts/record-machine.ts NAME ABOUT')

const raw = await gatherFacts({ poolsDir: '/nowhere' })
const isLoop = (path: string) => /^\/sys\/block\/loop\d+|^loop\d+$/.test(path)
const without = (record: Record<string, string>) =>
  Object.fromEntries(Object.entries(record).filter(([path]) => !isLoop(path)))

mkdirSync(machineFile(name, ''), { recursive: true })
writeFileSync(
  machineFile(name, 'facts.txt'),
  machineText({
    origin: 'recorded',
    about,
    raw: {
      files: without(raw.files),
      links: without(raw.links),
      keys: without(raw.keys),
      printed: raw.printed,
      writable: raw.writable.filter(path => !isLoop(path)),
    },
  }),
)
