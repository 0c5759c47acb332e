import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ExecutionContext } from 'ava'
import { admin, basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const headers = { authorization: basic(admin) }

async function ask(
  cairn: Cairn,
  method: string,
  name: string,
  more: { body?: string; to?: string } = {},
): Promise<{ status: number; body: string }> {
  const answer = await fetch(`${cairn.url}/webdav/shared/${name}`, {
    method,
    headers: { ...headers, ...(more.to ? { destination: `/webdav/shared/${more.to}` } : {}) },
    ...(more.body === undefined ? {} : { body: more.body }),
  })
  return { status: answer.status, body: await answer.text() }
}

/** A client of the network drive that has the file open for reading and writing until it is told to close it. */
async function openOverSmb(t: ExecutionContext, cairn: Cairn, name: string) {
  const target = ['-p', String(cairn.smbPort), '//127.0.0.1/shared', '-U', `${admin.name}%${admin.password}`]
  // Into a pipe it would say what it did only when it ends.
  const child = spawn('stdbuf', ['-o0', 'smbclient', ...target], { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  t.teardown(async () => {
    child.stdin.end('exit\n')
    await ended
  })
  child.stdin.write(`open ${name}\n`)
  await eventually(async () => /for read\/write fnum \d+/.test(said))
  const handle = /fnum (\d+)/.exec(said)?.[1]
  return { close: () => void child.stdin.write(`close ${handle}\n`) }
}

testIf(
  'root',
  'btrfs',
  'smbd',
  'smbclient',
)('a file that somebody has open for writing on the network drive is locked for everybody else', async t => {
  const cairn = await startCairn(t, { args: claimed })
  for (const name of ['held.txt', 'other.txt'])
    t.is((await ask(cairn, 'PUT', name, { body: name })).status, 201)
  const held = await openOverSmb(t, cairn, 'held.txt')

  for (const [method, name, more] of [
    ['PUT', 'held.txt', { body: 'replaced' }],
    ['DELETE', 'held.txt', {}],
    ['MOVE', 'held.txt', { to: 'moved.txt' }],
    ['MOVE', 'other.txt', { to: 'held.txt' }],
    ['COPY', 'other.txt', { to: 'held.txt' }],
  ] as const) {
    const { status, body } = await ask(cairn, method, name, more)
    t.is(status, 423, `${method} ${name}`)
    t.regex(body, /open for writing on the network drive/, `${method} ${name}`)
  }
  t.is((await ask(cairn, 'GET', 'held.txt')).body, 'held.txt')
  t.is((await ask(cairn, 'GET', 'other.txt')).body, 'other.txt')
  t.is((await ask(cairn, 'GET', 'moved.txt')).status, 404)
  t.is((await ask(cairn, 'COPY', 'held.txt', { to: 'copied.txt' })).status, 201)

  held.close()
  await eventually(async () => (await ask(cairn, 'PUT', 'held.txt', { body: 'replaced' })).status === 204)
  t.is((await ask(cairn, 'GET', 'held.txt')).body, 'replaced')
})
