import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { createFiles } from '../../appliance/files/index.ts'
import { createEvents } from '../../appliance/lib/events.ts'
import { createLog } from '../../appliance/lib/log.ts'

/**
 * Overwrites files of 4 KiB by eight writers in FOLDER, which should be on Btrfs mounted `ssd`, and prints files a
 * second: `node scripts/bench-parts/overwrite.ts FOLDER`. Run in an older checkout it tells what has changed.
 */
const [, , folder, count = '500', rounds = '5'] = process.argv
if (folder === undefined) throw new Error('overwrite.ts FOLDER [FILES] [ROUNDS]')
const path = join(resolve(folder), `overwrite-${process.pid}`)
await mkdir(path)
const volume = {
  kind: 'home',
  name: 'alice',
  pool: 'pool',
  path,
  right: 'write',
  isAvailable: true,
  isReadOnly: false,
} as const
const files = createFiles({
  shares: { home: () => volume, volumes: () => [volume], volume: () => undefined },
  events: createEvents(),
  log: createLog('bench', 'warn', line => void process.stderr.write(`${line}\n`)),
})
const person = { user: 'alice', role: 'member' } as const
const body = Buffer.alloc(4096, 'x')
const names = Array.from({ length: Number(count) }, (_, index) => `${index}.txt`)

async function putAll(): Promise<number> {
  const waiting = [...names]
  const startedAt = performance.now()
  const writer = async () => {
    for (let name = waiting.pop(); name; name = waiting.pop())
      await files.write(person, [name], Readable.from([body]))
  }
  await Promise.all(Array.from({ length: 8 }, writer))
  return (names.length * 1000) / (performance.now() - startedAt)
}

const made = await putAll()
const rates: number[] = []
for (let round = 0; round < Number(rounds); round += 1) rates.push(await putAll())
const middle = rates.sort((one, other) => one - other)[Math.floor(rates.length / 2)] ?? 0
process.stdout.write(`new ${made.toFixed(0)} files/s, overwritten ${middle.toFixed(0)} files/s (median)\n`)
await files.domain.stop?.()
