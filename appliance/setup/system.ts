import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { errnoOf, Failure } from '../lib/failure.ts'
import { operation } from '../lib/operation.ts'
import { run } from '../lib/run.ts'
import { renderClaimCode, renderConsole } from './render.ts'

/** What lies on the boot partition, where any computer can read and write it. */
const names = {
  document: 'cairn-setup.json',
  code: 'cairn-claim-code.txt',
  problem: 'cairn-setup-problem.txt',
}
const mostBytes = 1024 * 1024

export interface SetupPlaces {
  /** The boot partition; null: there is none, and nothing is done. */
  folder: string | null
  /** agetty(8) shows what lies here above its prompt. */
  consoleNote?: string
  console?: string
}

/** What root does for the first boot. */
export function createSetupOperations({
  folder,
  consoleNote = '/run/issue.d/60-cairn.issue',
  console = '/dev/console',
}: SetupPlaces) {
  const pathOf = (name: keyof typeof names) => join(folder ?? '', names[name])

  async function read(): Promise<unknown> {
    try {
      const text = await readFile(pathOf('document'), 'utf8')
      if (text.length > mostBytes)
        throw new Failure('invalid', 'setup/file', `${names.document} is too large.`)
      return JSON.parse(text)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null
      if (!(error instanceof SyntaxError)) throw error
      const message = `${names.document} is no JSON: ${error.message}`
      throw new Failure('invalid', 'setup/file', message, { cause: error })
    }
  }

  async function wipePasswords() {
    const document = await read()
    if (document === null) return
    const wiped = JSON.stringify(document, (key, inner) => (key === 'password' ? '' : inner), 2)
    // Over the passwords, not beside them: a new file would leave them in the blocks of the old one.
    await overwrite(pathOf('document'), `${wiped}\n`)
  }

  return {
    'setup/boot-document': operation({
      input: z.strictObject({}),
      output: z.object({ document: z.unknown() }),
      isRead: true,
      run: async () => ({ document: folder === null ? null : await read() }),
    }),
    'setup/boot-document-done': operation({
      input: z.strictObject({ problem: z.string().max(10_000).nullable() }),
      output: z.null(),
      async run({ problem }) {
        if (folder === null) return null
        if (problem !== null) await replace(pathOf('problem'), `${problem}\n`)
        else {
          await wipePasswords()
          await rm(pathOf('problem'), { force: true })
        }
        return null
      },
    }),
    'setup/show-code': operation({
      input: z.strictObject({ code: z.string().max(40).nullable(), hostName: z.string().max(63) }),
      output: z.null(),
      secret: ['code'],
      async run({ code, hostName }) {
        if (folder === null) return null
        await show(pathOf('code'), code === null ? null : renderClaimCode(code, hostName))
        await show(consoleNote, renderConsole(code, hostName))
        await run(['agetty', '--reload'])
        if (code !== null) await tell(console, `\r\ncairn: claim code ${code}\r\n`)
        return null
      },
    }),
  }
}

async function show(path: string, text: string | null) {
  if (text === null) await rm(path, { force: true })
  else await replace(path, text)
}

/** FAT has no rename that a power cut could not disturb; it is small, and made anew at every start. */
async function replace(path: string, text: string) {
  if ((await readFile(path, 'utf8').catch(absent)) === text) return
  await mkdir(dirname(path), { recursive: true })
  const fresh = `${path}.new`
  await using file = await open(fresh, 'w', 0o644)
  await file.writeFile(text)
  await file.sync()
  await rename(fresh, path)
}

async function overwrite(path: string, text: string) {
  await using file = await open(path, 'r+')
  const { size } = await file.stat()
  const padded = Buffer.from(text.padEnd(size, ' '))
  await file.write(padded, 0, padded.length, 0)
  await file.sync()
}

async function tell(device: string, text: string) {
  await using file = await open(device, 'w')
  await file.writeFile(text)
}

function absent(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error
  return undefined
}
