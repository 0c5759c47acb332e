import ipaddr from 'ipaddr.js'
import type { Permitted } from './plan.ts'
import type { CertificateNames } from './schema.ts'

/** For `openssl req` (config(5), x509v3_config(5)). */
export function renderAuthority(title: string, { domains, networks }: Permitted): string {
  return `[req]
prompt = no
utf8 = yes
string_mask = utf8only
distinguished_name = subject
x509_extensions = authority
[subject]
CN = ${title}
O = Cairn
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical, @permitted
[permitted]
${domains.map((domain, index) => `permitted;DNS.${index} = ${domain}`).join('\n')}
${networks.map((network, index) => `permitted;IP.${index} = ${withMask(network)}`).join('\n')}
`
}

/** For `openssl req` and `openssl x509 -extfile`. */
export function renderServer({ names, addresses }: CertificateNames): string {
  return `[req]
prompt = no
distinguished_name = subject
[subject]
CN = ${names[0] ?? 'cairn'}
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = @names
[names]
${names.map((name, index) => `DNS.${index} = ${name}`).join('\n')}
${addresses.map((address, index) => `IP.${index} = ${address}`).join('\n')}
`
}

/** `10.0.0.0/255.0.0.0`: openssl knows no prefix lengths. */
function withMask(network: string): string {
  const [address, bits] = ipaddr.parseCIDR(network)
  const mask =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.subnetMaskFromPrefixLength(bits)
      : ipaddr.IPv6.subnetMaskFromPrefixLength(bits)
  return `${address.toNormalizedString()}/${mask.toNormalizedString()}`
}
