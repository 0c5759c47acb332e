/** What a client of the kernel's NFS server has open or locked, from `clients/N/states`: the devices, as `0:34`. */
export function devicesInStates(text: string): string[] {
  const found = [...text.matchAll(/\bsuperblock: "([0-9a-f]+):([0-9a-f]+):\d+"/g)]
  return [...new Set(found.map(([, major = '', minor = '']) => `${decimal(major)}:${decimal(minor)}`))]
}

const decimal = (hex: string) => Number.parseInt(hex, 16)
