/** Enough to see what it is about; the whole list is in CHANGELOG.md. */
const mostCharacters = 2000
const mostOfOne = 1000

/** What a version's section of CHANGELOG.md says is new (of what is not released yet, if it has none), one thing each, as plain text. */
export function notesOf(changelog: string, version: string): string[] {
  const number = version.split(/[-+]/)[0] ?? ''
  const sections = changelog.split(/^## /m).slice(1)
  const named = (name: string) =>
    sections.find(section => new RegExp(`^\\[?${name.replaceAll('.', '\\.')}(?![\\w.])`).test(section))
  const notes = itemsOf(named(number) ?? named('Unreleased') ?? '')
  const shown = notes.filter((_, index) => notes.slice(0, index + 1).join('').length <= mostCharacters)
  const more = notes.length - shown.length
  return more > 0 ? [...shown, `And ${more} more, in CHANGELOG.md.`] : shown
}

function itemsOf(section: string): string[] {
  return section
    .split(/^- /m)
    .slice(1)
    .map(item => plain(item.replace(/\n\s*\n.*$/s, '')))
}

/** Without Markdown's signs, on one line. */
function plain(text: string): string {
  const line = text
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .replace(/\s+/g, ' ')
    .trim()
  return line.length > mostOfOne ? `${line.slice(0, mostOfOne - 1)}…` : line
}
