/** A tar archive (POSIX.1-1988 ustar) of regular files: no times, no owners, sorted by name. */
import { BadRequest } from '../errors.ts';

const blockSize = 512;

/** The archive's bytes. Names are relative paths up to 100 bytes; else BadRequest is thrown. */
export function tar(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const parts = Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, content]) => entry(name, Buffer.from(content)));
  return Buffer.concat([...parts, Buffer.alloc(2 * blockSize)]);
}

function entry(name: string, content: Buffer): Buffer[] {
  const padding = Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize);
  return [header(name, content.length), content, padding];
}

function header(name: string, size: number): Buffer {
  if (Buffer.byteLength(name) > 100 || name === '' || /^\/|(^|\/)\.\.(\/|$)/.test(name)) {
    throw new BadRequest(`'${name}' cannot be the name of a file in an archive`);
  }
  const block = Buffer.alloc(blockSize);
  block.write(name, 0);
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148);
  return block;
}

function octal(value: number, width: number): string {
  return value.toString(8).padStart(width, '0');
}
