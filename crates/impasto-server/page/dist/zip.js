// Zip archives of files that are stored as they are: pictures are compressed already.
// (The format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT)
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let bit = 0; bit < 8; bit++)
        n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n >>> 0;
});
export function crc32(bytes) {
    let crc = 0xffffffff;
    for (const byte of bytes)
        crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff];
    return (crc ^ 0xffffffff) >>> 0;
}
/** The greatest archive without the extension for large ones, less a little for its own fields. */
const MOST = 0xfff00000;
/** Names that are all different: `a.jpg`, `a (2).jpg`. */
export function distinct(names) {
    const used = new Set();
    return names.map(name => {
        const dot = name.lastIndexOf(".");
        const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
        let unique = name;
        for (let i = 2; used.has(unique.toLowerCase()); i++)
            unique = `${stem} (${i})${extension}`;
        used.add(unique.toLowerCase());
        return unique;
    });
}
/** Fields of two and four bytes, little-endian. */
function fields(...values) {
    const view = new DataView(new ArrayBuffer(values.reduce((sum, [bytes]) => sum + bytes, 0)));
    let at = 0;
    for (const [bytes, value] of values) {
        if (bytes === 2)
            view.setUint16(at, value, true);
        else
            view.setUint32(at, value, true);
        at += bytes;
    }
    return new Uint8Array(view.buffer);
}
export async function zip(files, date = new Date()) {
    if (files.reduce((sum, { blob }) => sum + blob.size + 1024, 0) > MOST || files.length > 0xffff) {
        throw new RangeError("more than 4 GB do not fit into one archive");
    }
    const time = date.getHours() << 11 | date.getMinutes() << 5 | date.getSeconds() >> 1;
    const day = Math.max(date.getFullYear() - 1980, 0) << 9 | date.getMonth() + 1 << 5 | date.getDate();
    const names = distinct(files.map(({ name }) => name.replaceAll(/[/\\]/g, "-")));
    const parts = [];
    const directory = [];
    let offset = 0;
    for (const [i, { blob }] of files.entries()) {
        const name = new TextEncoder().encode(names[i]);
        const crc = crc32(new Uint8Array(await blob.arrayBuffer()));
        // Version 2.0; names are UTF-8; stored.
        const common = [[2, 20], [2, 0x800], [2, 0], [2, time], [2, day], [4, crc], [4, blob.size], [4, blob.size], [2, name.length], [2, 0]];
        const head = fields([4, 0x04034b50], ...common);
        parts.push(head, name, blob);
        directory.push(fields([4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name);
        offset += head.length + name.length + blob.size;
    }
    const size = directory.reduce((sum, part) => sum + part.length, 0);
    const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]);
    return new Blob([...parts, ...directory, end], { type: "application/zip" });
}
