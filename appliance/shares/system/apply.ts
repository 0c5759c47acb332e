import { rm, writeFile } from 'node:fs/promises'
import type { Config } from '../../config.ts'
import { Failure } from '../../lib/failure.ts'
import { run } from '../../lib/run.ts'
import { serviceUid } from '../../lib/service-account.ts'
import { parseSmbStatus } from '../parse/smbstatus.ts'
import { testparmProblem } from '../parse/testparm.ts'
import { type Revoked, revokedBetween } from '../plan/revoked.ts'
import { renderGroup, renderPasswd, renderSmbPasswd } from '../render/accounts.ts'
import { renderSmbConf } from '../render/smb-conf.ts'
import type { SmbIntent } from '../schema.ts'
import { isFolder, makePlaces, type Places, writeIfChanged } from './places.ts'
import type { Smbd } from './smbd.ts'

/** Brings files and smbd in line with the intent: written if changed, checked before, reloaded only if written. */
export function createApply(deps: { config: Config; places: Places; smbd: Smbd }) {
  const { config, places, smbd } = deps
  let applied: SmbIntent | undefined

  async function write(intent: SmbIntent): Promise<boolean> {
    const conf = renderSmbConf(intent, places)
    await writeIfChanged(places.passwd, renderPasswd(intent.accounts, serviceUid), 0o644)
    await writeIfChanged(places.group, renderGroup(serviceUid), 0o644)
    await writeIfChanged(places.smbpasswd, renderSmbPasswd(intent.accounts), 0o600)
    await check(conf)
    return writeIfChanged(places.conf, conf, 0o600)
  }

  /** testparm exits 0 on unknown parameters: what it says counts. What it refuses never becomes the configuration. */
  async function check(conf: string) {
    const trial = `${places.conf}.trial`
    await writeFile(trial, conf, { mode: 0o600 })
    const { stderr } = await run(['testparm', '-s', trial], { expected: [1] })
    await rm(trial)
    const problem = testparmProblem(stderr, conf)
    if (problem !== undefined) throw refused(problem)
  }

  async function cut(revoked: Revoked) {
    if (revoked.connections.length === 0 && revoked.users.length === 0) return
    const { stdout } = await smbd.tool(['smbstatus', '--json'])
    const { sessions, trees } = parseSmbStatus(stdout)
    for (const { user, pid } of sessions) {
      if (revoked.users.includes(user)) await smbd.tell(pid, 'shutdown')
    }
    for (const { share, user, pid } of trees) {
      const isRevoked = revoked.connections.some(
        lost => lost.share.toLowerCase() === share.toLowerCase() && lost.users.includes(user),
      )
      if (isRevoked && !revoked.users.includes(user)) await closeShare(pid, share)
    }
  }

  /** Reloads first, or the client would be let in again by what this process still knows. */
  async function closeShare(pid: number, share: string) {
    await smbd.tell(pid, 'reload-config')
    await smbd.tell(pid, 'close-share', share)
  }

  return async (wanted: SmbIntent): Promise<void> => {
    await makePlaces(config)
    const intent = await withWhatIsThere(wanted, places.poolsDir)
    const hasChanged = await write(intent)
    if (!smbd.isStarted()) await smbd.start()
    else if (hasChanged) await smbd.reload()
    const before = applied
    applied = intent
    if (before) await cut(revokedBetween(before, intent))
  }
}

/** An export whose folder is not there is not available, whatever was said: its mount point would look empty. */
async function withWhatIsThere(intent: SmbIntent, poolsDir: string): Promise<SmbIntent> {
  const exports = intent.exports.map(async each => {
    const isThere = each.isAvailable && (await isFolder(`${poolsDir}/${each.pool}/${each.kind}/${each.name}`))
    return { ...each, isAvailable: isThere }
  })
  return { ...intent, exports: await Promise.all(exports) }
}

function refused(problem: string): Failure {
  return new Failure('conflict', 'shares/smb-refused', `Samba refuses its new configuration: ${problem}`)
}
