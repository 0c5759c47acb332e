import { access, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { type OperationContext, operation } from '../../lib/operation.ts'
import { type RunOptions, run } from '../../lib/run.ts'
import { parseInfo, parseProgress, parseRefusal, parseStatus } from '../parse/rauc.ts'
import { notHere, requireFit } from '../plan/versions.ts'
import { type Bundle, bundle, lentName, type Slots, slots, updateFacts } from '../schema.ts'
import { createEarlier } from './earlier.ts'

export interface UpdatesSystemDeps {
  dataDir: string
  /** Of the daemon; an image has one of its own. */
  version: string
  /** Of RAUC (the system.conf of its reference); without that file there are no updates. */
  conf?: string
  /** Where RAUC's service is on D-Bus; the system's bus without it. */
  bus?: string
  restart?(): Promise<void>
  /** What the image says of itself, and what it has found out about its versions (docs/image.md, "Updates"). */
  image?: { release: string; proven: string }
}

const installTimeoutMs = 60 * 60_000
/** On a small box that has just started RAUC's service is slow to come. */
const answerTimeoutMs = 3 * 60_000
const onTheImage = { release: '/etc/os-release', proven: '/data/system/proven' }

/** What root does for updates: RAUC is asked by its own program. A bundle has one place, which the server fills. */
export function createUpdateOperations(deps: UpdatesSystemDeps) {
  const { dataDir, conf = '/etc/rauc/system.conf', image = onTheImage } = deps
  const { restart = () => run(['systemctl', '--no-block', 'reboot']).then(() => undefined) } = deps
  const file = join(dataDir, 'updates', 'bundle.raucb')
  const earlier = createEarlier({ dataDir, state: dirname(image.proven) })
  const env = deps.bus === undefined ? {} : { DBUS_SYSTEM_BUS_ADDRESS: deps.bus }

  async function versionNow(): Promise<string> {
    const release = await readIfThere(image.release)
    return /^IMAGE_VERSION="?([^"\n]+)/m.exec(release)?.[1] ?? deps.version
  }

  /** It was never found good here, while another was. The first version has nothing to go back to. */
  async function isOnTrial(version: string): Promise<boolean> {
    const proven = (await readIfThere(image.proven)).trim()
    return proven !== '' && proven !== version
  }

  async function isThere(): Promise<boolean> {
    return access(conf).then(
      () => true,
      () => false,
    )
  }

  /** While RAUC installs it answers no other question: then the slots as they were before. */
  let beforeInstall: Slots | undefined

  async function slotsNow(): Promise<Slots | null> {
    if (!(await isThere())) return null
    return beforeInstall ?? askSlots()
  }

  async function askSlots(): Promise<Slots> {
    try {
      const { stdout } = await rauc(['status', '--detailed', '--output-format=json'])
      return parseStatus(stdout)
    } catch (error) {
      // An installation was begun in this very moment.
      if (beforeInstall) return beforeInstall
      throw error
    }
  }

  async function inspect(): Promise<Bundle> {
    await requireThere()
    const { stdout } = await rauc(['--conf', conf, 'info', '--output-format=json', file])
    return parseInfo(stdout)
  }

  async function install(allowOlder: boolean, { report, signal }: OperationContext) {
    const known = await slotsNow()
    if (!known) throw notHere()
    requireFit({
      bundle: await inspect(),
      version: await versionNow(),
      compatible: known.compatible,
      allowOlder,
    })
    beforeInstall = known
    try {
      await rauc(['install', file], {
        timeoutMs: installTimeoutMs,
        signal,
        onLine(line) {
          const progress = parseProgress(line)
          if (progress) report(progress)
        },
      })
    } finally {
      beforeInstall = undefined
    }
    await rm(file, { force: true })
  }

  /** Its settings are there, and it is still what the other slot holds. An image that was flashed has no version there. */
  async function earlierVersion(): Promise<string | null> {
    const wanted = await earlier.version()
    const version = await versionNow()
    const known = wanted === null ? null : await slotsNow()
    if (wanted === null || !known || wanted === version || (await isOnTrial(version))) return null
    const other = known.slots.find(({ isBooted }) => !isBooted)
    if (!other || other.isNext || (other.version ?? wanted) !== wanted) return null
    return wanted
  }

  async function goBack(wanted: string, name: string) {
    if ((await earlierVersion()) !== wanted) throw noEarlier(wanted)
    await earlier.take(wanted, name)
    try {
      await rauc(['status', 'mark-active', 'other'])
    } catch (error) {
      await earlier.drop()
      throw error
    }
    await restart()
  }

  async function requireThere() {
    if (!(await isThere())) throw notHere()
  }

  async function rauc(args: readonly string[], options: RunOptions = {}) {
    try {
      return await run(['rauc', ...args], { env, timeoutMs: answerTimeoutMs, ...options })
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'run/failed') throw error
      const why = parseRefusal(String(error.details.stderr ?? ''))
      throw new Failure(
        'invalid',
        'updates/refused',
        `The update was refused: ${why || 'it says no more'}.`,
        {
          cause: error,
        },
      )
    }
  }

  return {
    'updates/facts': operation({
      input: z.strictObject({}),
      output: updateFacts,
      isRead: true,
      async run() {
        const [isPossible, version] = [await isThere(), await versionNow()]
        return { isPossible, version, isOnTrial: isPossible && (await isOnTrial(version)) }
      },
    }),
    'updates/slots': operation({
      input: z.strictObject({}),
      output: slots.nullable(),
      isRead: true,
      run: slotsNow,
    }),
    'updates/inspect': operation({ input: z.strictObject({}), output: bundle, isRead: true, run: inspect }),
    'updates/install': operation({
      input: z.strictObject({ allowOlder: z.boolean() }),
      output: z.null(),
      async run({ allowOlder }, context) {
        await install(allowOlder, context)
        return null
      },
    }),
    'updates/earlier': operation({
      input: z.strictObject({}),
      output: z.object({ version: z.string().nullable() }),
      isRead: true,
      run: async () => ({ version: await earlierVersion() }),
    }),
    'updates/lend-earlier': operation({
      input: z.strictObject({ name: lentName }),
      output: z.null(),
      isRead: true,
      async run({ name }) {
        await earlier.lend(name)
        return null
      },
    }),
    'updates/go-back': operation({
      input: z.strictObject({ version: z.string().max(100), name: lentName }),
      output: z.null(),
      async run({ version, name }) {
        await goBack(version, name)
        return null
      },
    }),
    'updates/restart': operation({
      input: z.strictObject({}),
      output: z.null(),
      async run() {
        await requireThere()
        await restart()
        return null
      },
    }),
  }
}

function noEarlier(version: string): Failure {
  return new Failure(
    'conflict',
    'updates/no-earlier',
    `Version ${version} is not there any more with its settings, so the box does not go back to it.`,
  )
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return ''
    throw error
  }
}
