import test from 'ava'
import { silentLog } from '../../appliance/lib/log.ts'
import { createParts } from '../../appliance/lib/parts.ts'

test('a stop waits for what is starting, starts nothing more, and stops all', async t => {
  const done: string[] = []
  const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>()
  const parts = createParts(silentLog)
  parts.add({
    name: 'disks',
    async start() {
      await mayGoOn
      done.push('disks are there')
    },
    stop: async () => void done.push('disks are gone'),
  })
  parts.add({ name: 'mounts', start: async () => void done.push('mounted') })
  const started = parts.start()
  const stopped = parts.stop()
  goOn()
  await Promise.all([started, stopped])
  t.deepEqual(done, ['disks are there', 'disks are gone'])
})

test('a part that breaks holds up no other', async t => {
  const done: string[] = []
  const parts = createParts(silentLog)
  const broken = async () => Promise.reject(new Error('broken'))
  parts.add({ name: 'broken', start: broken, stop: broken })
  parts.add({
    name: 'sound',
    start: async () => void done.push('up'),
    stop: async () => void done.push('down'),
  })
  await parts.start()
  await parts.stop()
  t.deepEqual(done, ['up', 'down'])
})
