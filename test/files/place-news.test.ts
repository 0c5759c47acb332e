import test from 'ava'
import { createPlaceNews } from '../../appliance/files/service/place-news.ts'
import { createEvents } from '../../appliance/lib/events.ts'

const person = { user: 'ann', role: 'member' } as const

function listening() {
  const events = createEvents()
  const told: string[] = []
  events.on('files/progress', ({ user, what, name, files, fraction, state }) => {
    told.push([user, what, name, files, fraction, state].join(' '))
  })
  const clock = { nowMs: 0 }
  const at = (ms: number) => {
    clock.nowMs = ms
  }
  return { told, news: createPlaceNews(events, () => clock.nowMs), at }
}

test('what takes less than a second is not told', async t => {
  const { told, news, at } = listening()
  const result = await news({ person, what: 'copy', name: 'a' }, async onProgress => {
    at(900)
    onProgress({ files: 1, bytes: 1, totalBytes: 2 })
    return 'copied'
  })
  t.is(result, 'copied')
  t.deepEqual(told, [])
})

test('what takes longer is told now and then, and how it ended', async t => {
  const { told, news, at } = listening()
  await news({ person, what: 'move', name: 'tree' }, async onProgress => {
    for (let files = 1; files <= 20; files += 1) {
      at(files * 100)
      onProgress({ files, bytes: files, totalBytes: 20 })
    }
  })
  t.deepEqual(told, [
    'ann move tree 10 0.5 running',
    'ann move tree 15 0.75 running',
    'ann move tree 20 1 running',
    'ann move tree 20 1 done',
  ])
})

test('what failed on its way is told to have failed', async t => {
  const { told, news, at } = listening()
  const failing = news({ person, what: 'move', name: 'tree' }, async onProgress => {
    at(2000)
    onProgress({ files: 3, bytes: 0, totalBytes: 0 })
    throw new Error('the disk is full')
  })
  await t.throwsAsync(failing, { message: 'the disk is full' })
  t.deepEqual(told, ['ann move tree 3  running', 'ann move tree 3  failed'])
})
