import test from 'ava'
import { parseAddress } from '../../appliance/dav/parse/address.ts'
import { parseDepth, parseModified, parseTarget, parseTimeout } from '../../appliance/dav/parse/headers.ts'
import { parseIf, submittedTokens } from '../../appliance/dav/parse/if-header.ts'
import { parsePropfind } from '../../appliance/dav/parse/propfind.ts'
import { parseXml } from '../../appliance/dav/parse/xml.ts'
import { renderElement } from '../../appliance/dav/render/xml.ts'
import { judgeConditions } from '../../appliance/http/conditions.ts'
import { parseRange } from '../../appliance/http/range.ts'

test('the four mount points lead to the same tree, and only to one’s own', t => {
  const file = (url: string) => {
    const address = parseAddress(url, 'alice')
    return address?.kind === 'file' ? `${address.mount} ${address.path.join('|')}` : address?.kind
  }
  t.is(file('/remote.php/dav/files/alice/a%20b/c'), '/remote.php/dav/files/alice a b|c')
  t.is(file('/dav/files/alice'), '/dav/files/alice ')
  t.is(file('/remote.php/webdav/a?x=1'), '/remote.php/webdav a')
  t.is(file('http://host/webdav/%F0%9F%A6%80/'), '/webdav 🦀')
  t.is(file('/dav/files/bob/a'), 'unknown')
  t.is(file('/dav/'), 'virtual')
  t.is(file('/davx'), undefined)
  for (const url of [
    '/dav/files/alice/..',
    '/webdav/%2e%2e/x',
    '/webdav/a%00',
    '/webdav/%zz',
    '/webdav/%ff',
    '/webdav/a%2fb',
    '/webdav/a#b',
  ]) {
    t.throws(() => parseAddress(url, 'alice'), { name: 'Failure' }, url)
  }
})

test('headers in odd forms are read or refused', t => {
  t.is(parseDepth('Infinity', '0'), 'infinity')
  t.is(parseDepth(undefined, '1'), '1')
  t.throws(() => parseDepth('2', '0'), { name: 'Failure' })
  t.deepEqual(parseTarget('http://User@Host:80/a%20b?x'), { host: 'host:80', path: '/a%20b' })
  t.deepEqual(parseTarget('/a'), { host: undefined, path: '/a' })
  t.throws(() => parseTarget('a'), { name: 'Failure' })
  t.is(parseTimeout('Infinite, Second-4100000000'), 604_800)
  t.is(parseTimeout('Second-10'), 10)
  t.is(parseTimeout('nonsense'), 3600)
  t.is(parseModified('1700000100.55'), 1_700_000_100_000)
  for (const value of ['86400', '-5', '0x10', 'x', '1e99'])
    t.throws(() => parseModified(value), { name: 'Failure' }, value)
})

test('an If header is lists of conditions, tagged or not', t => {
  const lists = parseIf('<http://h/a> (<urn:1> ["x"]) (Not <urn:2>) </b> (["y y"] [W/"z"])')
  t.deepEqual(lists, [
    {
      resource: 'http://h/a',
      conditions: [
        { isNot: false, token: 'urn:1' },
        { isNot: false, etag: 'x' },
      ],
    },
    { resource: 'http://h/a', conditions: [{ isNot: true, token: 'urn:2' }] },
    {
      resource: '/b',
      conditions: [
        { isNot: false, etag: 'y y' },
        { isNot: false, etag: '' },
      ],
    },
  ])
  t.deepEqual([...submittedTokens(lists)], ['urn:1'])
  for (const bad of ['', '()', '(', '<a>', '(x)', '(<a>', '(<a>) x', '(Not)'])
    t.throws(() => parseIf(bad), { name: 'Failure' }, bad)
})

