import { access, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '../../lib/clock.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { type OperationContext, operation } from '../../lib/operation.ts'
import type { Parts } from '../../lib/parts.ts'
import { type RunOptions, run } from '../../lib/run.ts'
import { parseInfo, parseProgress, parseRefusal, parseStatus } from '../parse/rauc.ts'
import { requireFit } from '../plan.ts'
import { type Bundle, bundle, type Slots, updateFacts } from '../schema.ts'
import { createStates } from './states.ts'

export interface UpdatesSystemDeps {
  dataDir: string
  version: string
  clock: Clock
  log: Log
  parts: Parts
  /** Of RAUC (the system.conf of its reference); without that file there are no updates. */
  conf?: string
  /** Where RAUC's service is on D-Bus; the system's bus without it. */
  bus?: string
  restart?(): Promise<void>
  trialMs?: number
}

const installTimeoutMs = 60 * 60_000
/** So long a new version has to be found good; then the box goes back, whatever the server says or does not. */
const defaultTrialMs = 15 * 60_000

/** What root does for updates: RAUC is asked by its own program. A bundle has one place, which the server fills. */
export function createUpdateOperations(deps: UpdatesSystemDeps) {
  const {
    dataDir,
    version,
    clock,
    log,
    parts,
    conf = '/etc/rauc/system.conf',
    trialMs = defaultTrialMs,
  } = deps
  const { restart = () => run(['systemctl', 'reboot']).then(() => undefined) } = deps
  const file = join(dataDir, 'updates', 'bundle.raucb')
  const states = createStates({ dataDir, version })
  const env = deps.bus === undefined ? {} : { DBUS_SYSTEM_BUS_ADDRESS: deps.bus }
  let trialEndsAtMs: number | undefined
  let deadline: NodeJS.Timeout | undefined

  parts.add({
    name: 'updates',
    async start() {
      if (!(await isThere())) return
      await states.prepare()
      if (!(await states.isOnTrial())) return
      trialEndsAtMs = clock.now() + trialMs
      log.info('this version is on trial', { version, untilMs: trialEndsAtMs })
      deadline = setTimeout(() => {
        goBack('it was not found good in time').catch(error => log.error('could not go back', { error }))
      }, trialMs).unref()
    },
    async stop() {
      clearTimeout(deadline)
    },
  })

  async function isThere(): Promise<boolean> {
    return access(conf).then(
      () => true,
      () => false,
    )
  }

  async function slotsNow(): Promise<Slots | null> {
    if (!(await isThere())) return null
    const { stdout } = await rauc(['status', '--detailed', '--output-format=json'])
    return parseStatus(stdout)
  }

  async function inspect(): Promise<Bundle> {
    await requireThere()
    const { stdout } = await rauc(['--conf', conf, 'info', '--output-format=json', file])
    return parseInfo(stdout)
  }

  async function install(allowOlder: boolean, { report, signal }: OperationContext) {
    const known = await slotsNow()
    if (!known) throw notHere()
    requireFit({ bundle: await inspect(), version, compatible: known.compatible, allowOlder })
    await rauc(['install', file], {
      timeoutMs: installTimeoutMs,
      signal,
      onLine(line) {
        const progress = parseProgress(line)
        if (progress) report(progress)
      },
    })
    await rm(file, { force: true })
  }

  async function confirm() {
    await requireThere()
    await rauc(['status', 'mark-good'])
    await states.confirm()
    clearTimeout(deadline)
    trialEndsAtMs = undefined
  }

  /** The other one is started, and finds everything as it left it. */
  async function goBack(why: string) {
    await requireThere()
    log.warn('the box goes back to the version before', { version, why })
    await rauc(['status', 'mark-bad', 'booted'])
    await restart()
  }

  async function requireThere() {
    if (!(await isThere())) throw notHere()
  }

  async function rauc(args: readonly string[], options: RunOptions = {}) {
    try {
      return await run(['rauc', ...args], { env, ...options })
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
      run: async () => ({
        slots: await slotsNow(),
        isOnTrial: trialEndsAtMs !== undefined,
        trialEndsAt: trialEndsAtMs === undefined ? null : new Date(trialEndsAtMs).toISOString(),
      }),
    }),
    'updates/inspect': operation({ input: z.strictObject({}), output: bundle, isRead: true, run: inspect }),
    'updates/install': operation({
      input: z.strictObject({ allowOlder: z.boolean() }),
      output: z.null(),
      async run({ allowOlder }, context) {
        await mkdir(join(dataDir, 'updates'), { recursive: true })
        await install(allowOlder, context)
        return null
      },
    }),
    'updates/confirm': operation({
      input: z.strictObject({}),
      output: z.null(),
      async run() {
        await confirm()
        return null
      },
    }),
    'updates/go-back': operation({
      input: z.strictObject({ why: z.string().max(1000) }),
      output: z.null(),
      async run({ why }) {
        await goBack(why)
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

function notHere(): Failure {
  return new Failure(
    'unavailable',
    'updates/not-here',
    'This Cairn was not flashed as an image, so it is updated in the way it was installed.',
  )
}
