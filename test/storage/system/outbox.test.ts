import test from 'ava'
import { type FanotifyEvent, fanotifyMask } from '../../../appliance/storage/parse/fanotify.ts'
import { createOutbox } from '../../../appliance/storage/system/feed/outbox.ts'

const folder = { subvolume: 256, inode: 300, generation: 1 }

function created(name: string): FanotifyEvent {
  const object = { ...folder, inode: 400 }
  return { mask: fanotifyMask.create, pid: 7, at: { folder, name }, from: null, to: null, object }
}

function outboxOf(limits = { waitingNames: 6, batchNames: 2, unacknowledged: 2 }) {
  return createOutbox({
    limits,
    settle: batch =>
      [...batch.folders.values()].map(({ names }) => ({
        subvolume: 256,
        inode: 300,
        path: 'shares/media',
        names: [...names.values()].map(({ name, inode }) => ({
          name,
          inode,
          isFolder: false,
          kinds: ['create'],
          pids: [],
        })),
      })),
  })
}

type Outbox = ReturnType<typeof outboxOf>

/** All that can be sent now: `3: a b`, `4: gap slow`. */
function sent(outbox: Outbox): string[] {
  const items: string[] = []
  for (let item = outbox.take(); item; item = outbox.take()) {
    const what =
      'gap' in item
        ? `gap ${item.gap}`
        : item.folders.flatMap(({ names }) => names.map(n => n.name)).join(' ')
    items.push(`${item.number}: ${what}`)
  }
  return items
}

const add = (outbox: Outbox, ...names: string[]) => {
  for (const name of names) outbox.add(created(name))
}

test('until somebody follows nothing is kept, and then comes a gap', t => {
  const outbox = outboxOf()
  add(outbox, 'a', 'b', 'c')
  t.true(outbox.isDeaf())
  t.deepEqual(sent(outbox), [])
  outbox.follow(undefined)
  add(outbox, 'd')
  t.deepEqual(sent(outbox), ['2: gap start', '3: d'])
})

test('what happens to one name again before it is sent is told once', t => {
  const outbox = outboxOf()
  outbox.follow(undefined)
  add(outbox, 'a', 'a', 'a')
  t.deepEqual(sent(outbox), ['2: gap start', '3: a'])
})

test('no more than the limit is under way, and the rest follows as it is acknowledged', t => {
  const outbox = outboxOf()
  outbox.follow(undefined)
  add(outbox, 'a', 'b', 'c', 'd', 'e')
  t.deepEqual(sent(outbox), ['2: gap start', '3: a b'])
  outbox.acknowledge(2)
  t.deepEqual(sent(outbox), ['4: c d'])
  outbox.acknowledge(4)
  t.deepEqual(sent(outbox), ['5: e'])
})

test('too much that waits becomes one gap; what was under way is not touched', t => {
  const outbox = outboxOf()
  outbox.follow(undefined)
  add(outbox, 'a', 'b', 'c', 'd')
  t.deepEqual(sent(outbox), ['2: gap start', '3: a b'])
  add(outbox, 'e', 'f', 'g', 'h', 'i')
  t.deepEqual(sent(outbox), [])
  outbox.acknowledge(3)
  t.deepEqual(sent(outbox), ['7: gap slow', '8: i'])
})

test('who comes back in time misses nothing, also of what was under way', t => {
  const outbox = outboxOf()
  outbox.follow(undefined)
  add(outbox, 'a')
  t.deepEqual(sent(outbox), ['2: gap start', '3: a'])
  outbox.acknowledge(2)
  outbox.leave()
  add(outbox, 'b')
  outbox.follow(2)
  t.deepEqual(sent(outbox), ['3: a', '4: b'])
})

test('who comes back too late, or from elsewhere, gets a gap', t => {
  const outbox = outboxOf()
  outbox.follow(undefined)
  t.deepEqual(sent(outbox), ['2: gap start'])
  outbox.acknowledge(2)
  outbox.leave()
  add(outbox, ...'abcdefgh')
  t.true(outbox.isDeaf())
  outbox.follow(2)
  t.regex(sent(outbox)[0] ?? '', /gap/)
  outbox.follow(99)
  t.regex(sent(outbox)[0] ?? '', /gap start/)
})

test('both sides of a rename are in one batch', t => {
  const outbox = outboxOf({ waitingNames: 100, batchNames: 2, unacknowledged: 9 })
  outbox.follow(undefined)
  add(outbox, 'a')
  outbox.add({
    mask: fanotifyMask.rename,
    pid: 7,
    at: null,
    from: { folder, name: 'old' },
    to: { folder: { ...folder, inode: 301 }, name: 'new' },
    object: { ...folder, inode: 401 },
  })
  t.deepEqual(sent(outbox), ['2: gap start', '3: a old new'])
})
