import test from 'ava'
import { checkName, parsePath } from '../../appliance/files/parse/names.ts'
import { realHomeName, shownHomeName } from '../../appliance/files/plan/home-names.ts'

test('a path is its names, and the root has none', t => {
  t.deepEqual(parsePath('/'), [])
  t.deepEqual(parsePath(''), [])
  t.deepEqual(parsePath('/a/b c/'), ['a', 'b c'])
})

test('names that no file can have are refused with a clear failure', t => {
  for (const name of ['', '.', '..', 'a/b', 'a\0b', '\ud800', 'ä'.repeat(128)]) {
    t.throws(() => checkName(name), { name: 'Failure' }, JSON.stringify(name))
  }
  t.is(checkName('a'.repeat(255)).length, 255)
  t.is(checkName('🦀?#\\%'), '🦀?#\\%')
})

test('a home entry that is called like a share shows beside it, and the way back is the same', t => {
  const isShare = (name: string) => name === 'media'
  for (const name of ['media', 'media (home)', 'media (home) (home)', 'other', 'other (home)', 'Media']) {
    const shown = shownHomeName(name, isShare)
    t.false(isShare(shown))
    t.is(realHomeName(shown, isShare), name)
  }
  t.is(shownHomeName('media', isShare), 'media (home)')
  t.is(shownHomeName('other (home)', isShare), 'other (home)')
})
