/** One export as an engine serves it. */
export interface ServedExport {
  /** Part of every file handle of ganesha: its clients go on after a restart only where it stays. */
  number: number
  /** The mount that is exported. */
  path: string
  /** How clients call it, `/NAME`. */
  pseudo: string
  access: 'read' | 'write'
  /** Addresses and networks, or `*`. */
  clients: readonly string[]
  /** An empty folder lies over its `.cairn`. */
  isCovered: boolean
}
