import { mark } from '../../image/mark.ts'
import { testIf } from '../helpers/needs.ts'
import { startRauc } from '../helpers/rauc.ts'

const markTest = testIf('rauc', 'busctl')

markTest('the slot that runs is marked, and the other one is left alone', async t => {
  const rauc = await startRauc(t, { booted: 'B' })
  const env = { DBUS_SYSTEM_BUS_ADDRESS: rauc.bus }
  await mark('bad', env)
  t.deepEqual([rauc.stateOf('A'), rauc.stateOf('B')], ['good', 'bad'])
  await mark('good', env)
  t.deepEqual([rauc.stateOf('A'), rauc.stateOf('B')], ['good', 'good'])
})
