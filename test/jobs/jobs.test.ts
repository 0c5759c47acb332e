import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createJobs } from '../../appliance/jobs/index.ts'
import { migrateDatabase, openDatabase } from '../../appliance/lib/database.ts'
import { createEvents } from '../../appliance/lib/events.ts'
import { Failure } from '../../appliance/lib/failure.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { tempFolder } from '../helpers/temp.ts'

async function bench(t: ExecutionContext) {
  const path = join(await tempFolder(t), 'cairn.db')
  const database = await openDatabase(path)
  t.teardown(() => database.destroy())
  let now = Date.UTC(2026, 0, 1)
  const clock = { now: () => (now += 1000) }
  const events = createEvents()
  const jobs = createJobs({ database, events, clock, log: silentLog })
  await migrateDatabase(database, jobs.domain.migrations ?? [])
  return { jobs, database, events, clock }
}

test('a job reports its progress and ends done', async t => {
  const { jobs, events } = await bench(t)
  const seen: (number | null)[] = []
  events.on('jobs/changed', async ({ id }) => seen.push((await jobs.get(id)).fraction))
  const { id } = await jobs.start({
    kind: 'test/count',
    title: 'Counting',
    run: async ({ report }) => report({ fraction: 0.5, message: 'Half way' }),
  })
  await jobs.finished(id)
  t.like(await jobs.get(id), { state: 'done', fraction: 1, message: 'Half way', error: null })
})

test('a job that fails keeps the code and the words, and nothing of what broke inside', async t => {
  const { jobs } = await bench(t)
  const refused = await jobs.start({
    kind: 'test/fail',
    title: 'Failing',
    run: async () => Promise.reject(new Failure('full', 'test/full', 'The pool is full.')),
  })
  const broken = await jobs.start({
    kind: 'test/break',
    title: 'Breaking',
    run: async () => Promise.reject(new Error('/secret')),
  })
  await Promise.all([jobs.finished(refused.id), jobs.finished(broken.id)])
  t.deepEqual((await jobs.get(refused.id)).error, { code: 'test/full', message: 'The pool is full.' })
  t.false(JSON.stringify(await jobs.get(broken.id)).includes('secret'))
})

test('cancelling reaches the work', async t => {
  const { jobs } = await bench(t)
  const { id } = await jobs.start({
    kind: 'test/wait',
    title: 'Waiting',
    run: ({ signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true }),
      ),
  })
  await jobs.cancel(id)
  await jobs.finished(id)
  t.is((await jobs.get(id)).state, 'cancelled')
})

test('what a dead process was doing is said to be interrupted at the next start', async t => {
  const { jobs, database, events, clock } = await bench(t)
  const { id } = await jobs.start({
    kind: 'test/never',
    title: 'Never ends',
    run: () => new Promise(() => undefined),
  })
  await database.updateTable('job').set({ worker: '1@7' }).where('id', '=', id).execute()
  const next = createJobs({ database, events, clock, log: silentLog })
  await next.domain.start?.()
  t.like(await next.get(id), {
    state: 'failed',
    error: { code: 'jobs/interrupted', message: 'Cairn was restarted while this was running.' },
  })
})

test('an unknown job is missing', async t => {
  const { jobs } = await bench(t)
  t.is(((await t.throwsAsync(jobs.get('nope'))) as Failure).kind, 'missing')
})

test('settings that cannot be written end neither the work nor the process', async t => {
  const { jobs, database } = await bench(t)
  const { promise: written, resolve: stopWriting } = Promise.withResolvers<void>()
  let isDone = false
  const { id } = await jobs.start({
    kind: 'test/full',
    title: 'Working on a full disk',
    async run({ report }) {
      await written
      report({ fraction: 0.5, message: 'Half way' })
      isDone = true
    },
  })
  await database.destroy()
  stopWriting()
  await jobs.finished(id)
  t.true(isDone)
})
