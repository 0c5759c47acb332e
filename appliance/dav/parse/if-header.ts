import { badRequest } from '../errors.ts'

export interface Condition {
  isNot: boolean
  token?: string
  /** Without quotes; a weak one never matches. */
  etag?: string
}

export interface ConditionList {
  /** Undefined: the address of the request. */
  resource: string | undefined
  conditions: Condition[]
}

/** RFC 4918, 10.4: lists, each for the request's address or for a tagged one; one true list is enough. */
export function parseIf(header: string): ConditionList[] {
  const lists: ConditionList[] = []
  let rest = header.trim()
  let resource: string | undefined
  while (rest !== '') {
    const tagged = /^<([^<>]*)>\s*/.exec(rest)
    if (tagged) {
      resource = tagged[1]
      rest = rest.slice(tagged[0].length)
    }
    const list = /^\(((?:[^()"<>]|"[^"]*"|<[^<>]*>)*)\)\s*/.exec(rest)
    if (!list) throw badRequest('The If header cannot be read.')
    lists.push({ resource, conditions: parseConditions(list[1] ?? '') })
    rest = rest.slice(list[0].length)
  }
  if (lists.length === 0) throw badRequest('The If header is empty.')
  return lists
}

const condition = /^\s*(not\b)?\s*(?:<([^<>]*)>|\[\s*(W\/)?"([^"]*)"\s*\]|\[([^\]"]*)\])\s*/i

function parseConditions(text: string): Condition[] {
  const conditions: Condition[] = []
  let rest = text
  while (rest.trim() !== '') {
    const found = condition.exec(rest)
    if (!found) throw badRequest('The If header cannot be read.')
    const [all, not, token, weak, etag, bare] = found
    const isNot = not !== undefined
    if (token !== undefined) conditions.push({ isNot, token })
    else conditions.push({ isNot, etag: weak ? '' : (etag ?? bare ?? '') })
    rest = rest.slice(all.length)
  }
  if (conditions.length === 0) throw badRequest('The If header has an empty list.')
  return conditions
}

/** The tokens that the client shows to hold: RFC 4918, 6.4. */
export function submittedTokens(lists: readonly ConditionList[]): Set<string> {
  const all = lists.flatMap(list => list.conditions)
  return new Set(all.flatMap(({ isNot, token }) => (token !== undefined && !isNot ? [token] : [])))
}
