import { z } from 'zod'
import type { Config } from '../../config.ts'
import { systemClock as clock } from '../../lib/clock.ts'
import type { LetGo } from '../../lib/let-go.ts'
import type { Log } from '../../lib/log.ts'
import { operation } from '../../lib/operation.ts'
import type { Parts } from '../../lib/parts.ts'
import { createTurns } from '../../lib/turns.ts'
import { nfsIntent, nfsStatus, pids, shareName, smbIntent, smbStatus, writer } from '../schema.ts'
import { createApply } from './apply.ts'
import { createNfs, nfsConfOf } from './nfs/index.ts'
import { placesOf, removePlaces } from './places.ts'
import { endSambaOf } from './processes.ts'
import { sambaProblem } from './programs.ts'
import { createSmbSessions } from './smb-sessions.ts'
import { createSmbd } from './smbd.ts'
import { createWriters } from './writers.ts'

const readEveryMs = 60_000
const askNamesEveryMs = 10 * 60_000

/** What root does for shares: the configuration of smbd and of the NFS server, and both beside the agent. */
export function createSharesOperations(deps: { config: Config; log: Log; parts: Parts; letGo: LetGo }) {
  const { config, log, parts, letGo } = deps
  const places = placesOf(config)
  const smbd = createSmbd({ places, log })
  const apply = createApply({ config, places, smbd })
  const sessions = createSmbSessions({ log: places.sessionLog, clock })
  const writersOf = createWriters({
    sessions,
    smbd,
    conf: places.conf,
    nfs: { conf: nfsConfOf(config), port: config.nfs.port },
    clock,
    log,
  })
  const nfs = createNfs({ config, log })
  let reading: NodeJS.Timeout | undefined
  let asking: NodeJS.Timeout | undefined

  const turns = createTurns()
  /** One at a time, in the order they came, whichever server asks. */
  const inTurn = <T>(work: () => Promise<T>) => turns('servers', work)

  async function status() {
    const problem = sambaProblem()
    return problem ? { isRunning: false, restarts: 0, problem } : smbd.status()
  }

  parts.add({
    name: 'smbd',
    async start() {
      // Left by an agent that was killed: it would hold the pools and serve what was decided then.
      if (sambaProblem() === null) await endSambaOf(places.conf)
      sessions.forget()
      // So that the log stays short where nobody asks.
      reading = setInterval(sessions.read, readEveryMs).unref()
    },
    stop: () =>
      inTurn(async () => {
        clearInterval(reading)
        if (smbd.isStarted()) await smbd.stop()
        await removePlaces(config)
      }),
  })

  parts.add({
    name: 'nfs',
    async start() {
      // Left by an agent that was killed.
      await nfs.stop()
      const ask = () =>
        inTurn(nfs.askNames).catch(error => log.warn('NFS clients could not be looked up', { error }))
      asking = setInterval(() => void ask(), askNamesEveryMs).unref()
    },
    stop: () =>
      inTurn(async () => {
        clearInterval(asking)
        await nfs.stop()
      }),
  })
  letGo.add({
    isBusy: nfs.isUsed,
    leave: pool => inTurn(() => nfs.leave(pool)),
    back: pool => inTurn(() => nfs.back(pool)),
  })

  return {
    'shares/apply-nfs': operation({
      input: nfsIntent,
      output: nfsStatus,
      run: wanted =>
        inTurn(async () => {
          await nfs.apply(wanted)
          return nfs.status()
        }),
    }),
    'shares/renew-nfs': operation({
      input: z.strictObject({ name: shareName }),
      output: z.null(),
      run: ({ name }) =>
        inTurn(async () => {
          await nfs.renew(name)
          return null
        }),
    }),
    'shares/nfs-status': operation({
      input: z.object({}),
      output: nfsStatus,
      isRead: true,
      run: nfs.status,
    }),
    'shares/apply-smb': operation({
      input: smbIntent,
      output: smbStatus,
      secret: ['accounts'],
      run: wanted =>
        inTurn(async () => {
          if (sambaProblem() === null) await apply(wanted)
          return status()
        }),
    }),
    'shares/close-smb': operation({
      input: z.strictObject({ share: shareName }),
      output: z.null(),
      run: ({ share }) =>
        inTurn(async () => {
          if (smbd.isStarted()) await smbd.tool(['smbcontrol', 'smbd', 'close-share', share])
          return null
        }),
    }),
    'shares/writers-of': operation({
      input: z.strictObject({ pids }),
      output: z.array(writer),
      isRead: true,
      run: input => writersOf(input.pids),
    }),
    'shares/smb-status': operation({ input: z.object({}), output: smbStatus, isRead: true, run: status }),
  }
}
