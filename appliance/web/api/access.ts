import { request } from '../kit/api/request.ts'

export function allowPlain(isAllowed: boolean): Promise<void> {
  return request('PUT', '/network/plain', { body: { isAllowed } })
}
