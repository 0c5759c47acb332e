import { clientForServer } from '../parse/nfs-client.ts'
import type { ServedExport } from './served-export.ts'

/** Where exports lie as those see them who read this: paths of clients begin below it (nfs.conf(5), `rootdir`). */
export const exportsRoot = '/exports'

/** A line of exports(5), and the number of the export that it belongs to. */
export interface ExportLine {
  number: number
  text: string
}

/** The one folder that lies over every `.cairn`; 0 would be the root of all exports. */
const coverFsid = 1

/** One for each export, and one for what covers its `.cairn`: the kernel looks through a mount that is not exported. */
export function exportLines(exports: readonly ServedExport[], { uid }: { uid: number }): ExportLine[] {
  return exports.flatMap(({ number, pseudo, access, clients, isCovered }) => {
    const lineOf = (path: string, ...options: string[]) => ({
      number,
      text: [escaped(path), `-${optionsOf(uid, options)}`, ...clients.flatMap(clientForServer)].join(' '),
    })
    const own = lineOf(pseudo, access === 'write' ? 'rw' : 'ro')
    return isCovered ? [own, lineOf(`${pseudo}/.cairn`, 'ro', 'nohide', `fsid=${coverFsid}`)] : [own]
  })
}

function optionsOf(uid: number, own: readonly string[]): string {
  return [
    ...own,
    // An answered COMMIT is on the disk.
    'sync',
    'sec=sys',
    // Whoever it is on the client: all files belong to the service account.
    'all_squash',
    `anonuid=${uid}`,
    `anongid=${uid}`,
    // A check by path would make files stale that are renamed while a client has them open (exports(5)).
    'no_subtree_check',
    // Clients of users, and macOS, come from high ports.
    'insecure',
    'no_acl',
  ].join(',')
}

/** exports(5), whole, from what was decided. Who is not named sees not even the name. */
export function renderExports(lines: readonly ExportLine[]): string {
  // At the end: exportfs does not count lines like this one when it says in which something is wrong.
  const about = '# Rendered by Cairn from its settings; changes made here are overwritten.'
  return [...lines.map(({ text }) => text), about, ''].join('\n')
}

/** What the file could take for something else is written in octal, byte by byte. */
function escaped(path: string): string {
  return path.replace(/[^\w./@-]/gu, character =>
    [...new TextEncoder().encode(character)].map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  )
}

/** nfs.conf(5). Version 3, whose MOUNT program listens on `mountPort`, only for clients that cannot do without. */
export function renderNfsConf({ mountPort }: { mountPort: number | null }): string {
  return [
    '# Rendered by Cairn; changes made here are overwritten.',
    '[exports]',
    `rootdir=${exportsRoot}`,
    '[nfsd]',
    'vers2=n',
    `vers3=${mountPort === null ? 'n' : 'y'}`,
    '[mountd]',
    ...(mountPort === null ? [] : [`port=${mountPort}`]),
    '',
  ].join('\n')
}
