/** Virtual paths: `/` is the top, `/a/b` what is in it. Names may hold anything but a slash. */
export function joinPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function namesIn(path: string): string[] {
  return path.split('/').filter(name => name !== '')
}

/** Whether `path` is `folder` or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`)
}

/** `/a b` is shown at `/files/a%20b`. */
export function pageOf(path: string): string {
  return `/files${namesIn(path)
    .map(name => `/${encodeURIComponent(name)}`)
    .join('')}`
}

export function pathOfPage(pathname: string): string {
  const names = pathname
    .split('/')
    .slice(2)
    .filter(part => part !== '')
  return `/${names.map(decodeName).join('/')}`
}

function decodeName(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    // A typed address with a lone %: taken as it stands, and answered "there is nothing here".
    if (error instanceof URIError) return part
    throw error
  }
}

/** `report.pdf` becomes `report 2.pdf`; the next number that nothing is called by. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  const dot = name.lastIndexOf('.')
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  for (let number = 2; ; number++) {
    const candidate = `${stem} ${number}${extension}`
    if (!isTaken(candidate)) return candidate
  }
}
