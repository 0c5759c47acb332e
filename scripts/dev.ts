import { chownSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type AgentClient, createAgentClient } from '../appliance/agent/client.ts'
import { readConfig, serviceUid } from '../appliance/config.ts'
import { indexDropMark } from '../appliance/files/index.ts'
import { createEvents } from '../appliance/lib/events.ts'
import { Failure } from '../appliance/lib/failure.ts'
import { silentLog } from '../appliance/lib/log.ts'

const usage = `scripts/dev disk list       --data DIR   the practice disks of a running instance
scripts/dev disk pull N     --data DIR   from now on every read and write of it fails
scripts/dev disk put N      --data DIR   puts it back
scripts/dev disk add [SIZE] --data DIR   one more, of 4G or of what the instance was started with
scripts/dev index drop      --data DIR   forgets the index of all pools, running or not: it is made anew
`

async function main() {
  const options = { data: { type: 'string' }, help: { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const [topic, verb = '', argument] = positionals
  const work = topic === 'disk' ? diskVerbs[verb] : undefined
  if (values.help) return void process.stdout.write(usage)
  if (topic === 'index' && verb === 'drop') return dropIndex(values.data)
  if (!work) throw new Failure('invalid', 'dev/usage', `What shall I do?\n\n${usage}`)
  await withAgent(socketOf(values.data), agent => work(agent, argument))
}

async function dropIndex(data: string | undefined) {
  const { dataDir, isRoot } = readConfig(data === undefined ? [] : ['--data', data])
  const socket = runningSocket(data)
  if (socket === undefined) {
    const mark = join(dataDir, indexDropMark)
    writeFileSync(mark, '')
    if (isRoot) chownSync(mark, serviceUid, serviceUid)
    process.stdout.write('The index will be forgotten at the next start.\n')
    return
  }
  const events = createEvents()
  await withAgent(socket, async () => events.publish('files/index-dropped', { pool: null }), events)
  process.stdout.write('The index is forgotten and made anew.\n')
}

type Verb = (agent: AgentClient, argument: string | undefined) => Promise<void>

const diskVerbs: Record<string, Verb | undefined> = {
  list: async agent => {
    for (const disk of await agent.call('practice/list', {})) say(disk)
  },
  pull: async (agent, argument) => {
    await agent.call('practice/pull', { number: numberOf(argument) })
    process.stdout.write(`Disk ${argument} is pulled: every read and write of it fails.\n`)
  },
  put: async (agent, argument) => {
    await agent.call('practice/put', { number: numberOf(argument) })
    process.stdout.write(`Disk ${argument} is back.\n`)
  },
  add: async (agent, argument) => {
    const size = argument === undefined ? {} : { sizeBytes: sizeOf(argument) }
    say(await agent.call('practice/add', size))
  },
}

interface Listed {
  number: number
  serial: string
  path: string
  sizeBytes: number
  isPulled: boolean
}

function say({ number, serial, path, sizeBytes, isPulled }: Listed) {
  const size = `${(sizeBytes / 1024 ** 3).toFixed(1)} GiB`
  process.stdout.write([number, serial, path, size, isPulled ? 'pulled' : 'there'].join('\t').concat('\n'))
}

function numberOf(text: string | undefined): number {
  if (text !== undefined && /^[1-9]\d*$/.test(text)) return Number(text)
  throw new Failure('invalid', 'dev/usage', 'Name a disk by its number, as in: scripts/dev disk pull 2')
}

function sizeOf(text: string): number {
  return readConfig(['--practice-size', text]).practice.sizeBytes
}

/** The launcher may have given the instance its data folder through a mount of its own, below its run folder. */
function runningSocket(data: string | undefined): string | undefined {
  const own = readConfig(data === undefined ? [] : ['--data', data])
  const mounted = readConfig(['--data', join(own.runDir, 'data')])
  return [own, mounted].map(config => config.agentSocket).find(existsSync)
}

function socketOf(data: string | undefined): string {
  const found = runningSocket(data)
  if (found === undefined)
    throw new Failure('unavailable', 'dev/not-running', `No Cairn runs on ${data ?? '.cairn'}.`)
  return found
}

async function withAgent(
  socketPath: string,
  work: (agent: AgentClient) => Promise<void>,
  events = createEvents(),
) {
  const agent = createAgentClient({ socketPath, events, log: silentLog })
  await agent.start()
  try {
    await work(agent)
  } finally {
    await agent.stop()
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`cairn: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
