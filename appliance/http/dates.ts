let lastSecond = Number.NaN
let lastText = ''

/** An HTTP date. Many files of one folder have the same one. */
export function httpDate(ms: number): string {
  const second = Math.floor(ms / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastText = new Date(second * 1000).toUTCString()
  }
  return lastText
}
