import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
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

const folders = 8
const filesInEach = 6_000

/** Large folders listed over WebDAV, with as much of the index in memory as the plan has it and as it is by itself. */
export async function indexInPairs({ scratch, pairs, scale, report, stops, say }: Given): Promise<Compared> {
  const setting = report.settings.find(({ name, state }) => name === 'sqlite.cache' && state === 'planned')
  if (!setting) return { comparisons: [], notes: ['index: nothing is planned for its memory'] }
  const what = inWords(setting)
  const count = Math.round(filesInEach * scale)
  const work = `${folders} folders of ${count} files listed over WebDAV`
  say(`index: ${what}`)
  const tuned = await startTuned(join(scratch, 'index-tuned'), [setting])
  stops.push(tuned.stop)
  const plain = await startInstance(join(scratch, 'index-plain'))
  stops.push(plain.stop)
  const works: (() => Promise<number>)[] = []
  for (const peer of [tuned, plain]) {
    fill(peer, count)
    await listAll(peer, count)
    works.push(() => listAll(peer, count))
  }
  const [withIt = [], without = []] = await inTurn(pairs, works)
  await tuned.stop()
  await plain.stop()
  const inSeconds = (times: readonly number[]) => `${median(times).toFixed(2)} s`
  return {
    comparisons: [
      {
        group: 'servers',
        what,
        work,
        with: inSeconds(withIt),
        without: inSeconds(without),
        times: { with: withIt, without },
      },
    ],
    notes: [],
  }
}

/** As somebody at a shell would. */
function fill({ folder }: Peer, count: number) {
  for (let number = 0; number < folders; number += 1) {
    const path = join(folder, `folder-${number}`)
    mkdirSync(path)
    for (let file = 0; file < count; file += 1)
      writeFileSync(join(path, `a file with a usual name ${file}.txt`), '')
  }
}

/** Every folder, each as often as it takes until all of it is known. Resolves with the seconds of the last time each. */
async function listAll(peer: Peer, count: number): Promise<number> {
  let seconds = 0
  for (let number = 0; number < folders; number += 1) seconds += await list(peer, number, count)
  return seconds
}

const triesMs = 60_000

async function list({ url, authorization = '' }: Peer, number: number, count: number): Promise<number> {
  const deadline = performance.now() + triesMs
  for (;;) {
    const startedAt = performance.now()
    const answer = await fetch(new URL(`folder-${number}/`, url), {
      method: 'PROPFIND',
      headers: { authorization, depth: '1' },
    })
    const entries = (await answer.text()).split('<d:response>').length - 2
    if (entries >= count) return (performance.now() - startedAt) / 1000
    if (performance.now() > deadline) throw new Error(`folder-${number} shows ${entries} of ${count} files`)
    await delay(200)
  }
}
