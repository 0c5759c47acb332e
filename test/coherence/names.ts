import type { Random } from '../helpers/random.ts'

/**
 * Few names, so that the faces meet. The first ones are such as every face can say; the others only WebDAV and a shell.
 */
const folders = ['a', 'b', 'Ordner', 'übung', 'new\nline', '📁 x']
const files = ['one', 'two.txt', 'three.docx', 'naïve.md', '💾.bin', 'line\nbreak', "quo'te & <b>", 'a%2Fb?#']
const plainFolders = folders.slice(0, 4)
const plainFiles = files.slice(0, 4)

export interface Names {
  /** A place for a folder, up to three deep, below one of the volumes. */
  folder(): string
  file(): string
  /** For SMB: the share and the path in it, without what Windows cannot say. */
  plain(kind: 'file' | 'folder'): { share: string; path: string }
  content(): Buffer
}

/** Where everybody may do anything: as a client of WebDAV calls it. The home is the top of the tree. */
export const chaosTops = ['shared/chaos', 'other/chaos', 'chaos'] as const

export function createNames(random: Random): Names {
  const depth = () => random.pick([0, 1, 1, 1, 2, 2, 3])
  const below = (choices: readonly string[], levels: number) =>
    Array.from({ length: levels }, () => random.pick(choices))
  const folder = () => [random.pick(chaosTops), ...below(folders, 1 + depth())].join('/')
  return {
    folder,
    file: () => [random.pick(chaosTops), ...below(folders, depth()), random.pick(files)].join('/'),
    plain(kind) {
      const share = random.pick(['shared', 'other'])
      const last = kind === 'file' ? [random.pick(plainFiles)] : [random.pick(plainFolders)]
      return { share, path: ['chaos', ...below(plainFolders, depth()), ...last].join('/') }
    },
    /** Few sizes, so that content changes and the size stays. */
    content() {
      const size = random.pick([0, 7, 7, 100, 100, 5000])
      return Buffer.from(Array.from({ length: size }, () => 97 + random.below(26)))
    },
  }
}
