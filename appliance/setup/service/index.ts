import type { Jobs } from '../../jobs/index.ts'
import { BoundedMap } from '../../lib/bounded-map.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import { Failure, failureRecord } from '../../lib/failure.ts'
import type { Progress } from '../../lib/operation.ts'
import { equalSecrets } from '../../lib/secret.ts'
import { planNfs, type Shares } from '../../shares/index.ts'
import type { PoolPlan, Storage } from '../../storage/index.ts'
import type { System } from '../../system/index.ts'
import { isReserved, type Users } from '../../users/index.ts'
import type { SetupDocument, SetupProblem } from '../schema.ts'
import type { SetupStore } from '../store.ts'

declare module '../../lib/events.ts' {
  interface EventMap {
    'setup/claimed': Record<string, never>
  }
}

export interface SetupDeps {
  store: SetupStore
  storage: Storage
  users: Users
  shares: Shares
  system: System
  jobs: Jobs
  events: Events
  clock: Clock
}

export interface SetupService {
  isClaimed(): Promise<boolean>
  claimCode(): Promise<string>
  /** Trades the code for a ticket; a wrong one costs its address a second, and nobody else. */
  unlock(code: string, address: string): Promise<string>
  check(document: SetupDocument): Promise<{ problems: SetupProblem[]; plan: PoolPlan | null }>
  apply(document: SetupDocument): Promise<{ id: string }>
}

// 40 random bits and a second for each wrong try: guessing takes centuries, from a hundred addresses too.
const delayAfterWrongCodeMs = 1_000
const mostAddresses = 10_000
const applying = 'setup/apply'

export function createSetupService(deps: SetupDeps): SetupService {
  const { store, storage, jobs, clock } = deps
  const nextTryAt = new BoundedMap<string, number>(mostAddresses)

  async function check(document: SetupDocument) {
    const problems = [
      ...unusableNames(document),
      ...wrongExports(document),
      ...(await namesInTheWay(storage, document)),
    ]
    const plan = document.pool === null ? null : await planOf(document.pool)
    if (plan instanceof Failure) return { problems: [...problems, problemOf(plan)], plan: null }
    return { problems: [...problems, ...unconfirmed(document, plan)], plan }
  }

  async function planOf(pool: NonNullable<SetupDocument['pool']>): Promise<PoolPlan | null | Failure> {
    if (await isThere(storage, pool.name)) return null
    try {
      return await storage.plan(pool)
    } catch (error) {
      if (error instanceof Failure && error.kind !== 'internal') return error
      throw error
    }
  }

  async function isApplying(): Promise<boolean> {
    return (await jobs.list()).some(({ kind, state }) => kind === applying && state === 'running')
  }

  return {
    isClaimed: store.isClaimed,
    claimCode: store.claimCode,
    async unlock(code, address) {
      if (await store.isClaimed()) throw alreadyClaimed()
      if (clock.now() < (nextTryAt.get(address) ?? 0)) throw tooFast()
      if (!equalSecrets(plain(code), plain(await store.claimCode()))) {
        nextTryAt.set(address, clock.now() + delayAfterWrongCodeMs)
        throw new Failure(
          'forbidden',
          'setup/wrong-code',
          'That is not the code this box shows. Look at its console or at the line it printed when it started.',
        )
      }
      return store.newTicket()
    },
    check,
    async apply(document) {
      if (await store.isClaimed()) throw alreadyClaimed()
      if (await isApplying()) throw alreadyApplying()
      const { problems, plan } = await check(document)
      if (problems[0]) throw refused(problems)
      const job = await jobs.start({
        kind: applying,
        title: 'Setting up this box',
        run: ({ report }) => applyAll(deps, document, plan, report),
      })
      await store.setJobId(job.id)
      return job
    },
  }
}

/** Each step finds what an earlier, interrupted try has left, so that trying again goes on. */
async function applyAll(
  deps: SetupDeps,
  document: SetupDocument,
  plan: PoolPlan | null,
  report: (progress: Progress) => void,
) {
  const { storage, users, shares, system, store, events, clock } = deps
  if (document.hostName) await system.rename(document.hostName)
  if (document.pool && plan) {
    report({ fraction: 0.1, message: 'Creating the pool' })
    await storage.createPool({
      ...document.pool,
      fingerprint: plan.fingerprint,
      confirm: confirmationsOf(plan),
    })
  }
  for (const wanted of document.import) {
    report({ fraction: 0.3, message: 'Taking in the pool' })
    await storage.importPool(wanted)
  }
  report({ fraction: 0.6, message: 'Creating accounts' })
  for (const account of accountsOf(document)) {
    const { name, password, displayName, role } = account
    if (await users.get(name)) {
      await users.setPassword(name, password)
      await users.update(name, { displayName, role })
    } else await users.create(account, { takesHome: true })
  }
  report({ fraction: 0.8, message: 'Creating shares' })
  const there = new Set((await shares.list()).map(share => share.name))
  const pool = document.pool?.name ?? (await storage.pools())[0]?.name
  for (const share of document.shares) {
    const { nfs, ...wanted } = share
    if (there.has(share.name)) await shares.setEveryone(share.name, share.everyone)
    else if (pool) await shares.create({ ...wanted, pool })
    else continue
    if (nfs) await shares.setNfs('shares', share.name, nfs)
  }
  await store.setClaimed(clock.now())
  events.publish('setup/claimed', {})
}

