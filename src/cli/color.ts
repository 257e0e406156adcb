/** Whether a stream gets colours: NO_COLOR and FORCE_COLOR win over what the stream is. */
export function wantsColor(stream: { readonly isTTY?: boolean }): boolean {
  if (process.env["NO_COLOR"]) return false;
  const force = process.env["FORCE_COLOR"];
  if (force !== undefined && force !== "0" && force !== "false") return true;
  return stream.isTTY === true && process.env["TERM"] !== "dumb";
}
