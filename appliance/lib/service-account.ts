/** The fixed uid and gid of the service account, to which all that people store belongs: pools travel between boxes. */
export const serviceUid = 2770
