import { existsSync } from 'node:fs'
import { systemPath } from '../../lib/run.ts'
import type { SmbStatus } from '../schema.ts'
import type { Places } from './places.ts'

const libraryFolders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib']
const programs = ['smbd', 'smbcontrol', 'smbstatus', 'testparm']

/** Why Samba cannot be used here, or null. */
export function sambaProblem(): SmbStatus['problem'] {
  if (process.getuid?.() !== 0) {
    return {
      code: 'shares/smb-needs-root',
      message: 'Network drives (SMB) need Cairn to be started as root.',
    }
  }
  const missing = missingPackages()
  if (missing.length === 0) return null
  const message = `Network drives (SMB) need programs that are not installed: ${missing.join(', ')}.`
  return { code: 'shares/smb-not-installed', message }
}

/** Debian's names of what is not there. */
function missingPackages(): string[] {
  return [
    ...(programs.every(hasProgram) ? [] : ['samba']),
    ...(findLibrary('samba/vfs/shadow_copy2.so') ? [] : ['samba-vfs-modules']),
    ...(findLibrary('libnss_wrapper.so') ? [] : ['libnss-wrapper']),
  ]
}

/** Lets smbd see our accounts and none of the host's (nss_wrapper(1)). */
export function accountsEnv(places: Pick<Places, 'passwd' | 'group'>): Record<string, string> {
  return {
    LD_PRELOAD: findLibrary('libnss_wrapper.so') ?? '',
    NSS_WRAPPER_PASSWD: places.passwd,
    NSS_WRAPPER_GROUP: places.group,
  }
}

export function hasProgram(name: string): boolean {
  return systemPath.split(':').some(folder => existsSync(`${folder}/${name}`))
}

function findLibrary(name: string): string | undefined {
  return libraryFolders.map(folder => `${folder}/${name}`).find(path => existsSync(path))
}
