import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TuningReport } from '../../appliance/tuning/index.ts'
import type { Bench, Compared } from './comparison.ts'
import { median, type Peer } from './load.ts'
import { inTurn } from './pairs.ts'
import { startInstance } from './peers.ts'
import { startTuned } from './tuned-instance.ts'
import { inWords } from './tuning-groups.ts'

interface Given extends Bench {
  report: TuningReport
  say(line: string): void
}

const fileBytes = 96 * 1024 ** 2
const protections = ['sign', 'encrypt'] as const

/** A large file there and back over SMB, with Samba as the plan has it and as it is by itself, each a Cairn of its own. */
export async function facesInPairs({ scratch, pairs, scale, report, stops, say }: Given): Promise<Compared> {
  const settings = report.settings.filter(
    ({ name, state }) => name.startsWith('samba.') && state === 'planned',
  )
  if (settings.length === 0)
    return { comparisons: [], notes: ['faces: nothing is planned that Samba does not do anyway'] }
  const what = settings.map(inWords).join('; ')
  say(`faces: ${what}`)
  const tuned = await startTuned(join(scratch, 'faces-tuned'), settings)
  stops.push(tuned.stop)
  const plain = await startInstance(join(scratch, 'faces-plain'))
  stops.push(plain.stop)
  const file = join('/dev/shm', `cairn-bench-faces-${process.pid}`)
  stops.push(() => rmSync(file, { force: true }))
  writeFileSync(file, randomBytes(Math.round(fileBytes * scale)))
  const comparisons: Compared['comparisons'] = []
  for (const protection of protections) {
    const works = [tuned, plain].map(peer => () => thereAndBack(peer, file, protection))
    const [withIt = [], without = []] = await inTurn(pairs, works)
    comparisons.push({
      group: 'faces',
      what,
      work: `a large file there and back over SMB, ${protection === 'sign' ? 'signed' : 'encrypted'}`,
      with: `${median(withIt).toFixed(2)} s`,
      without: `${median(without).toFixed(2)} s`,
      times: { with: withIt, without },
    })
  }
  await tuned.stop()
  await plain.stop()
  return { comparisons, notes: [] }
}

async function thereAndBack(
  peer: Peer,
  file: string,
  protection: (typeof protections)[number],
): Promise<number> {
  const commands = `put ${file} faces.bin; get faces.bin /dev/null; del faces.bin`
  const startedAt = performance.now()
  await promisify(execFile)('smbclient', [
    `--client-protection=${protection}`,
    '-p',
    String(peer.smbPort),
    '//127.0.0.1/shared',
    '-U',
    'admin%Bench-pass-1',
    '-c',
    commands,
  ])
  return (performance.now() - startedAt) / 1000
}
