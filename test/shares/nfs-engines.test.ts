import test from 'ava'
import { silentLog } from '../../appliance/lib/log.ts'
import type { NfsEngine } from '../../appliance/shares/system/nfs/engine.ts'
import { chooseEngine } from '../../appliance/shares/system/nfs/engines.ts'

interface Nature {
  missing?: string
  /** What is forbidden to it here, though it is there. */
  forbidden?: string
}

function engine(name: 'kernel' | 'ganesha', { missing, forbidden }: Nature, did: string[]): NfsEngine {
  return {
    name,
    missing: async () => (missing === undefined ? null : { code: 'shares/missing', message: missing }),
    async prepare() {
      did.push(`prepare ${name}`)
      if (forbidden !== undefined) throw new Error(forbidden)
    },
    stop: async () => void did.push(`stop ${name}`),
    serve: async () => new Map(),
    letGo: async () => undefined,
    status: async () => ({ isRunning: false, restarts: 0, problem: null }),
  }
}

async function chosen(kernel: Nature, ganesha: Nature) {
  const did: string[] = []
  const said: unknown[] = []
  const log = { ...silentLog, info: (_: string, fields?: object) => void said.push(fields) }
  const all = [engine('kernel', kernel, did), engine('ganesha', ganesha, did)]
  const found = await chooseEngine(all, log)
  return { name: found?.engine.name, problem: found?.problem?.message ?? null, did, said }
}

test('the first that can be used serves, and the next is not looked at', async t => {
  t.deepEqual(await chosen({}, { missing: 'no ganesha' }), {
    name: 'kernel',
    problem: null,
    did: ['prepare kernel'],
    said: [],
  })
})

test('one that is not there leaves it to the next, and the log says why', async t => {
  t.deepEqual(await chosen({ missing: 'no nfsd' }, {}), {
    name: 'ganesha',
    problem: null,
    did: ['prepare ganesha'],
    said: [{ engine: 'kernel', why: 'no nfsd' }],
  })
})

test('one to which something is forbidden leaves nothing behind', async t => {
  const { name, did, said } = await chosen({ forbidden: 'may not mount' }, {})
  t.is(name, 'ganesha')
  t.deepEqual(did, ['prepare kernel', 'stop kernel', 'prepare ganesha'])
  t.is(said.length, 1)
})

test('where none can be used the last says why', async t => {
  const { problem, said } = await chosen({ missing: 'no nfsd' }, { missing: 'no ganesha' })
  t.is(problem, 'no ganesha')
  t.is(said.length, 2)
})
