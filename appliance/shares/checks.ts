import type { HealthCheck, HealthIssue } from '../lib/domain.ts'
import type { NfsStatus, SmbStatus } from './schema.ts'

const install = 'Install it: apt install samba samba-vfs-modules libnss-wrapper'

/** Is the network drive served, and has everybody a home? */
export function shareChecks(deps: {
  status(): Promise<SmbStatus>
  nfsStatus(): Promise<NfsStatus>
  homesMissing(): Promise<string[]>
}): HealthCheck[] {
  return [
    async () => smbIssues(await deps.status()),
    async () => nfsIssues(await deps.nfsStatus()),
    async () => (await deps.homesMissing()).map(homeMissing),
  ]
}

function smbIssues({ isRunning, restarts, problem }: SmbStatus): HealthIssue[] {
  if (problem) return [smbIssue(problem.code, problem.message, suggestionsFor(problem.code))]
  if (!isRunning) {
    const detail = `smbd ended ${restarts} times in a row and is being started again. Other ways to the files work.`
    return [smbIssue('shares/smb-down', detail, ['Look at the log below samba/log in the data folder'])]
  }
  return []
}

function smbIssue(code: string, detail: string, suggestions: string[]): HealthIssue {
  return {
    code,
    severity: 'warning',
    title: 'Network drives (SMB) are not up to date or not served',
    detail,
    suggestions: suggestions.map(label => ({ label })),
  }
}

function suggestionsFor(code: string): string[] {
  if (code === 'shares/smb-not-installed') return [install]
  if (code === 'shares/smb-needs-root') return ['Start Cairn as root to serve network drives']
  if (code === 'shares/smb-port-taken') return ['Stop the other program, or choose a port with --smb-port']
  return ['Look at the log of Cairn, then change any share or account to try again']
}

function nfsIssues({
  isWanted,
  isRunning,
  restarts,
  problem,
  unknownNames,
  failed,
}: NfsStatus): HealthIssue[] {
  if (!isWanted) return []
  if (problem) return [nfsIssue(problem.code, problem.message, nfsSuggestions(problem.code))]
  if (!isRunning) {
    const detail = `The NFS server ended ${restarts} times in a row and is being started again. Other ways to the files work.`
    return [nfsIssue('shares/nfs-down', detail, ['Look at the log of Cairn'])]
  }
  const notServed = failed.map(({ name, message }) => ({
    ...nfsIssue('shares/nfs-not-served', `${name} is not exported by NFS: ${message}`, nfsSuggestions('')),
    subject: name,
  }))
  const unknown = unknownNames.map(name => ({
    ...nfsIssue(
      'shares/nfs-unknown-name',
      `Nobody knows the host name ${name}, so it has no access by NFS.`,
      ['Write its address instead, or look at your name server'],
    ),
    subject: name,
    title: `The NFS client ${name} cannot be found`,
  }))
  return [...notServed, ...unknown]
}

function nfsIssue(code: string, detail: string, suggestions: string[]): HealthIssue {
  return {
    code,
    severity: 'warning',
    title: 'NFS exports are not up to date or not served',
    detail,
    suggestions: suggestions.map(label => ({ label })),
  }
}

const other = 'Start Cairn with --nfs-engine auto, which takes nfs-ganesha then'

function nfsSuggestions(code: string): string[] {
  if (code === 'shares/nfs-not-installed') return ['Install it: apt install nfs-ganesha nfs-ganesha-vfs']
  if (code === 'shares/nfs-kernel-not-installed') return ['Install it: apt install nfs-kernel-server', other]
  if (code === 'shares/nfs-kernel-in-use')
    return ['Leave it to Cairn: systemctl disable --now nfs-server', other]
  if (code === 'shares/nfs-no-kernel-server') return [other]
  if (code === 'shares/nfs-needs-root') return ['Start Cairn as root to export by NFS']
  if (code === 'shares/nfs-port-taken') return ['Stop the other program, or choose a port with --nfs-port']
  return ['Look at the log of Cairn, then change any export to try again']
}

function homeMissing(user: string): HealthIssue {
  return {
    code: 'shares/home-missing',
    subject: user,
    severity: 'warning',
    title: `${user} has no home yet`,
    detail: `The home of ${user} could not be created. It is tried again whenever a pool changes, and at start.`,
    suggestions: [{ label: 'Look whether the pool is full or read-only' }],
  }
}