function accountsOf({ admin, users }: SetupDocument) {
  return [{ ...admin, role: 'admin' as const }, ...users].map(account => ({
    ...account,
    displayName: account.displayName ?? account.name,
  }))
}

/** The caller has named these disks under `erase`, which `unconfirmed` has checked. */
function confirmationsOf(plan: PoolPlan): Record<string, string> {
  return Object.fromEntries(plan.confirmations.map(({ serial, type }) => [serial, type]))
}

function unconfirmed(document: SetupDocument, plan: PoolPlan | null): SetupProblem[] {
  const missing = plan?.confirmations.filter(({ serial }) => !document.erase.includes(serial)) ?? []
  return missing.map(({ serial, model, contents }) => ({
    field: 'erase',
    message: `${model} (${serial}) holds ${contents}. Name its serial under "erase" to let it be erased.`,
  }))
}

function unusableNames({ admin, users, shares }: SetupDocument): SetupProblem[] {
  const seen = new Set<string>()
  return [admin, ...users, ...shares].flatMap(({ name }) => {
    const key = name.toLowerCase()
    const isTwice = seen.has(key)
    seen.add(key)
    if (isReserved(name))
      return [{ field: 'name', message: `The name ${name} is reserved. Choose another one.` }]
    if (!isTwice) return []
    return [{ field: 'name', message: `${name} is there twice. Accounts and shares have different names.` }]
  })
}

/** An account cannot have the name of a share that a pool brings, nor a new share that of somebody's home. */
async function namesInTheWay(storage: Storage, document: SetupDocument): Promise<SetupProblem[]> {
  if (document.import.length === 0) return []
  const wanted = new Set(document.import.map(({ uuid }) => uuid))
  const found = (await storage.found()).filter(({ uuid }) => wanted.has(uuid))
  const shares = keysOf(found.flatMap(pool => pool.shares))
  const homes = keysOf(found.flatMap(pool => pool.homes))
  return [
    ...[document.admin, ...document.users]
      .filter(({ name }) => shares.has(keyOf(name)))
      .map(({ name }) => ({
        field: 'name',
        message: `The pool brings a share ${name}. Choose another name.`,
      })),
    ...document.shares
      .filter(({ name }) => homes.has(keyOf(name)))
      .map(({ name }) => ({
        field: 'shares',
        message: `The pool brings the home of ${name}. Choose another name for the share.`,
      })),
  ]
}

const keyOf = (name: string) => name.toLowerCase()
const keysOf = (names: readonly string[]) => new Set(names.map(keyOf))

function wrongExports({ shares }: SetupDocument): SetupProblem[] {
  return shares.flatMap(({ nfs }, index) =>
    nfs ? planNfs(nfs).problems.map(each => ({ ...each, field: `shares.${index}.nfs.${each.field}` })) : [],
  )
}

async function isThere(storage: Storage, name: string): Promise<boolean> {
  return (await storage.pools()).some(pool => pool.name === name)
}

function problemOf(failure: Failure): SetupProblem {
  return { field: 'pool', message: failureRecord(failure).message }
}

function refused(problems: SetupProblem[]): Failure {
  const fields = Object.fromEntries(problems.map(({ field, message }) => [field, message]))
  return new Failure('invalid', 'setup/refused', problems.map(problem => problem.message).join(' '), {
    details: { fields },
  })
}

function plain(code: string): string {
  return code.toUpperCase().replace(/[^A-Z0-9]/g, '')
}

function alreadyClaimed(): Failure {
  return new Failure('conflict', 'setup/claimed', 'This box is set up already. Sign in instead.')
}

function alreadyApplying(): Failure {
  return new Failure(
    'conflict',
    'setup/running',
    'This box is being set up right now. Wait until that has ended.',
  )
}

function tooFast(): Failure {
  return new Failure('throttled', 'setup/too-fast', 'Wait a second before the next try.', {
    details: { retryAfterSeconds: 1 },
  })
}
