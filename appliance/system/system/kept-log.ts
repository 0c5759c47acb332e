import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { z } from 'zod'
import { Failure } from '../../lib/failure.ts'
import { namesIn } from '../../lib/names-in.ts'
import { operation } from '../../lib/operation.ts'
import { run } from '../../lib/run.ts'

export interface LogPlaces {
  /** What `keep-log` keeps on the image over restarts. */
  keptFolder?: string
}

const mostLines = 5_000
/** Of each part; together they fit into one answer of the agent's. */
const mostCharacters = 700_000
const mostEnds = 2
const unpack = promisify(gunzip)

/** The log of the image: what was kept of earlier starts, and what lies in memory since the last one. */
export function createLogOperations({
  isImage,
  keptFolder = '/data/system/log',
}: LogPlaces & { isImage: boolean }) {
  async function kept(): Promise<string[]> {
    const names = (await namesIn(keptFolder)).sort()
    const worse = names.filter(name => /^worse(-older)?\.log$/.test(name))
    const ends = names.filter(name => /^end-.*\.log\.gz$/.test(name)).slice(-mostEnds)
    const parts = [...worse, ...ends].map(async name => part(name, await textOf(join(keptFolder, name))))
    return Promise.all(parts)
  }

  return {
    'system/log': operation({
      input: z.strictObject({}),
      output: z.object({ text: z.string() }),
      isRead: true,
      async run() {
        if (!isImage)
          throw new Failure(
            'unavailable',
            'system/log-not-here',
            'This Cairn was not flashed as an image: its log is where the system that it runs on keeps it.',
          )
        const lines = ['--output=short-iso', '--no-hostname', `--lines=${mostLines}`]
        const { stdout } = await run(['journalctl', '--quiet', '--boot', ...lines])
        return { text: [...(await kept()), part('since the last start', stdout)].join('\n') }
      },
    }),
  }
}

function part(name: string, text: string): string {
  return `==== ${name} ====\n${text.slice(-mostCharacters)}`
}

async function textOf(path: string): Promise<string> {
  const bytes = await readFile(path)
  return (path.endsWith('.gz') ? await unpack(bytes) : bytes).toString('utf8')
}
