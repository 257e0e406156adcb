import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/** Iterations fixed by the Ansible Vault 1.1 and 1.2 formats. */
const ROUNDS = 10_000;

/** Characters of hex in a line, as Ansible writes them. */
const WIDTH = 80;

/** The password does not fit, or the text was changed: the format cannot tell one from the other. */
export class WrongPassword extends Error {
  constructor() {
    super("wrong vault password, or the vault text was changed");
  }
}

/** True for text that starts with the header of an Ansible Vault. */
export function isVault(text: string): boolean {
  return text.trimStart().startsWith("$ANSIBLE_VAULT;");
}

/**
 * Decrypts Ansible Vault text, format 1.1 or 1.2 (which adds a vault id to the header).
 *
 * The body is the hex of three hex lines: salt, HMAC-SHA256 of the ciphertext, ciphertext. PBKDF2-SHA256 yields 80
 * bytes: 32 for AES-256-CTR, 32 for the HMAC, 16 for the counter.
 * @throws Error saying why, without any plaintext: not a vault, another version, damaged, or a wrong password.
 */
export function decryptVault(text: string, password: string): string {
  const [header = "", ...body] = text.trim().split(/\r?\n/).map((line) => line.trim());
  const [magic, version, cipher] = header.split(";");
  if (magic !== "$ANSIBLE_VAULT") throw new Error("this is not Ansible Vault text: its first line must start with $ANSIBLE_VAULT;");
  if (version !== "1.1" && version !== "1.2") throw new Error(`Ansible Vault format ${version ?? "(none)"} is not supported; 1.1 and 1.2 are`);
  if (cipher !== "AES256") throw new Error(`the Ansible Vault cipher ${cipher ?? "(none)"} is not supported; AES256 is`);

  const [salt, mac, ciphertext] = unhex(body.join("")).toString("ascii").split("\n").map(unhex);
  if (salt === undefined || mac === undefined || ciphertext === undefined) throw damaged();

  const derived = pbkdf2Sync(password, salt, ROUNDS, 80, "sha256");
  const proof = createHmac("sha256", derived.subarray(32, 64)).update(ciphertext).digest();
  if (mac.length !== proof.length || !timingSafeEqual(mac, proof)) throw new WrongPassword();

  const decipher = createDecipheriv("aes-256-ctr", derived.subarray(0, 32), derived.subarray(64));
  return unpad(Buffer.concat([decipher.update(ciphertext), decipher.final()])).toString("utf8");
}

/** The vault id in the header of a vault; undefined in format 1.1, which has none. */
export function vaultIdOf(text: string): string | undefined {
  return /^\s*\$ANSIBLE_VAULT;1\.2;[^;\s]*;(.*)$/m.exec(text)?.[1]?.trim();
}

/**
 * Encrypts text as Ansible Vault does: format 1.2 with an id, 1.1 without. The result ends in a newline.
 * @param id Without one, or `default`, the header names none, as with Ansible.
 */
export function encryptVault(text: string, password: string, id?: string): string {
  const salt = randomBytes(32);
  const derived = pbkdf2Sync(password, salt, ROUNDS, 80, "sha256");
  const cipher = createCipheriv("aes-256-ctr", derived.subarray(0, 32), derived.subarray(64));
  const ciphertext = Buffer.concat([cipher.update(pad(Buffer.from(text))), cipher.final()]);
  const mac = createHmac("sha256", derived.subarray(32, 64)).update(ciphertext).digest("hex");
  const body = Buffer.from([salt.toString("hex"), mac, ciphertext.toString("hex")].join("\n")).toString("hex");
  const header = id === undefined || id === "default" ? "$ANSIBLE_VAULT;1.1;AES256" : `$ANSIBLE_VAULT;1.2;AES256;${id}`;
  return [header, ...(body.match(new RegExp(`.{1,${WIDTH}}`, "g")) ?? []), ""].join("\n");
}

function pad(bytes: Buffer): Buffer {
  const length = 16 - (bytes.length % 16);
  return Buffer.concat([bytes, Buffer.alloc(length, length)]);
}

function unhex(hex: string): Buffer {
  if (hex === "" || hex.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(hex)) throw damaged();
  return Buffer.from(hex, "hex");
}

/** PKCS#7, which counter mode would not need, but the format has. */
function unpad(padded: Buffer): Buffer {
  const length = padded.at(-1) ?? 0;
  if (length < 1 || length > 16 || length > padded.length || padded.subarray(-length).some((byte) => byte !== length)) throw damaged();
  return padded.subarray(0, -length);
}

function damaged(): Error {
  return new Error("the Ansible Vault text is damaged: the body must be lines of hex digits");
}
