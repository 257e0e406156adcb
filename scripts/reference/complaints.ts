/** What is missing in the sources; each stops the generator, so that the reference cannot rot. */
export class Complaints {
  readonly #lines: string[] = [];

  add(file: string, line: number, message: string): void {
    this.#lines.push(`${file}:${line}: ${message}`);
  }

  get lines(): readonly string[] {
    return [...new Set(this.#lines)];
  }
}
