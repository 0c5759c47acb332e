import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { IndexState } from '../../appliance/files/service/indexing/index.ts'
import type { TuningReport } from '../../appliance/tuning/index.ts'
import type { Bench, Compared } from './comparison.ts'
import { median, type Peer } from './load.ts'
import { inTurn } from './pairs.ts'
import { startInstance } from './peers.ts'
import { startTuned } from './tuned-instance.ts'
import { inWords } from './tuning-groups.ts'
import { askFor } from './tuning-plan.ts'

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
    await untilIndexed(peer, folders * (count + 1))
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

const indexedWithinMs = 120_000

/** What is listed from the disk meanwhile would tell nothing of the index. */
async function untilIndexed(peer: Peer, entries: number) {
  const ask = askFor(peer)
  const deadline = performance.now() + indexedWithinMs
  for (;;) {
    const state = (await ask('GET', '/files/index')) as IndexState[]
    const share = state.find(({ kind, name }) => kind === 'shares' && name === 'shared')
    if (share?.isTrue && share.entries >= entries) return
    if (performance.now() > deadline)
      throw new Error(`the index knows ${share?.entries} of ${entries} after two minutes`)
    await delay(200)
  }
}

/** Every folder. Resolves with the seconds. */
async function listAll(peer: Peer, count: number): Promise<number> {
  let seconds = 0
  for (let number = 0; number < folders; number += 1) seconds += await list(peer, number, count)
  return seconds
}

async function list({ url, authorization = '' }: Peer, number: number, count: number): Promise<number> {
  const startedAt = performance.now()
  const answer = await fetch(new URL(`folder-${number}/`, url), {
    method: 'PROPFIND',
    headers: { authorization, depth: '1' },
  })
  const entries = (await answer.text()).split('<d:response>').length - 2
  if (entries !== count) throw new Error(`folder-${number} shows ${entries} of ${count} files`)
  return (performance.now() - startedAt) / 1000
}
