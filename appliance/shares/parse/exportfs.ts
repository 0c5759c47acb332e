/** What exportfs(8) says of one export, known by its line in the file or by its path. */
export interface ExportComplaint {
  line: number | null
  /** As the server sees it, below its `rootdir`. */
  path: string | null
  message: string
}

const ofLine = /^exportfs: \S+:(\d+): (.+)$/
const ofPath =
  /^exportfs: (?:Failed to stat )?(\/.*?)(?:: (.+)| (does not support NFS export|requires fsid= .*))$/

/** The errors in what it writes; it goes on with the others after each. */
export function parseExportfs(stderr: string): ExportComplaint[] {
  return stderr.split('\n').flatMap((text): ExportComplaint[] => {
    const [, line, said] = ofLine.exec(text) ?? []
    if (line !== undefined) return [{ line: Number(line), path: null, message: said ?? text }]
    const [, path, reason, verdict] = ofPath.exec(text) ?? []
    return path === undefined ? [] : [{ line: null, path, message: reason ?? verdict ?? text }]
  })
}
