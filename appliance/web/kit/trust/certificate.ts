import { queryOptions } from '@tanstack/react-query'
import type { CertificateInfo } from '../../../network/schema.ts'
import { request } from '../api/request.ts'

export type { CertificateInfo }

/** Anybody may ask. Fails where the box serves no HTTPS. */
export const certificateQuery = queryOptions({
  queryKey: ['certificate'],
  queryFn: () => request<CertificateInfo>('GET', '/network/certificate'),
  retry: false,
  staleTime: 60_000,
})

/** Where this very box is over HTTPS, under the name that the browser called it by. */
export function secureOrigin({ port }: Pick<CertificateInfo, 'port'>, hostname: string): string {
  return `https://${hostname}${port === 443 ? '' : `:${port}`}`
}

export const devices = ['windows', 'mac', 'ios', 'android', 'linux', 'firefox'] as const
export type Device = (typeof devices)[number]

/** What somebody reads this with. iPads say that they are Macs, but have several fingers' touch. */
export function deviceOf({
  userAgent,
  maxTouchPoints,
}: Pick<Navigator, 'userAgent' | 'maxTouchPoints'>): Device {
  if (/iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1)) return 'ios'
  if (/Android/.test(userAgent)) return 'android'
  if (/Firefox\//.test(userAgent)) return 'firefox'
  if (/Windows/.test(userAgent)) return 'windows'
  return /Macintosh/.test(userAgent) ? 'mac' : 'linux'
}
