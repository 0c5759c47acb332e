/** What somebody chose to upload: files, and the folders they lie in, by paths below the target. Parents come first. */
export interface Gathered {
  files: { file: File; path: string }[]
  folders: string[]
}

/** From a file input; with `webkitdirectory` each file tells its folder. */
export function gatherChosen(chosen: Iterable<File>): Gathered {
  const files = [...chosen].map(file => ({ file, path: file.webkitRelativePath || file.name }))
  const folders = new Set(files.flatMap(({ path }) => foldersAbove(path)))
  return { files, folders: [...folders] }
}

/** From a drop: walks dropped folders, the empty ones too. Call it in the event itself; the browser forgets soon. */
export async function gatherDropped(transfer: DataTransfer): Promise<Gathered> {
  const dropped = [...transfer.items].map(item => ({
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
  }))
  const gathered: Gathered = { files: [], folders: [] }
  for (const { entry, file } of dropped) {
    if (entry) await walk(entry, '', gathered)
    // What comes from another program's memory is a file without an entry.
    else if (file) gathered.files.push({ file, path: file.name })
  }
  return gathered
}

async function walk(entry: FileSystemEntry, above: string, gathered: Gathered): Promise<void> {
  const path = above + entry.name
  if (isFile(entry)) {
    gathered.files.push({ file: await fileOf(entry), path })
    return
  }
  if (!isFolder(entry)) return
  gathered.folders.push(path)
  for (const child of await childrenOf(entry)) await walk(child, `${path}/`, gathered)
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject))
}

/** `readEntries` gives a hundred at a time and an empty list at the end (File and Directory Entries API 7.3). */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return all
    all.push(...some)
  }
}

function foldersAbove(path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, depth) => names.slice(0, depth + 1).join('/'))
}
