import { password, startDav } from '../dav/harness.ts'
import { passesLitmus } from '../helpers/litmus.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

for (const place of ['/dav/files/alice/shared/', '/webdav/']) {
  testIf('litmus')(`litmus passes every test of every suite without a warning at ${place}`, async t => {
    const dav = await startDav(t, await tempFolder(t))
    await passesLitmus(t, dav.origin + place, { name: 'alice', password })
    t.deepEqual(dav.logged, [])
  })
}