test('ranges follow RFC 9110, and wasteful ones get the whole', t => {
  t.deepEqual(parseRange('bytes=0-3', 10), [{ start: 0, end: 3 }])
  t.deepEqual(parseRange('bytes=-3', 10), [{ start: 7, end: 9 }])
  t.deepEqual(parseRange('bytes=5-', 10), [{ start: 5, end: 9 }])
  t.deepEqual(parseRange('bytes=0-0, 8-99', 10), [
    { start: 0, end: 0 },
    { start: 8, end: 9 },
  ])
  t.deepEqual(parseRange('bytes=10-', 10), [])
  t.deepEqual(parseRange('bytes=-0', 10), [])
  for (const whole of [undefined, 'lines=1-2', 'bytes=3-1', 'bytes=a-b', 'bytes=-', 'bytes=0-9,0-9'])
    t.is(parseRange(whole, 10), undefined)
})

test('preconditions are judged in the order of RFC 9110', t => {
  const current = { etag: 'e', modifiedAtMs: 1_600_000_000_500 }
  const then = new Date(1_600_000_000_000).toUTCString()
  const before = new Date(1_500_000_000_000).toUTCString()
  t.is(judgeConditions({ 'if-match': '"x", "e"' }, current, false), 'go')
  t.is(judgeConditions({ 'if-match': 'W/"e"' }, current, false), 'failed')
  t.is(judgeConditions({ 'if-match': '*' }, undefined, false), 'failed')
  t.is(judgeConditions({ 'if-match': '"e"', 'if-unmodified-since': before }, current, false), 'go')
  t.is(judgeConditions({ 'if-unmodified-since': before }, current, false), 'failed')
  t.is(judgeConditions({ 'if-unmodified-since': then }, current, false), 'go')
  t.is(judgeConditions({ 'if-none-match': 'W/"e"' }, current, true), 'not-modified')
  t.is(judgeConditions({ 'if-none-match': '*' }, current, false), 'failed')
  t.is(judgeConditions({ 'if-none-match': '"x"', 'if-modified-since': then }, current, true), 'go')
  t.is(judgeConditions({ 'if-modified-since': then }, current, true), 'not-modified')
  t.is(judgeConditions({ 'if-modified-since': 'soon' }, current, true), 'go')
})

test('XML without document types, entities or bottomless nesting', t => {
  const bomb = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>'
  const external = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
  for (const bad of [
    bomb,
    external,
    '<a>&x;</a>',
    '<a>',
    '<a></b>',
    '',
    'x',
    '<x:a/>',
    '<a'.repeat(3),
    '<a>'.repeat(100),
    '<a xmlns:b=""/>',
  ]) {
    t.throws(() => parseXml(bad), { name: 'Failure' }, bad.slice(0, 40))
  }
  t.deepEqual(parseXml('<a xmlns="DAV:">&lt;&#x1F980;<![CDATA[&]]></a>').children.join(''), '<🦀&')
})

test('a property’s value comes back with the namespaces that it came with', t => {
  const source =
    '<p:a xmlns:p="urn:p" xmlns:q="urn:q" xml:lang="de" q:x="1&amp;&quot;"><q:b>t &lt; u</q:b><c/></p:a>'
  const rendered = renderElement(parseXml(source))
  t.deepEqual(parseXml(rendered), parseXml(source))
})

test('a PROPFIND asks for one thing', t => {
  const parse = (inner: string) => parsePropfind(parseXml(`<propfind xmlns="DAV:">${inner}</propfind>`))
  t.is(parsePropfind(undefined).kind, 'allprop')
  t.deepEqual(parse('<prop><a/><a/><b xmlns="urn:x"/></prop>'), {
    kind: 'prop',
    names: [
      { namespace: 'DAV:', name: 'a' },
      { namespace: 'urn:x', name: 'b' },
    ],
  })
  t.is(parse('<propname/>').kind, 'propname')
  for (const bad of ['', '<prop/><allprop/>']) t.throws(() => parse(bad), { name: 'Failure' })
})
