import { readFile, writeFile } from 'node:fs/promises'

/** Points GRUB's first sector and its core at each other, where genimage.cfg puts them (grub-core/boot/i386/pc). */
const [mbrPath = '', corePath = ''] = process.argv.slice(2)
const coreSector = 2048n
// boot.S: GRUB_BOOT_MACHINE_KERNEL_SECTOR; GRUB_BOOT_MACHINE_DRIVE_CHECK, a jump that is replaced by two NOPs so that
// the drive is taken that the BIOS names.
const kernelSectorAt = 0x5c
const driveCheckAt = 0x66
/** Behind it lies the partition table. */
const codeBytes = 440
// diskboot.S: the last 12 bytes of the core's first sector say where its second one starts.
const blockListAt = 0x1f4

const mbr = (await readFile(mbrPath)).subarray(0, codeBytes)
mbr.writeBigUInt64LE(coreSector, kernelSectorAt)
mbr.fill(0x90, driveCheckAt, driveCheckAt + 2)
await writeFile(mbrPath, mbr)

const core = await readFile(corePath)
core.writeBigUInt64LE(coreSector + 1n, blockListAt)
await writeFile(corePath, core)
