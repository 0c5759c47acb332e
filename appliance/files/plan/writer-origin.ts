import type { Writer } from '../../shares/index.ts'
import type { Origin } from '../schema.ts'

const unknown: Origin = { actor: null, device: null, deviceName: null, address: null, face: 'box' }

/**
 * The origin of a change from outside; undefined for our own processes, whose faces note what they do. An account of the
 * box is no account of Cairn, even where they have the same name: it is a device.
 */
export function originOfWriter(writer: Writer | undefined): Origin | undefined {
  if (!writer) return unknown
  const { face, user, address, machine } = writer
  if (face === 'server') return undefined
  if (face === 'box') return { ...unknown, device: user === null ? null : `box:${user}`, deviceName: user }
  const client = machine ?? address
  const device = client === null ? null : `${face}:${client}`
  return { actor: user, device, deviceName: machine, address, face }
}
